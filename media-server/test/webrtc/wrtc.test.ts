import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { connect, openTestMux, play, until } from "./support/play.ts";
import { encodedSound, encodedVideo } from "./support/streams.ts";

interface Counted {
  frames: number;
  decoded: number;
  size: string;
  samples: number;
  channels: string[];
}

/** Asks the child one thing and takes its next message for the answer. */
async function ask(child: ChildProcess, question: object): Promise<Record<string, unknown>> {
  const [answer] = await Promise.all([once(child, "message"), child.send(question)]);
  return answer[0];
}

test("a terminal viewer (wrtc) decodes every VP8 frame and hears the sound", {
  timeout: 60_000,
}, async () => {
  const frames = await encodedVideo("vp8", 3);
  const sound = await encodedSound(3);
  const child = fork(fileURLToPath(new URL("support/wrtc-viewer.mjs", import.meta.url)), { execArgv: [] });
  const mux = await openTestMux();
  try {
    const { peer } = await connect(mux, async (offer) => String((await ask(child, { offer }))["answer"]));
    expect(peer.codecs).toEqual(["vp8", "vp9", "av1"]);
    peer.allowMedia();
    await play(peer, [{ codec: "vp8", frames }], sound);
    let got: Counted | undefined;
    await until(
      "frames",
      async () => {
        got = (await ask(child, { count: true })) as unknown as Counted;
        return got.decoded >= frames.length;
      },
      8000,
    ).catch(() => undefined);
    expect(got).toMatchObject({
      size: "640x360",
      channels: ["gate", "control", "bulk"],
    });
    expect(got?.decoded).toBeGreaterThanOrEqual(Math.floor(frames.length * 0.98));
    expect(got?.frames).toBeGreaterThanOrEqual(Math.floor(frames.length * 0.95));
    expect(got?.samples).toBeGreaterThan(48_000);
    const exited = once(child, "exit");
    child.send({ end: true });
    expect(await exited).toEqual([0, null]);
    await peer.close("test over");
  } finally {
    child.kill("SIGKILL");
    await mux.close("test over");
  }
});
