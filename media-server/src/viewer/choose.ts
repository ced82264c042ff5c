/** Which rendition a viewer gets for the height asked: pure. */
import { HEIGHTS, type Height } from "@loge/protocol/control";
import { Refusal } from "@loge/protocol/errors";
import type { Rendition, VideoCodec } from "../gop/frame.ts";
import type { Title } from "../library/title.ts";

/** The heights a title is offered in: Source, then every usual one not above it. */
export const heightsOf = (title: Title): readonly Height[] =>
  title.video ? ["source", ...HEIGHTS.filter((h) => h <= (title.video?.height ?? 0))] : [];

/**
 * Source goes out untouched where the file allows it and the viewer has its codec; all else is encoded as H.264, or as VP8
 * for a viewer without it. Throws NOT_PLAYABLE, NO_SUCH_RENDITION, NO_COMMON_CODEC.
 */
export function chooseRendition(title: Title, asked: Height, codecs: readonly VideoCodec[]): Rendition {
  if (title.refusal) throw new Refusal(title.refusal.code, title.refusal.reason);
  if (!title.video) throw new Refusal("NOT_PLAYABLE", "no picture");
  if (!heightsOf(title).includes(asked)) throw new Refusal("NO_SUCH_RENDITION", String(asked));
  const grid = title.video.passthrough;
  if (asked === "source" && grid && codecs.includes(grid.codec))
    return { kind: "video", codec: grid.codec, height: "source", copy: true };
  const codec = codecs.includes("h264") ? "h264" : codecs.includes("vp8") ? "vp8" : undefined;
  if (!codec) throw new Refusal("NO_COMMON_CODEC");
  return { kind: "video", codec, height: asked, copy: false };
}
