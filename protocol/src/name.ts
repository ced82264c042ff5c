/** Names people choose: what may be shown, and when two names look the same (security.md §4). */
import { LIMITS } from "./brands.ts";
import { Refusal } from "./errors.ts";

// letters, marks, digits, space and . ' _ - ; nothing that reorders, hides or breaks a line; emoji are welcome
const ALLOWED = /^(?:[\p{L}\p{M}\p{Nd} .'’_\-\p{Extended_Pictographic}]|\p{Emoji_Modifier}|\u200d|\ufe0f)+$/u;

const graphemes = (text: string): number => {
  let count = 0;
  for (const _ of new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text)) count++;
  return count;
};

/**
 * The name as it is shown: NFKC, trimmed, single spaces.
 * Throws Refusal NAME_EMPTY, NAME_TOO_LONG or NAME_BAD_CHARACTERS.
 */
export function cleanName(raw: string): string {
  if (raw.length > 4 * LIMITS.nameBytes) throw new Refusal("NAME_TOO_LONG");
  // line breaks and tabs are refused, not folded: a name that needs folding was not typed by a person
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(raw)) throw new Refusal("NAME_BAD_CHARACTERS");
  const name = raw.normalize("NFKC").trim().replaceAll(/ +/g, " ");
  if (name === "") throw new Refusal("NAME_EMPTY");
  if (graphemes(name) > LIMITS.nameGraphemes || new TextEncoder().encode(name).length > LIMITS.nameBytes)
    throw new Refusal("NAME_TOO_LONG");
  if (!ALLOWED.test(name) || /\p{M}{3,}/u.test(name)) throw new Refusal("NAME_BAD_CHARACTERS");
  return name;
}

/** Two names with one fold are the same name in a room. */
export const foldName = (name: string): string => name.normalize("NFKC").toLowerCase().normalize("NFKC");
