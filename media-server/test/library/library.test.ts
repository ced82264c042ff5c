import { copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ffmpeg } from "../../src/encode/ffmpeg.ts";
import { type Library, openLibrary } from "../../src/library/library.ts";
import {
  choose,
  LONG_GOP,
  make,
  openFolder,
  picture,
  quiet,
  tempFolder,
  titleNamed,
  tone,
  until,
} from "../encode/fixtures.ts";

let ffmpeg: Ffmpeg;
let root: Awaited<ReturnType<typeof tempFolder>>;
let folder: string;
let library: Library;

beforeAll(async () => {
  [ffmpeg, root] = await Promise.all([choose(), tempFolder()]);
  folder = join(root.path, "videos");
  const at = (name: string): string => join(folder, name);
  await mkdir(at("sub/.hidden"), { recursive: true });
  await make(ffmpeg, ...picture("25", 2), ...tone(2), ...LONG_GOP, "-c:a", "aac", at("good.mp4"));
  await copyFile(at("good.mp4"), at("sub/good.mp4"));
  await copyFile(at("good.mp4"), at("sub/.hidden/never.mp4"));
  await copyFile(at("good.mp4"), at(".dot.mp4"));
  await copyFile(at("good.mp4"), join(root.path, "outside.mp4"));
  await symlink(join(root.path, "outside.mp4"), at("link-out.mp4"));
  await symlink(root.path, at("folder-out"));
  await symlink(at("sub"), at("sub/loop"));
  await make(ffmpeg, "-display_rotation", "90", "-i", at("good.mp4"), "-c", "copy", at("turned.mp4")).catch(
    () => make(ffmpeg, "-i", at("good.mp4"), "-c", "copy", "-metadata:s:v:0", "rotate=90", at("turned.mp4")),
  );
  await make(ffmpeg, ...picture("25", 1), "-vf", "setsar=2", ...LONG_GOP, at("wide.mkv"));
  await make(ffmpeg, ...tone(1), "-c:a", "aac", at("only-sound.mp4"));
  await make(ffmpeg, ...picture("25", 1), ...LONG_GOP, "-f", "matroska", "-live", "1", at("no-duration.mkv"));
  await writeFile(at("empty.mp4"), "");
  await writeFile(at("text.mp4"), "This is a letter, not a film.\n".repeat(50));
  await writeFile(
    at("playlist.mp4"),
    `#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:2,\n${join(root.path, "outside.mp4")}\n#EXT-X-ENDLIST\n`,
  );
  await writeFile(at("concat.mp4"), `ffconcat version 1.0\nfile '${join(root.path, "outside.mp4")}'\n`);
  await writeFile(at("noise.mkv"), Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)));
  await writeFile(at("notes.txt"), "no video");
  library = await openFolder(folder, ffmpeg);
}, 60_000);
afterAll(async () => {
  await library.close("test over");
  await root.remove();
});

describe("library", () => {
  test("lists what is in the folder, nothing hidden and nothing outside", () => {
    const names = library.titles().map((title) => title.name);
    expect(names).toEqual([
      "concat",
      "empty",
      "good",
      "no-duration",
      "noise",
      "only-sound",
      "playlist",
      "good (sub)",
      "text",
      "turned",
      "wide",
    ]);
    expect(library.state()).toEqual({ kind: "ready", folder });
    expect(new Set(library.titles().map((title) => title.id)).size).toBe(names.length);
  });

  test.each([
    ["empty", /empty/],
    ["text", /ffmpeg cannot read it/],
    ["playlist", /playlist|cannot read/],
    ["concat", /playlist/],
    ["noise", /ffmpeg cannot read it/],
  ])("%s is listed with its reason", (name, reason) => {
    const title = titleNamed(library, name);
    expect(title.refusal?.code).toBe("NOT_PLAYABLE");
    expect(title.refusal?.reason).toMatch(reason);
    expect(title.refusal?.reason).not.toContain(root.path);
  });

  test("sizes are those shown: turned by a quarter, stretched by the pixel aspect", () => {
    expect(titleNamed(library, "good").video).toMatchObject({
      width: 192,
      height: 108,
      fps: 25,
      passthrough: undefined,
    });
    expect(titleNamed(library, "turned").video).toMatchObject({ width: 108, height: 192 });
    expect(titleNamed(library, "wide").video).toMatchObject({ width: 384, height: 108 });
    expect(titleNamed(library, "only-sound")).toMatchObject({
      video: undefined,
      audio: { codec: "aac" },
      refusal: undefined,
    });
    expect(titleNamed(library, "no-duration").durationMs).toBeGreaterThan(900);
  });

  test("ids and fingerprints outlive a restart; check() notices another file in its place", async () => {
    const again = await openFolder(folder, ffmpeg);
    expect(again.titles()).toEqual(library.titles());
    const good = titleNamed(again, "good");
    expect(await again.check(good)).toBeUndefined();
    expect(await again.check({ ...good, fingerprint: "other" })).toMatchObject({ code: "TITLE_GONE" });
    expect(await again.check({ ...good, file: join(root.path, "outside.mp4") })).toMatchObject({
      code: "TITLE_GONE",
    });
    await again.close("test over");
  });

  test("a title that somebody waits for is probed first; one that is not there is known to be gone", async () => {
    const fresh = openLibrary({ folder, ffmpeg, log: quiet });
    const { id } = titleNamed(library, "wide"); // the last in order
    expect(fresh.get(id)).toBeUndefined();
    expect((await fresh.find(id))?.name).toBe("wide");
    expect(fresh.state().kind).toBe("scanning");
    expect(await fresh.find("gone")).toBeUndefined();
    expect(fresh.state().kind).toBe("ready");
    await fresh.close("test over");
  });

  test("a missing and an empty folder are states that name the folder; films that appear and go are noticed", async () => {
    const late = join(root.path, "late");
    const states: string[] = [];
    const options = { folder: late, ffmpeg, log: quiet, debounceMs: 50, pollMs: 300 };
    const empty: Library = openLibrary({
      ...options,
      onChange: () => {
        states.push(empty.state().kind);
      },
    });
    await empty.ready;
    expect(empty.state()).toEqual({ kind: "missing", folder: late, code: "LIBRARY_MISSING" });
    await mkdir(late);
    await until(() => empty.state().kind === "empty");
    await copyFile(join(folder, "good.mp4"), join(late, "new.mp4"));
    await until(() => empty.titles().some((title) => title.name === "new" && title.refusal === undefined));
    await rm(join(late, "new.mp4"));
    await until(() => empty.state().kind === "empty");
    expect(states.slice(0, 2)).toEqual(["missing", "empty"]);
    const seen = states.length;
    await empty.rescan();
    expect(states.length).toBe(seen);
    await empty.close("test over");
  });
});
