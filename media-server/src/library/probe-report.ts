// What ffprobe says, parsed strictly, and what it means for a title. Pure.

import { z } from "zod";
import { displaySize } from "../encode/size.ts";

const numberText = z.string().transform(Number).pipe(z.number());

const Stream = z.object({
  index: z.int().nonnegative(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  pix_fmt: z.string().optional(),
  sample_aspect_ratio: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  r_frame_rate: z.string().optional(),
  field_order: z.string().optional(),
  channels: z.int().optional(),
  disposition: z.object({ attached_pic: z.int().optional() }).optional(),
  tags: z.object({ rotate: numberText.optional().catch(undefined) }).optional(),
  side_data_list: z
    .array(z.object({ rotation: z.number().optional() }))
    .optional()
    .catch(undefined),
});
type Stream = z.infer<typeof Stream>;

const Report = z.object({
  streams: z.array(Stream).max(256),
  format: z.object({
    format_name: z.string().optional(),
    start_time: numberText.optional().catch(undefined),
    duration: numberText.optional().catch(undefined),
  }),
});

export const PROBE_ENTRIES =
  "stream=index,codec_type,codec_name,width,height,pix_fmt,sample_aspect_ratio,avg_frame_rate,r_frame_rate,field_order,channels" +
  ":stream_disposition=attached_pic:stream_tags=rotate:stream_side_data=rotation:format=format_name,start_time,duration";

export interface ProbedVideo {
  readonly streamIndex: number;
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly pixFmt: string;
  /** Shown exactly as coded: square pixels, not turned, progressive. */
  readonly plain: boolean;
}

export interface ProbedFile {
  readonly startMs: number;
  /** 0 = the file does not say. */
  readonly durationMs: number;
  /** The container knows, or finds, where key frames are. */
  readonly indexed: boolean;
  readonly video: ProbedVideo | undefined;
  readonly audio:
    | { readonly streamIndex: number; readonly codec: string; readonly channels: number }
    | undefined;
}

const ratio = (text: string | undefined, separator: string): number | undefined => {
  const [over, under] = (text ?? "").split(separator).map(Number);
  return over !== undefined && under !== undefined && over > 0 && under > 0 ? over / under : undefined;
};

const toVideo = (stream: Stream): ProbedVideo | undefined => {
  const { width, height, codec_name: codec } = stream;
  if (codec === undefined || width === undefined || height === undefined || width < 2 || height < 2)
    return undefined;
  const sar = ratio(stream.sample_aspect_ratio, ":") ?? 1;
  const rotation =
    stream.side_data_list?.find((side) => side.rotation !== undefined)?.rotation ?? stream.tags?.rotate ?? 0;
  const fps =
    [ratio(stream.avg_frame_rate, "/"), ratio(stream.r_frame_rate, "/")].find(
      (rate) => rate !== undefined && rate <= 1000,
    ) ?? 25;
  const progressive = ["progressive", "unknown", undefined].includes(stream.field_order);
  return {
    streamIndex: stream.index,
    codec,
    ...displaySize({ width, height }, sar, rotation),
    fps,
    pixFmt: stream.pix_fmt ?? "unknown",
    plain: sar === 1 && rotation === 0 && progressive,
  };
};

/** Reads ffprobe's JSON; undefined when it is not what ffprobe writes. Cover pictures are not video. */
export const parseProbe = (json: string): ProbedFile | undefined => {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch {
    return undefined;
  }
  const parsed = Report.safeParse(raw);
  if (!parsed.success) return undefined;
  const { streams, format } = parsed.data;
  const picture = streams.find(
    (stream) => stream.codec_type === "video" && stream.disposition?.attached_pic !== 1,
  );
  const sound = streams.find((stream) => stream.codec_type === "audio" && stream.codec_name !== undefined);
  return {
    startMs: (format.start_time ?? 0) * 1000,
    durationMs: Math.max(0, (format.duration ?? 0) * 1000),
    indexed: !["mpegts", "mpeg"].includes(format.format_name ?? ""),
    video: picture === undefined ? undefined : toVideo(picture),
    audio:
      sound === undefined
        ? undefined
        : { streamIndex: sound.index, codec: sound.codec_name ?? "", channels: sound.channels ?? 0 },
  };
};
