/** The one list of resolutions: in the library before a film, under the picture while it is on. */
import { type Height, height as heightSchema } from "@loge/protocol/control";
import type { PanelProps } from "./room-screen.tsx";
import { resolutions } from "./view.ts";

export function Resolution({ room, view, t }: PanelProps) {
  const { options, value } = resolutions(view);
  const word = (height: Height): string => (height === "source" ? t.source : t.lines(height));
  const choose = (text: string): void => {
    const parsed = heightSchema.safeParse(text === "source" ? text : Number(text));
    if (parsed.success) void room.height(parsed.data);
  };
  return (
    <label className="field">
      <span className="field-label">{t.resolution}</span>
      <select value={String(value)} onChange={(event) => choose(event.target.value)}>
        {options.map((option) => (
          <option key={option} value={String(option)}>
            {word(option)}
          </option>
        ))}
      </select>
    </label>
  );
}
