// npm test: brings what the tests need (a Chromium, an ffmpeg, a built page), then runs every test of every package.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { aptInstall, become, bootstrap, fail, findProgram, root, runVisibly } from "./lib.mjs";

const CHROMIUMS = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];
const NEEDED_ENCODERS = ["libx264", "libvpx", "libopus"];

async function ensureChromium() {
  if (process.env.CHROMIUM_PATH) {
    const chosen = findProgram([process.env.CHROMIUM_PATH]);
    return (
      chosen ||
      fail(`CHROMIUM_PATH=${process.env.CHROMIUM_PATH} is not a program; point it at a Chromium or unset it.`)
    );
  }
  let found = findProgram(CHROMIUMS);
  if (found === undefined && (await aptInstall("chromium"))) found = findProgram(CHROMIUMS);
  return (
    found ||
    fail("The tests need Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.")
  );
}

function usableFfmpeg(binary) {
  if (!binary) return false;
  const { status, stdout } = spawnSync(binary, ["-hide_banner", "-encoders"], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return status === 0 && NEEDED_ENCODERS.every((encoder) => stdout.includes(` ${encoder} `));
}

async function ensureFfmpeg() {
  const packaged = join(root, "node_modules/@ffmpeg-binary", `${process.platform}-${process.arch}`, "ffmpeg");
  const anyUsable = () => [findProgram(["ffmpeg"]), findProgram([packaged])].some(usableFfmpeg);
  if (anyUsable()) return;
  if ((await aptInstall("ffmpeg")) && anyUsable()) return;
  fail(
    "The tests need ffmpeg with libx264, libvpx and libopus: install it (Debian: apt-get install ffmpeg).",
  );
}

/** Tests make their films with the system's ffmpeg; where there is none, with the one from npm, behind it on the PATH. */
function pathWithPackaged(path) {
  const platform = `${process.platform}-${process.arch}`;
  const programs = [`@ffmpeg-binary/${platform}/ffmpeg`, `@ffprobe-installer/${platform}/ffprobe`]
    .map((file) => join(root, "node_modules", file))
    .filter((file) => existsSync(file));
  for (const program of programs) {
    try {
      chmodSync(program, 0o755); // no install script ran
    } catch {
      // somebody else's folder: then the system's has to do
    }
  }
  return [path, ...programs.map((program) => dirname(program))].join(delimiter);
}

const filters = process.argv.slice(2);
const { node, env } = await bootstrap();
env.CHROMIUM_PATH = await ensureChromium();
await ensureFfmpeg();
env.PATH = pathWithPackaged(env.PATH);
const built = await runVisibly(node, [join(root, "launcher/src/build-main.ts")], "building the page", {
  env,
});
if (built !== 0) fail("The page could not be built; the reason stands above.");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const reporters = ["--reporter=default", `--reporter=${join(root, "scripts/plain-summary.mjs")}`];
become(node, [vitest, "run", "--root", root, ...reporters, ...filters], env);
