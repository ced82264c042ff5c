/** Builds the page when its sources have changed since the last build. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { run } from "./run.ts";

const SOURCES = ["web", "protocol/src", "package-lock.json"] as const;
const NOT_SOURCES = new Set([
  "node_modules",
  ".next",
  "out",
  "test",
  "next-env.d.ts",
  "tsconfig.tsbuildinfo",
]);
/** The hash of what it was built from lies in the build itself; signaling serves no file whose name begins with a dot. */
const MARK = "web/out/.sources";

async function filesUnder(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [path];
  const kept = entries.filter(({ name }) => !NOT_SOURCES.has(name));
  const lists = await Promise.all(
    kept.map((entry) =>
      entry.isDirectory() ? filesUnder(join(path, entry.name)) : [join(path, entry.name)],
    ),
  );
  return lists.flat();
}

/** One hash over names and contents of everything the page is built from. */
export async function hashSources(root: string): Promise<string> {
  const files = (await Promise.all(SOURCES.map((source) => filesUnder(join(root, source)))))
    .flat()
    .toSorted();
  const hash = createHash("sha256");
  for (const file of files) {
    const content = await readFile(file).catch(() => Buffer.alloc(0));
    hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** Undefined where the page is as new as its sources, else their hash. */
export async function staleHash(root: string): Promise<string | undefined> {
  const wanted = await hashSources(root);
  const built = existsSync(join(root, "web/out/index.html"))
    ? await readFile(join(root, MARK), "utf8").catch(() => "")
    : "";
  return built.trim() === wanted ? undefined : wanted;
}

/** Throws a sentence. Says nothing where nothing is to do. */
export async function buildPage(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const hash = await staleHash(root);
  if (hash === undefined) return;
  say("Building the page; this takes about half a minute.");
  const startedMs = Date.now();
  const ticker = setInterval(
    () => say(`… building the page, ${Math.round((Date.now() - startedMs) / 1000)} s`),
    10_000,
  );
  const output: string[] = [];
  try {
    const next = join(root, "node_modules/next/dist/bin/next");
    const { code } = await run(process.execPath, [next, "build"], {
      cwd: join(root, "web"),
      env: { ...env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" },
      signal,
      onLine: (line) => output.push(line),
    });
    if (code !== 0) throw new Error(`The page could not be built:\n${output.slice(-40).join("\n")}`);
  } finally {
    clearInterval(ticker);
  }
  await writeFile(join(root, MARK), `${hash}\n`);
  say(`The page is built (${Math.round((Date.now() - startedMs) / 1000)} s).`);
}
