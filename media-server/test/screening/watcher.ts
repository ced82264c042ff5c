/** A viewer as the stage sees one, that keeps what it is sent. */
import type { ControlEvent, Timeline } from "@loge/protocol/control";
import type { Frame } from "../../src/gop/frame.ts";
import type { StageViewer } from "../../src/screening/stage.ts";
import { createRtpLine } from "../../src/viewer/rtp-line.ts";

export interface Sent {
  readonly frame: Frame;
  readonly ticks: number;
  readonly atMs: number;
  readonly codec: string;
  readonly first: boolean;
}
export class Watcher implements StageViewer {
  readonly sid: string;
  readonly codecs = ["h264", "vp8"] as const;
  readonly line = createRtpLine(2 ** 32 - 90_000, 7); // its RTP time wraps within the first second
  readonly sent: Sent[] = [];
  readonly sound: { ptsMs: number; ticks: number }[] = [];
  readonly events: ControlEvent[] = [];
  isHost = false;
  readonly media = {
    video: (frame: Frame, codec: string, ticks: number, o: { first: boolean }) => {
      this.sent.push({ frame, ticks, atMs: performance.now(), codec, first: o.first });
    },
    audio: (frame: Frame, ticks: number) => {
      this.sound.push({ ptsMs: frame.ptsMs, ticks });
    },
    setClock: () => undefined,
    syncNow: () => undefined,
    onKeyFrameWanted: undefined,
    stats: {
      packets: 0,
      bytes: 0,
      dropped: 0,
      rtxSent: 0,
      nackMissed: 0,
      rembBps: undefined,
      lossFraction: 0,
      rttMs: undefined,
      queueMs: 0,
    },
  };
  constructor(name: string) {
    this.sid = name.padEnd(22, "s");
  }
  event(event: ControlEvent): void {
    this.events.push(event);
  }
  get timelines(): Timeline[] {
    return this.events.filter((e) => e.type === "timeline");
  }
  async until(done: () => boolean, what: string): Promise<void> {
    for (let tries = 0; !done(); tries++) {
      if (tries > 2000)
        throw new Error(
          `never: ${what}; ${this.sent.length} frames, ${JSON.stringify(this.events.slice(-3))}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
