import type { VideoCodec } from "../gop/frame.ts";
import type { MediaOut, MediaStats, RtpClock } from "./media-out.ts";
import { absSendTime, ntpTime, roundTripMs } from "./ntp.ts";
import * as pace from "./pacer.ts";
import type { PacketCache } from "./packet-cache.ts";
import type { HeaderExtension, Negotiated, PacketSender, VideoPayload } from "./packet-sender.ts";
import { AS_NEEDED, AT_ONCE } from "./playout-delay.ts";
import { createRtxHistory, type SentPacket } from "./rtx-history.ts";
import { createTrackCounter } from "./track-counter.ts";
import { createVideoQueue } from "./video-queue.ts";

const TICK_MS = 5;
const REPORT_MS = 500;
const KEY_FRAME_WISH_MS = 500;
/** Below this round trip, and without loss, a first frame may leave at line speed. */
const NEAR_MS = 20;

/** What the viewer's RTCP says, already parsed. */
export interface Feedback {
  nack(sequences: readonly number[]): void;
  keyFrameWanted(): void;
  estimate(bps: number): void;
  /** One report block: `ssrc` of ours it speaks of, loss 0..1 since the last, LSR and DLSR as received. */
  report(ssrc: number, lossFraction: number, lsr: number, dlsr: number): void;
}

export interface ViewerOut extends MediaOut {
  readonly feedback: Feedback;
  /** From here on frames leave (key confirmation done). */
  allow(): void;
  configure(negotiated: Negotiated): void;
  close(): void;
}

