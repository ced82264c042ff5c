/**
 * Questions that a command asks when it was typed without its parts.
 *
 * Where input is not a terminal, all answers are taken before anything is judged: an answer left over would become a line
 * to everyone.
 */
import type { Height } from "@loge/protocol/control";
import { heightOf, parseHeight } from "./commands.ts";
import { findMember, splitReceiver } from "./lookup.ts";
import type { Screen } from "./screen.ts";

/** A line put together from answers that did not go through, as it would have been typed at once. */
export class Unsent extends Error {
  override readonly name = "Unsent";
  readonly line: string;
  constructor(line: string, cause: unknown) {
    super(line, { cause });
    this.line = line;
  }
}

interface Named {
  readonly name: string;
}
type Asks = Pick<Screen, "isTty" | "read" | "error" | "restore">;

/** Receiver and text; an empty text means that nobody wants it any more. Throws where no receiver can be made out. */
export async function askEncrypt(
  screen: Asks,
  others: readonly Named[],
  quoted: string | undefined,
  rest: string,
): Promise<{ readonly receiver: string; readonly text: string }> {
  const askText = async (): Promise<string> => (await screen.read("Message: ")) ?? "";
  if (quoted !== undefined) return { receiver: quoted, text: rest === "" ? await askText() : rest };
  if (rest === "") {
    const receiver = await askReceiver(screen, others);
    return receiver === undefined ? { receiver: "", text: "" } : { receiver, text: await askText() };
  }
  try {
    const { member, text } = splitReceiver(others, rest);
    return { receiver: member.name, text: text === "" ? await askText() : text };
  } catch (thrown) {
    if (!screen.isTty && !/\s/.test(rest)) await askText();
    throw thrown;
  }
}

async function askReceiver(screen: Asks, others: readonly Named[]): Promise<string | undefined> {
  for (;;) {
    const typed = await screen.read("Receiver: ");
    if (!screen.isTty) return typed;
    if (typed === undefined || typed.trim() === "") return undefined;
    try {
      return findMember(others, typed).name;
    } catch (thrown) {
      screen.error(thrown);
      screen.restore(typed);
    }
  }
}

export interface VideoWish {
  readonly title: string;
  readonly height: Height | undefined;
  readonly whole: string;
}

/** Lists, then asks; undefined where nothing was chosen. Throws what listing threw, or Unsent for a bad resolution. */
export async function askVideo(screen: Asks, list: () => Promise<void>): Promise<VideoWish | undefined> {
  let trouble: { readonly thrown: unknown } | undefined;
  try {
    await list();
  } catch (thrown) {
    if (screen.isTty) throw thrown;
    trouble = { thrown };
  }
  const title = ((await screen.read("Title: ")) ?? "").trim();
  if (screen.isTty && title === "") return undefined;
  const typed = ((await screen.read("Resolution: ")) ?? "").trim();
  if (trouble) throw trouble.thrown;
  if (title === "") return undefined;
  try {
    return {
      title,
      height: heightOf(typed) ?? (typed === "" ? undefined : parseHeight(typed)),
      whole: title,
    };
  } catch (thrown) {
    throw new Unsent(`video "${title}"`, thrown);
  }
}
