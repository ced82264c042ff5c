/** A guest watches a film: what a person does with it, and what the browser really decoded, showed and played. */
import { SAMPLE } from "../../launcher/src/sample.ts";
import type { Guest } from "./guest.ts";
import { waitFor } from "./house.ts";

/** Everything here may be slow on a busy machine; only what never comes is wrong. */
export const PATIENCE = { timeout: 120_000 };
/** What has not changed for so long has come to rest; the bar is written five times a second. */
const REST_MS = 500;

/** Looks again and again until `isGood`; else fails with what was seen last. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  isGood: (seen: T) => boolean,
): Promise<T> {
  let seen = await look();
  const came = await waitFor(async () => {
    if (!isGood(seen)) seen = await look();
    return isGood(seen);
  }, PATIENCE.timeout);
  if (!came) throw new Error(`${what}: it stayed at ${JSON.stringify(seen)}`);
  return seen;
}

export const button = (guest: Guest, name: string) => guest.page.getByRole("button", { name, exact: true });
export const seekBar = (guest: Guest) => guest.page.getByRole("slider", { name: "Seek", exact: true });
const resolution = (guest: Guest) => guest.page.getByRole("combobox", { name: "Resolution", exact: true });

export async function chooseResolution(guest: Guest, label: string): Promise<void> {
  await resolution(guest).selectOption({ label }, PATIENCE);
}

/** Chooses the resolution, then the title, and waits until it is on. */
export async function play(guest: Guest, title: string, label: string): Promise<void> {
  await button(guest, `Play ${title}`).waitFor(PATIENCE);
  await chooseResolution(guest, label);
  await button(guest, `Play ${title}`).click(PATIENCE);
  await untilStatus(guest, `playing ${title}, ${label}`);
}

/** Waits for the status to contain the text; fails at once, with its words, when the page raises an alert. */
export async function untilStatus(guest: Guest, text: string, timeout = PATIENCE.timeout): Promise<void> {
  const alert = guest.page.getByRole("alert");
  const status = guest.playback.filter({ hasText: text });
  await status.or(alert).first().waitFor({ timeout });
  if (await status.isVisible()) return;
  throw new Error(`instead of "${text}" the page says: ${(await alert.allTextContents()).join(" / ")}`);
}

export async function backToLibrary(guest: Guest): Promise<void> {
  await button(guest, "Back to the library").click(PATIENCE);
  await untilStatus(guest, "No film is on");
}

/** Film time by the slider, exact where `aria-valuenow` is rounded to a tenth. */
export const positionS = async (guest: Guest): Promise<number> => Number(await seekBar(guest).inputValue());

/** As with the mouse: the value is set, then `input` and `change` happen. */
export const dragTo = (guest: Guest, seconds: number): Promise<void> => seekBar(guest).fill(String(seconds));

export const pictureSize = (guest: Guest): Promise<string> =>
  guest.page.evaluate(() => {
    const video = document.querySelector("video");
    return `${video?.videoWidth}x${video?.videoHeight}`;
  });

/** The even size that keeps the aspect of the source. */
export function sizeAt(source: { width: number; height: number }, label: string): string {
  const even = (pixels: number): number => Math.round(pixels / 2) * 2;
  const lines = label === "Source" ? source.height : Number.parseInt(label, 10);
  return `${even((source.width * lines) / source.height)}x${even(lines)}`;
}

/** Frame number in the sample's bar of 16 blocks; undefined where its white and black ends are not to be seen. */
export const shownFrame = (guest: Guest): Promise<number | undefined> =>
  guest.page.evaluate(() => {
    const video = document.querySelector("video");
    if (!video || video.videoWidth === 0) return undefined;
    const { videoWidth: width, videoHeight: height } = video;
    const canvas = new OffscreenCanvas(16, 1);
    const context = canvas.getContext("2d");
    if (!context) return undefined;
    const block = width / 16;
    const bar = (height * 48) / 720;
    for (let at = 0; at < 16; at++)
      context.drawImage(video, (at + 0.3) * block, height - bar * 0.65, block * 0.4, bar * 0.3, at, 0, 1, 1);
    const { data } = context.getImageData(0, 0, 16, 1);
    const isWhite = (at: number): boolean => (data[at * 4 + 1] ?? 0) > 127;
    if (!isWhite(0) || isWhite(15)) return undefined;
    let frame = 0;
    for (let bit = 0; bit < 14; bit++) if (isWhite(bit + 1)) frame += 2 ** bit;
    return frame;
  });

/** Waits until the picture shows a frame of the range; returns it. */
export async function untilFrame(guest: Guest, from: number, to: number): Promise<number> {
  const seen = await until(
    `${guest.name}: a frame from ${from} to ${to}`,
    () => shownFrame(guest),
    (frame) => frame !== undefined && frame >= from && frame <= to,
  );
  return seen ?? Number.NaN;
}

