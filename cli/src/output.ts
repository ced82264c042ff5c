/** Where a film is shown: a player's window, the terminal itself, or nowhere. */
import type { VideoKind } from "./options.ts";
import { playerOutput } from "./render-player.ts";
import { terminalOutput } from "./render-terminal.ts";
import type { Screen } from "./screen.ts";

/** I420: a full plane of luma, then two of chroma with half the width and height (rounded up). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}
export interface Sound {
  /** Interleaved, signed 16 bit. */
  readonly samples: Int16Array;
  readonly rateHz: number;
  readonly channels: number;
}

export interface Output {
  picture(picture: Picture): void;
  sound(sound: Sound): void;
  /** Idempotent; the terminal is as before, the player's process is gone. */
  close(): Promise<void>;
}

export interface OutputOptions {
  readonly kind: VideoKind;
  readonly screen: Screen;
  readonly title: string;
  /** Where the environment of a player comes from. */
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => number;
  /** The window was closed or the player is not there; the film goes on without a picture. */
  readonly gone: (why: string) => void;
}

export function createOutput(options: OutputOptions): Output {
  switch (options.kind) {
    case "none":
      return { picture: () => undefined, sound: () => undefined, close: () => Promise.resolve() };
    case "terminal":
      return terminalOutput(options.screen, options.now);
    case "ffplay":
    case "mpv":
      return playerOutput({ ...options, player: options.kind });
  }
}
