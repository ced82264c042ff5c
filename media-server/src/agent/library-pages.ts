/** The library as viewers see it. */
import type { ControlEvent, Height, LibraryPage, TitleInfo } from "@loge/protocol/control";
import type { LibraryState } from "../library/library.ts";
import type { Title } from "../library/title.ts";
import { heightsOf } from "../viewer/choose.ts";

const USUAL_LINES = 720;

/** `affordable`: the highest height the encode budget allows up to the one given. */
export function titleInfo(title: Title, affordable: (upTo: number) => number): TitleInfo {
  const heights = title.refusal ? [] : heightsOf(title);
  const limit = affordable(USUAL_LINES);
  const fitting = heights.filter((h): h is Exclude<Height, "source"> => h !== "source" && h <= limit);
  return {
    title: title.id,
    name: title.name,
    durationMs: Math.max(0, title.durationMs),
    width: title.video?.width ?? 0,
    lines: title.video?.height ?? 0,
    heights: [...heights],
    // where even the lowest would be too much, the lowest is the least harm
    usual: fitting[0] ?? heights.at(-1) ?? "source",
    sound: title.audio !== undefined,
    ...(title.refusal
      ? { problem: { code: title.refusal.code, detail: title.refusal.reason.slice(0, 300) } }
      : {}),
  };
}

export function libraryPage(
  titles: readonly Title[],
  version: number,
  offset: number,
  limit: number,
  affordable: (upTo: number) => number,
): LibraryPage {
  return {
    version,
    total: titles.length,
    titles: titles.slice(offset, offset + limit).map((t) => titleInfo(t, affordable)),
  };
}

/** First word after the gate and after every change; says why where there is nothing to show. */
export function libraryEvent(titles: number, version: number, state: LibraryState): ControlEvent {
  const problem =
    state.kind === "empty" || state.kind === "missing"
      ? { code: state.code, detail: state.folder.slice(-300) }
      : undefined;
  return { type: "library", version, titles, ...(problem ? { problem } : {}) };
}
