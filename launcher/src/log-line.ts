/** What the parts log (pino's JSON lines) as lines for a person. Pure. */

const LEVELS: Readonly<Record<number, string>> = { 40: "warning: ", 50: "error: ", 60: "error: " };
const HIDDEN = new Set(["level", "time", "pid", "hostname", "name", "msg", "v"]);

const short = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value)) ?? "";

/** Undefined for what is only of interest while searching an error (debug). */
export function formatLogLine(part: string, line: string): string | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return `${part}  ${line}`;
  }
  if (typeof entry !== "object" || entry === null || !("msg" in entry)) return `${part}  ${line}`;
  const level = "level" in entry && typeof entry.level === "number" ? entry.level : 30;
  if (level < 30) return undefined;
  const facts = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${short(value)}`);
  return [`${part}  ${LEVELS[level] ?? ""}${short(entry.msg)}`, ...facts].join("  ");
}
