/** Whom and what a typed name means. Pure. */
import { foldName } from "@loge/protocol/card";
import type { Height, ScreeningInfo, TitleInfo } from "@loge/protocol/control";
import { Refusal, type WireError } from "@loge/protocol/errors";
import { Complaint, heightList, heightName, printable, wireErrorLines } from "./words.ts";

interface Named {
  readonly name: string;
}

/** The one with this name, in any case. Throws NO_SUCH_MEMBER. */
export function findMember<M extends Named>(members: Iterable<M>, name: string): M {
  for (const member of members) if (foldName(member.name) === foldName(name.trim())) return member;
  throw new Refusal("NO_SUCH_MEMBER", name.trim().slice(0, 64));
}

/**
 * Receiver and text of `encrypt NAME text`: the name may hold spaces without quotes as long as only one fits.
 * `text` is empty where only a name was typed. Throws NO_SUCH_MEMBER or a Complaint.
 */
export function splitReceiver<M extends Named>(
  members: Iterable<M>,
  rest: string,
): { member: M; text: string } {
  const fits: M[] = [];
  for (const member of members) {
    const start = rest.slice(0, member.name.length);
    const next = rest.charAt(member.name.length);
    if (foldName(start) === foldName(member.name) && (next === "" || /\s/.test(next))) fits.push(member);
  }
  const [member] = fits;
  if (member === undefined) throw new Refusal("NO_SUCH_MEMBER", rest.split(/\s/)[0]?.slice(0, 64));
  if (fits.length > 1) {
    const names = fits.map((fit) => `"${fit.name}"`).join(" or ");
    throw new Complaint(
      "more than one person could be meant, so nothing was sent",
      `Put the name in quotes: ${names}`,
    );
  }
  return { member, text: rest.slice(member.name.length).trim() };
}

/** By exact name, by name in any case, by number of the list, by a beginning that only one has. Throws a Complaint. */
export function findTitle(titles: readonly TitleInfo[], typed: string): TitleInfo {
  const text = typed.trim();
  const lower = text.toLowerCase();
  const numbered = /^\d+$/.test(text) ? titles[Number(text) - 1] : undefined;
  const begins = titles.filter((title) => title.name.toLowerCase().startsWith(lower));
  const found =
    titles.find((title) => title.name === text) ??
    titles.find((title) => title.name.toLowerCase() === lower) ??
    numbered ??
    (begins.length === 1 && text !== "" ? begins[0] : undefined);
  if (found) return playable(found);
  if (begins.length > 1 && text !== "") {
    throw new Complaint(
      `${begins.length} titles begin with ${text}`,
      "Type more of it, or its number: video lists them.",
    );
  }
  throw new Complaint(
    `there is no title ${text === "" ? "without a name" : printable(text)}`,
    "video lists the titles; a number is enough.",
  );
}

function playable(title: TitleInfo): TitleInfo {
  if (!title.problem) return title;
  const { what, hint } = wireErrorLines(title.problem);
  throw new Complaint(`${printable(title.name)} cannot be played: ${what}`, hint);
}

/** Title and resolution of `video …` without quotes: the whole may be a title that ends in a number. */
export function findVideo(
  titles: readonly TitleInfo[],
  typed: { readonly title: string; readonly height: Height | undefined; readonly whole: string },
): { title: TitleInfo; height: Height | undefined } {
  const whole = titles.find((title) => title.name.toLowerCase() === typed.whole.toLowerCase());
  if (whole)
    return { title: playable(whole), height: typed.whole === typed.title ? typed.height : undefined };
  return { title: findTitle(titles, typed.title), height: typed.height };
}

/** The height to ask for: the wanted one where the title has it, its usual one where nothing was wanted. Throws a Complaint. */
export function chooseHeight(title: TitleInfo, wanted: Height | undefined): Height {
  if (wanted === undefined) return title.usual;
  if (title.heights.includes(wanted)) return wanted;
  throw new Complaint(
    `${printable(title.name)} is not offered in ${heightName(wanted)}`,
    `Choose one of: ${heightList(title.heights)}.`,
  );
}

export const screeningOf = (screenings: readonly ScreeningInfo[], sid: string): ScreeningInfo | undefined =>
  screenings.find((screening) => screening.viewers.includes(sid));

/** A refusal whose fact is a member's address, as a person can read it. */
export function withName(
  error: Pick<WireError, "code" | "detail">,
  nameOf: (sid: string) => string | undefined,
): Refusal {
  const { code, detail } = error;
  return new Refusal(code, detail === undefined ? undefined : (nameOf(detail) ?? detail));
}
