/** The escape sequences of a terminal that is divided: a film above, talk below. Pure. */

/** Rows that stay for messages and the line of input. */
const TALK_ROWS = 8;

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export const stageRows = (size: TerminalSize): number => Math.max(2, size.rows - TALK_ROWS);
/** Lines of talk that fit below, beside the line of input. */
export const talkLines = (size: TerminalSize): number => Math.max(0, size.rows - stageRows(size) - 1);

const at = (row: number, column: number): string => `\x1b[${row};${column}H`;

/** What stood there scrolls away; only the rows below the stage scroll from now on. */
export const divide = (size: TerminalSize): string =>
  `${at(size.rows, 1)}${"\n".repeat(size.rows)}\x1b[${stageRows(size) + 1};${size.rows}r${at(size.rows, 1)}`;

/** The whole terminal again, empty. */
export const unite = "\x1b[r\x1b[2J\x1b[H";

export const wipe = (size: TerminalSize): string => {
  let out = "\x1b7";
  for (let row = 1; row <= stageRows(size); row++) out += `${at(row, 1)}\x1b[2K`;
  return `${out}\x1b8`;
};

/** Lines `width` cells wide in the middle of the stage, drawn in one go; the cursor stays where it was. */
export function drawing(lines: readonly string[], width: number, size: TerminalSize): string {
  const left = Math.max(0, Math.floor((size.columns - width) / 2));
  const top = Math.max(0, Math.floor((stageRows(size) - lines.length) / 2));
  let out = "\x1b[?2026h\x1b7";
  for (const [index, line] of lines.entries()) out += `${at(top + index + 1, left + 1)}${line}`;
  return `${out}\x1b8\x1b[?2026l`;
}
