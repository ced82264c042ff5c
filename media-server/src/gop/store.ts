// The GOP store: turns viewers' needs into encoder runs, encodes each GOP once and serves it to every reader.

import type { Refusal } from "@loge/protocol/errors";
import type { Title } from "../library/title.ts";
import type { AnyRendition, Frame } from "./frame.ts";

/** One viewer's need of one rendition from a position on. Frames come in order; nothing here blocks. */
export interface GopReader {
  /**
   * The next frame, without taking it. The first is the key frame at or before `fromMs` (video) or the first
   * packet at or after `fromMs - 20` (audio). "waiting": not encoded yet, see onReady. "end": nothing more comes.
   */
  peek(): Frame | "waiting" | "end";
  /** Takes the frame that peek() shows. */
  shift(): void;
  /** Why it cannot go on (peek() says "end" then). */
  readonly error: Refusal | undefined;
  /** Called when "waiting" may have changed. */
  onReady: (() => void) | undefined;
  close(): void;
}

export interface GopStoreStats {
  /** Encoded bytes held. */
  readonly bytes: number;
  readonly gops: number;
  /** Encoder processes alive now. */
  readonly encoders: number;
  /** Encoder processes started since the store exists. */
  readonly spawned: number;
}

export interface GopStore {
  open(title: Title, rendition: AnyRendition, fromMs: number): GopReader;
  stats(): GopStoreStats;
  close(reason: string): Promise<void>;
}