/** `now` is a monotonic clock in ms, the same that setClock's function is asked with. */
export function createViewerOut(o: {
  sender: PacketSender;
  cache: PacketCache;
  now: () => number;
  epochMs: (nowMs: number) => number;
}): ViewerOut {
  const { sender, cache, now } = o;
  const queue = createVideoQueue();
  const history = createRtxHistory(now());
  const picture = createTrackCounter();
  const sound = createTrackCounter();
  const repeats = createTrackCounter();
  let negotiated: Negotiated | undefined;
  let allowed = false;
  let closed = false;
  let pacer = pace.newPacer(now());
  let tick: NodeJS.Timeout | undefined;
  let clock: RtpClock | undefined;
  let reporting: NodeJS.Timeout | undefined;
  let dropped = 0;
  let waitForKey = false;
  let afterFirst = false;
  let wishAtMs = -KEY_FRAME_WISH_MS;
  let rembBps: number | undefined;
  let lossFraction = 0;
  let reportedRttMs: number | undefined;

  const rttMs = (): number | undefined => reportedRttMs ?? sender.rttMs;
  const near = (): boolean => lossFraction < 0.02 && (rttMs() ?? Number.POSITIVE_INFINITY) < NEAR_MS;
  const timed = (id: number | undefined, rest: readonly HeaderExtension[]): readonly HeaderExtension[] =>
    id === undefined ? rest : [{ id, payload: absSendTime(o.epochMs(now())) }, ...rest];

  const sendPicture = (sent: SentPacket, payloadType: number, n: Negotiated): number => {
    const extensions = timed(n.video.extensions.absSendTime, sent.extensions);
    const { sequence, timestamp, marker, payload } = sent;
    const bytes = sender.send(
      { payloadType, marker, sequence, timestamp, ssrc: n.video.ssrc, extensions },
      payload,
    );
    picture.count(bytes, payload.length);
    history.add(sent);
    return payload.length;
  };
  const release = (): void => {
    tick = undefined;
    const n = negotiated;
    if (!n || closed) return;
    pacer = pace.refilled(pacer, now(), TICK_MS, (queue.head?.eager ?? false) && near());
    while (pacer.budgetBytes > 0) {
      const out = queue.take();
      if (!out) return;
      const { timestamp, extensions, payload } = out.frame;
      const sent = {
        sequence: picture.next(),
        timestamp,
        marker: out.last,
        rtxPayloadType: payload.rtxPayloadType,
        payload: out.payload,
        extensions,
      };
      pacer = pace.spent(pacer, sendPicture(sent, payload.payloadType, n));
    }
    if (queue.head) tick = setTimeout(release, TICK_MS);
  };
  const repeat = (sent: SentPacket, n: Negotiated): void => {
    if (sent.rtxPayloadType === undefined) return;
    const payload = new Uint8Array(sent.payload.length + 2);
    payload[0] = sent.sequence >> 8;
    payload[1] = sent.sequence & 0xff;
    payload.set(sent.payload, 2);
    const { timestamp, marker } = sent;
    const extensions = timed(n.video.extensions.absSendTime, sent.extensions);
    const head = {
      payloadType: sent.rtxPayloadType,
      marker,
      sequence: repeats.next(),
      timestamp,
      extensions,
    };
    repeats.count(sender.send({ ...head, ssrc: n.video.rtxSsrc }, payload), payload.length);
  };
  const wishKeyFrame = (): void => {
    if (now() - wishAtMs < KEY_FRAME_WISH_MS) return;
    wishAtMs = now();
    out.onKeyFrameWanted?.();
  };
  const enqueue = (
    payload: VideoPayload,
    payloads: readonly Uint8Array[],
    ticks: number,
    first: boolean,
    key: boolean,
  ): void => {
    const delayId = negotiated?.video.extensions.playoutDelay;
    const says = delayId !== undefined && (first || afterFirst || key);
    const extensions = says ? [{ id: delayId, payload: first ? AT_ONCE : AS_NEEDED }] : [];
    const fits = queue.push({ payloads, payload, timestamp: ticks, extensions, eager: first, next: 0 });
    if (!fits) {
      dropped++;
      waitForKey = true;
      wishKeyFrame();
      return;
    }
    afterFirst = first;
    const bytes = payloads.reduce((sum, piece) => sum + piece.length, 0);
    pacer = pace.offered(pacer, bytes, now());
    if (tick === undefined) release();
  };
  const report = (): void => {
    const n = negotiated;
    if (!n || !clock || !allowed || closed) return;
    const nowMs = now();
    const line = clock(nowMs);
    const ntp = ntpTime(o.epochMs(nowMs));
    const of = (track: typeof picture, ssrc: number, ticks: number) => ({
      ssrc,
      ntp,
      rtpTimestamp: modulo32(ticks),
      packets: track.packets,
      octets: track.octets,
    });
    sender.report([of(picture, n.video.ssrc, line.video), of(sound, n.audio.ssrc, line.audio)]);
  };

  const out: ViewerOut = {
    onKeyFrameWanted: undefined,
    video: (frame, codec: VideoCodec, rtpTicks, { first }) => {
      const payload = negotiated?.payloads.get(codec);
      // only a key frame makes what waits needless: the frames that lead up to a place all count as first ones
      if (first && frame.key) dropped += queue.dropUnbegun();
      if (frame.key) waitForKey = false;
      if (!allowed || closed || !payload || waitForKey) {
        dropped++;
        return;
      }
      enqueue(payload, cache.payloads(frame, codec), modulo32(rtpTicks), first, frame.key);
    },
    audio: (frame, rtpTicks) => {
      const payloadType = negotiated?.audio.payloadType;
      if (!allowed || closed || !negotiated || payloadType === undefined) {
        dropped++;
        return;
      }
      const { ssrc, extensions } = negotiated.audio;
      const head = {
        payloadType,
        marker: false,
        sequence: sound.next(),
        timestamp: modulo32(rtpTicks),
        ssrc,
      };
      const bytes = sender.send({ ...head, extensions: timed(extensions.absSendTime, []) }, frame.data);
      sound.count(bytes, frame.data.length);
    },
    setClock: (next) => {
      clock = next;
      report();
      if (!closed) reporting ??= setInterval(report, REPORT_MS);
    },
    syncNow: report,
    get stats(): MediaStats {
      return {
        packets: picture.packets + sound.packets + repeats.packets,
        bytes: picture.bytes + sound.bytes + repeats.bytes,
        dropped,
        rtxSent: repeats.packets,
        nackMissed: history.missed,
        rembBps,
        lossFraction,
        rttMs: rttMs(),
        queueMs: (queue.bytes * 8000) / pace.releaseBps(pacer, false),
      };
    },
    feedback: {
      nack: (sequences) => {
        const n = negotiated;
        if (!n || !allowed || closed) return;
        for (const sent of history.wanted(sequences, now(), rttMs() ?? 0, pace.offeredBps(pacer)))
          repeat(sent, n);
      },
      keyFrameWanted: () => {
        if (allowed && !closed) wishKeyFrame();
      },
      estimate: (bps) => {
        rembBps = bps;
      },
      report: (ssrc, loss, lsr, dlsr) => {
        if (ssrc === negotiated?.video.ssrc) lossFraction = loss;
        reportedRttMs = roundTripMs(o.epochMs(now()), lsr, dlsr) ?? reportedRttMs;
      },
    },
    configure: (next) => {
      negotiated = next;
    },
    allow: () => {
      allowed = true;
      report();
    },
    close: () => {
      closed = true;
      clearTimeout(tick);
      clearInterval(reporting);
      dropped += queue.dropUnbegun();
    },
  };
  return out;
}

/** RTP timestamps are counted mod 2^32; callers keep plain numbers. */
const modulo32 = (ticks: number): number => {
  const rest = Math.round(ticks) % 2 ** 32;
  return rest < 0 ? rest + 2 ** 32 : rest;
};
