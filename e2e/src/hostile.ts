/** The page's own connection in the wrong hands: its data channels can be heard, spoken on, delayed and falsified. */
import type { Page } from "playwright-core";

export interface Heard {
  readonly label: string;
  readonly text: string;
}

declare global {
  interface Window {
    /** Channels of the newest connection by their label. */
    __channels?: Record<string, RTCDataChannel>;
    __heard?: Heard[];
    /** What is done with the proof that opens the gate: sent as it is, held back until `__release`, or falsified. */
    __proof?: "send" | "hold" | "falsify";
    __release?: () => void;
  }
}

/** To be run before the page loads. */
export const takeOver = (page: Page, proof: "send" | "hold" | "falsify"): Promise<unknown> =>
  page.addInitScript((how) => {
    const channels: Record<string, RTCDataChannel> = {};
    const heard: Heard[] = [];
    Object.assign(window, { __channels: channels, __heard: heard, __proof: how });
    const adopt = (channel: RTCDataChannel): void => {
      channels[channel.label] = channel;
      channel.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        heard.push({ label: channel.label, text });
      });
    };
    window.RTCPeerConnection = new Proxy(RTCPeerConnection, {
      construct(target, args: [RTCConfiguration?]) {
        const peer = new target(...args);
        peer.addEventListener("datachannel", ({ channel }) => adopt(channel));
        return peer;
      },
    });
    const send: (this: RTCDataChannel, data: string) => void = RTCDataChannel.prototype.send;
    function guarded(this: RTCDataChannel, data: string): void {
      const isProof = this.label === "gate" && typeof data === "string" && data.includes('"proof"');
      if (isProof && window.__proof === "falsify") {
        const message: { mac: string } = JSON.parse(data);
        const first = message.mac.startsWith("A") ? "B" : "A";
        send.call(this, JSON.stringify({ ...message, mac: first + message.mac.slice(1) }));
      } else if (isProof && window.__proof === "hold") window.__release = () => send.call(this, data);
      else send.call(this, data);
    }
    Object.assign(RTCDataChannel.prototype, { send: guarded });
  }, proof);

/** Says each text on a channel as it is. */
export const speak = (page: Page, label: string, texts: readonly string[]): Promise<void> =>
  page.evaluate(
    ([to, all]) => {
      const channel = window.__channels?.[to];
      if (!channel) throw new Error(`there is no channel ${to}`);
      for (const text of all) if (channel.readyState === "open") channel.send(text);
    },
    [label, texts] as const,
  );

/** Says bytes on a channel. */
export const speakBytes = (page: Page, label: string, bytes: number): Promise<void> =>
  page.evaluate(([to, length]) => window.__channels?.[to]?.send(new Uint8Array(length)), [
    label,
    bytes,
  ] as const);

export const isOpen = (page: Page, label: string): Promise<boolean> =>
  page.evaluate((of) => window.__channels?.[of]?.readyState === "open", label);

/** Everything that came on a channel since the page was loaded. */
export const heardOn = async (page: Page, label: string): Promise<readonly string[]> => {
  const heard = await page.evaluate(() => window.__heard ?? []);
  return heard.filter((each) => each.label === label).map((each) => each.text);
};
