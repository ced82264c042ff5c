// Which containers ffmpeg may open, and how a file is named to it. Never a playlist (hls, concat, dash, sdp):
// those would make ffmpeg open other files or the network (facts: security, "ffmpeg").

const CONTAINERS = [
  "mov",
  "matroska",
  "avi",
  "mpegts",
  "mpeg",
  "mpegvideo",
  "flv",
  "ogg",
  "asf",
  "m4v",
  "h264",
  "hevc",
  "ivf",
  "nut",
  "mxf",
  "rm",
  "dv",
  "wtv",
  "gif",
  "mp3",
  "wav",
  "flac",
  "aac",
  "ac3",
  "eac3",
  "dts",
] as const;

export const FORMAT_WHITELIST = CONTAINERS.join(",");

/** Options that go before `-i` for ffmpeg and ffprobe alike. */
export const INPUT_GUARD: readonly string[] = [
  "-protocol_whitelist",
  "file,pipe",
  "-format_whitelist",
  FORMAT_WHITELIST,
];

/** The `file:` prefix keeps a name such as `http:x.mp4` or `-x.mp4` from being anything but a file. */
export const inputName = (absoluteFile: string): string => `file:${absoluteFile}`;

/** Extensions (lower case, no dot) that the library lists. */
export const VIDEO_EXTENSIONS: ReadonlySet<string> = new Set([
  "mp4",
  "m4v",
  "mov",
  "mkv",
  "webm",
  "avi",
  "ts",
  "m2ts",
  "mts",
  "mpg",
  "mpeg",
  "vob",
  "flv",
  "f4v",
  "ogv",
  "ogm",
  "wmv",
  "asf",
  "3gp",
  "3g2",
  "mxf",
  "rm",
  "rmvb",
  "divx",
  "dv",
  "nut",
  "ivf",
  "wtv",
]);
