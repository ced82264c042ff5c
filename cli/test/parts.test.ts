/** The parts that keep count, and the identity file. */
import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Timeline } from "@loge/protocol/control";
import type { Watch } from "@loge/protocol/watch";
import { expect, test } from "vitest";
import { Film } from "../src/film.ts";
import { loadIdentity } from "../src/identity.ts";
import { Receipts } from "../src/receipts.ts";
import { Complaint } from "../src/words.ts";

const line = (mediaMs: number, cause: Timeline["cause"], playing: boolean): Timeline => ({
  type: "timeline",
  epoch: 0,
  screening: "s".repeat(22),
  title: "t".repeat(22),
  rtpVideo: 0,
  rtpAudio: 0,
  mediaMs,
  durationMs: 10_000,
  rate: 1,
  playing,
  height: 360,
  width: 640,
  lines: 360,
  codec: "vp8",
  cause,
});

test("played time leaves out pauses and jumps", () => {
  let nowMs = 0;
  const film = new Film(() => nowMs);
  const at = (
    ms: number,
    mediaMs: number,
    cause: Timeline["cause"],
    playing: boolean,
    phase: Watch["phase"] = "watching",
  ): void => {
    nowMs = ms;
    film.watch({ line: line(mediaMs, cause, playing), atMs: ms, phase, frozen: false });
  };
  at(0, 0, "play", true);
  film.picture(640, 360);
  at(2000, 2000, "pause", false);
  at(5000, 2000, "resume", true);
  at(6000, 8000, "seek", true); // 3 s of film seen so far
  at(6500, 8500, "height", true);
  at(8100, 10_000, "height", false, "ended");
  expect(film.report()).toEqual({ frames: 1, width: 640, height: 360, playedMs: 5000 });
});

test("receipts: one that overtakes its message counts, who left is not waited for", () => {
  const receipts = new Receipts();
  receipts.arrived("m1", "a");
  receipts.sent("m1", ["a", "b"]);
  expect(receipts.isEmpty).toBe(false);
  receipts.arrived("m1", "b");
  expect(receipts.isEmpty).toBe(true);
  receipts.sent("m2", ["c"]);
  receipts.present((sid) => sid !== "c");
  expect(receipts.isEmpty).toBe(true);
});

test("an identity file is its owner's alone, and the same person every time", async () => {
  const dir = await mkdtemp(join(tmpdir(), "loge-identity-"));
  try {
    const file = join(dir, "deep", "identity.json");
    const { id } = await loadIdentity(file);
    expect([(await stat(file)).mode & 0o777, (await stat(join(dir, "deep"))).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    expect((await loadIdentity(file)).id).toBe(id);
    expect((await loadIdentity(undefined)).id).not.toBe(id);

    await chmod(file, 0o640);
    await expect(loadIdentity(file)).rejects.toThrow(/can be read by others/);
    await chmod(file, 0o600);
    await chmod(join(dir, "deep"), 0o777);
    await expect(loadIdentity(file)).rejects.toThrow(/can be written by others/);
    await chmod(join(dir, "deep"), 0o700);
    await expect(loadIdentity(dir)).rejects.toThrow(Complaint);
    expect(JSON.parse(await readFile(file, "utf8"))).toHaveProperty("jwk.d");
  } finally {
    await rm(dir, { recursive: true });
  }
});
