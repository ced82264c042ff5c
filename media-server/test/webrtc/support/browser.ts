import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];

const CHROMIUM = [process.env["CHROMIUM_PATH"], "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (p) => p && existsSync(p),
);

export async function openBrowser(): Promise<Browser> {
  if (!CHROMIUM) throw new Error("no Chromium: set CHROMIUM_PATH");
  return chromium.launch({ executablePath: CHROMIUM, args: ["--headless=new", ...FLAGS], headless: true });
}

/** What a receiving page counts. */
export interface Received {
  framesReceived: number;
  framesDecoded: number;
  keyFramesDecoded: number;
  packetsLost: number;
  nackCount: number;
  pliCount: number;
  freezeCount: number;
  frameHeight: number;
  audioSamples: number;
  audioEnergy: number;
  retransmitted: number;
}

export interface Viewer {
  readonly page: Page;
  answer(offer: string): Promise<string>;
  state(): Promise<string>;
  received(): Promise<Received>;
  messages(): Promise<string[]>;
  say(channel: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** A page with one RTCPeerConnection that plays what it gets; channel messages are kept and echoed with the label in front. */
export async function openViewer(browser: Browser): Promise<Viewer> {
  const page = await browser.newPage();
  await page.setContent("<video autoplay playsinline></video>");
  await page.evaluate(() => {
    const pc = new RTCPeerConnection();
    const messages: string[] = [];
    const channels = new Map<string, RTCDataChannel>();
    const stream = new MediaStream();
    pc.ontrack = ({ track }) => {
      stream.addTrack(track);
      const video = document.querySelector("video");
      if (video && !video.srcObject) video.srcObject = stream;
    };
    pc.ondatachannel = ({ channel }) => {
      channels.set(channel.label, channel);
      channel.onmessage = ({ data }) => {
        messages.push(
          `${channel.label}:${typeof data === "string" ? data : `bytes ${data.byteLength ?? data.size}`}`,
        );
        channel.send(`echo ${channel.label}`);
      };
    };
    Object.assign(globalThis, { viewer: { pc, messages, channels } });
  });
  return {
    page,
    answer: (offer) =>
      page.evaluate(async (sdp) => {
        const { pc } = (globalThis as unknown as { viewer: { pc: RTCPeerConnection } }).viewer;
        await pc.setRemoteDescription({ type: "offer", sdp });
        await pc.setLocalDescription(await pc.createAnswer());
        while (pc.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 20));
        return pc.localDescription?.sdp ?? "";
      }, offer),
    state: () =>
      page.evaluate(
        () => (globalThis as unknown as { viewer: { pc: RTCPeerConnection } }).viewer.pc.connectionState,
      ),
    messages: () =>
      page.evaluate(() => (globalThis as unknown as { viewer: { messages: string[] } }).viewer.messages),
    say: (channel, text) =>
      page.evaluate(
        ([label, body]) => {
          const { channels } = (
            globalThis as unknown as { viewer: { channels: Map<string, RTCDataChannel> } }
          ).viewer;
          channels.get(label ?? "")?.send(body ?? "");
        },
        [channel, text],
      ),
    received: () =>
      page.evaluate(async () => {
        const { pc } = (globalThis as unknown as { viewer: { pc: RTCPeerConnection } }).viewer;
        const all = [...(await pc.getStats()).values()] as Record<string, unknown>[];
        const of = (kind: string) => all.find((s) => s["type"] === "inbound-rtp" && s["kind"] === kind) ?? {};
        const n = (v: unknown) => (typeof v === "number" ? v : 0);
        const video = of("video");
        const audio = of("audio");
        return {
          framesReceived: n(video["framesReceived"]),
          framesDecoded: n(video["framesDecoded"]),
          keyFramesDecoded: n(video["keyFramesDecoded"]),
          packetsLost: n(video["packetsLost"]),
          nackCount: n(video["nackCount"]),
          pliCount: n(video["pliCount"]),
          freezeCount: n(video["freezeCount"]),
          frameHeight: n(video["frameHeight"]),
          audioSamples: n(audio["totalSamplesReceived"]),
          audioEnergy: n(audio["totalAudioEnergy"]),
          retransmitted: n(video["retransmittedPacketsReceived"]),
        };
      }),
    close: () => page.close(),
  };
}
