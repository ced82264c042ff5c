/** The few signs of the control bar and the list of people, drawn here so that nothing is fetched for them. */
const PATHS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z",
  sound: "M4 9.5v5h3.5L12 19V5L7.5 9.5zM15 8.2a5 5 0 0 1 0 7.6M17.6 5.6a8.7 8.7 0 0 1 0 12.8",
  silent: "M4 9.5v5h3.5L12 19V5L7.5 9.5zM15.5 9.5l5 5M20.5 9.5l-5 5",
  key: "M8 11.5a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM10.9 12.6 19.5 4M15.6 7.9l3 3",
  full: "M5 9.5V5h4.5M14.5 5H19v4.5M19 14.5V19h-4.5M9.5 19H5v-4.5",
  small: "M9.5 5v4.5H5M19 9.5h-4.5V5M14.5 19v-4.5H19M5 14.5h4.5V19",
} as const;

export function Glyph({ name }: { readonly name: keyof typeof PATHS }) {
  const isSolid = name === "play" || name === "pause";
  return (
    <svg
      className={isSolid ? "glyph solid" : "glyph"}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
