/** The film above the messages: the upper part of the terminal, redrawn at most 20 times a second. */
import type { Output } from "./output.ts";
import { boxFor, renderBlocks } from "./render-blocks.ts";
import type { Screen, Stage } from "./screen.ts";

const FRAME_MS = 50;

export function terminalOutput(screen: Screen, now: () => number): Output {
  let stage: Stage | undefined;
  let lastAtMs = 0;
  let isClosed = false;
  return {
    picture: (picture) => {
      const nowMs = now();
      // a slow line to the terminal loses pictures, not messages
      if (isClosed || nowMs - lastAtMs < FRAME_MS || screen.isBehind) return;
      lastAtMs = nowMs;
      stage ??= screen.openStage();
      const box = boxFor(picture, stage.columns(), stage.rows());
      stage.draw(renderBlocks(picture, box.columns, box.rows, screen.colours), box.columns);
    },
    sound: () => undefined,
    close: () => {
      isClosed = true;
      stage?.close();
      return Promise.resolve();
    },
  };
}