/** Where a paused film stands: slider and picture have come to rest and agree, to one frame. Returns the frame. */
export async function stillFrame(guest: Guest): Promise<number> {
  const look = async (): Promise<readonly [number, number]> => [
    (await shownFrame(guest)) ?? Number.NaN,
    (await positionS(guest)) * SAMPLE.fps,
  ];
  const twice = async (): Promise<readonly (readonly [number, number])[]> => {
    const before = await look();
    await guest.page.waitForTimeout(REST_MS);
    return [before, await look()];
  };
  const seen = await until(`${guest.name}: picture and bar at rest`, twice, ([before, after]) => {
    const [shown = Number.NaN, told = Number.NaN] = after ?? [];
    return Math.abs(shown - told) <= 1 && before?.join() === after?.join();
  });
  return seen[1]?.[0] ?? Number.NaN;
}

export interface Received {
  /** Connections made so far; where one was lost, its counts are lost with it. */
  readonly connections: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly freezeCount: number;
  readonly videoBytes: number;
  readonly videoCodec: string;
  readonly audioEnergy: number;
}

/** Sums over the inbound RTP of all connections the page has open. */
export const received = (guest: Guest): Promise<Received> =>
  guest.page.evaluate(async () => {
    const { __peers: peers } = window as unknown as { __peers: RTCPeerConnection[] };
    const sum = {
      connections: peers.length,
      framesDecoded: 0,
      framesDropped: 0,
      freezeCount: 0,
      videoBytes: 0,
      videoCodec: "",
      audioEnergy: 0,
    };
    for (const pc of peers) {
      if (pc.connectionState === "closed") continue;
      const report = await pc.getStats();
      for (const entry of report.values() as Iterable<Record<string, unknown>>) {
        if (entry["type"] !== "inbound-rtp") continue;
        sum.audioEnergy += Number(entry["totalAudioEnergy"] ?? 0);
        if (entry["kind"] !== "video") continue;
        sum.framesDecoded += Number(entry["framesDecoded"] ?? 0);
        sum.framesDropped += Number(entry["framesDropped"] ?? 0);
        sum.freezeCount += Number(entry["freezeCount"] ?? 0);
        sum.videoBytes += Number(entry["bytesReceived"] ?? 0);
        const codec = report.get(String(entry["codecId"])) as { mimeType?: string } | undefined;
        sum.videoCodec = codec?.mimeType ?? sum.videoCodec;
      }
    }
    return sum;
  });

/** What was received since `before`, once the decoder has come to rest (paused or ended). */
export async function receivedSince(guest: Guest, before: Received): Promise<Received> {
  const rest = async (): Promise<readonly [Received, Received]> => {
    const first = await received(guest);
    await guest.page.waitForTimeout(REST_MS);
    return [first, await received(guest)];
  };
  const isAtRest = ([a, b]: readonly [Received, Received]): boolean => a.framesDecoded === b.framesDecoded;
  const [, last] = await until(`${guest.name}: the decoder at rest`, rest, isAtRest);
  return {
    ...last,
    connections: last.connections - before.connections,
    framesDecoded: last.framesDecoded - before.framesDecoded,
    framesDropped: last.framesDropped - before.framesDropped,
    freezeCount: last.freezeCount - before.freezeCount,
    videoBytes: last.videoBytes - before.videoBytes,
    audioEnergy: last.audioEnergy - before.audioEnergy,
  };
}

/** One look at the sound: loudness (RMS) and strongest frequency of each side. */
export interface Heard {
  readonly leftHz: number;
  readonly rightHz: number;
  readonly left: number;
  readonly right: number;
}

/** Begins to listen to what the `<video>` plays; the returned function tells what was heard since. */
export async function listen(guest: Guest): Promise<() => Promise<readonly Heard[]>> {
  await guest.page.evaluate(() => {
    const stream = document.querySelector("video")?.srcObject;
    if (!(stream instanceof MediaStream)) throw new Error("there is no stream");
    const context = new AudioContext();
    const splitter = context.createChannelSplitter(2);
    context.createMediaStreamSource(stream).connect(splitter);
    const ears = [0, 1].map((side) => {
      const ear = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
      splitter.connect(ear, side);
      return ear;
    });
    const hear = (ear: AnalyserNode): { hz: number; rms: number } => {
      const wave = new Float32Array(ear.fftSize);
      ear.getFloatTimeDomainData(wave);
      const tones = new Float32Array(ear.frequencyBinCount);
      ear.getFloatFrequencyData(tones);
      const loudest = tones.reduce((best, level, at) => (level > (tones[best] ?? 0) ? at : best), 0);
      const rms = Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length);
      return { hz: (loudest * context.sampleRate) / ear.fftSize, rms };
    };
    const heard: object[] = [];
    Object.assign(window, { __heard: heard });
    setInterval(() => {
      const [left, right] = ears.map(hear);
      heard.push({ leftHz: left?.hz, rightHz: right?.hz, left: left?.rms, right: right?.rms });
    }, 100);
  });
  return () =>
    guest.page.evaluate(() => {
      const { __heard: heard } = window as unknown as { __heard: Heard[] };
      return heard.splice(0);
    });
}
