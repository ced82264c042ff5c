// What every script shares. Runs on Node >= 18 with nothing installed: no dependency, no newer syntax.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Ends the script with one sentence. */
export function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

const readJson = (path) => {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
};

/**
 * Why dependencies must be installed, or undefined. Compares what the lock asks for with npm's own record of what
 * is there, so a changed lock is noticed and an unchanged one costs nothing.
 */
export function missingDependencies(dir = root) {
  const wanted = readJson(join(dir, "package-lock.json"));
  const present = readJson(join(dir, "node_modules", ".package-lock.json"));
  if (present === undefined) return "nothing is installed yet";
  if (wanted === undefined) return undefined;
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (!path.startsWith("node_modules/") || entry.link) continue;
    const found = present.packages[path];
    if (found === undefined && entry.optional) continue;
    if (found === undefined || found.version !== entry.version || !existsSync(join(dir, path))) {
      return `${path.slice("node_modules/".length)} ${entry.version} is missing`;
    }
  }
  return undefined;
}

/** Runs a command to its end with inherited output; says every 10 s that it is still at it. Resolves to the exit code. */
export function runVisibly(command, args, what, options = {}) {
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
    const tick = setInterval(() => {
      process.stdout.write(`… ${what}, ${Math.round((Date.now() - startedMs) / 1000)} s\n`);
    }, 10_000);
    const end = (code) => {
      clearInterval(tick);
      resolve(code);
    };
    child.once("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      end(127);
    });
    child.once("exit", (code) => end(code === null ? 1 : code));
  });
}

function npm(args, what, stdio = ["ignore", "inherit", "inherit"]) {
  // Under `npm start` npm says where it is; that one is used, so that no second npm is needed on PATH.
  const script = process.env.npm_execpath;
  const common = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  const options = { env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" }, stdio };
  if (script?.endsWith(".js"))
    return runVisibly(process.execPath, [script, ...args, ...common], what, options);
  return runVisibly("npm", [...args, ...common], what, { ...options, shell: process.platform === "win32" });
}

async function ensureDependencies() {
  const reason = missingDependencies();
  if (reason === undefined) return;
  process.stdout.write(`Installing dependencies (${reason}); the first time takes about a minute.\n`);
  const what = "npm is installing";
  const hasLock = existsSync(join(root, "package-lock.json"));
  let code = 1;
  // `npm ci` refuses a lock that lacks packages of other platforms, as registries that do not carry them leave it;
  // then `npm install` takes the locked versions all the same, and writes nothing.
  if (hasLock && !existsSync(join(root, "node_modules"))) code = await npm(["ci"], what, "ignore");
  if (code !== 0) code = await npm(["install", ...(hasLock ? ["--no-save"] : [])], what);
  if (code !== 0)
    fail("npm could not install the dependencies; check the network and the text above, then try again.");
  process.stdout.write("Dependencies are installed.\n");
}

const runs = (binary) => spawnSync(binary, ["--version"], { encoding: "utf8", timeout: 20_000 }).status === 0;

function findNode24() {
  const packaged = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(packaged) && runs(packaged)) return packaged;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return process.execPath;
  return fail(
    `No Node 24 for ${process.platform}-${process.arch} came with npm; install Node 24 (https://nodejs.org) and try again.`,
  );
}

/**
 * Makes the clone able to run: dependencies are there and a Node 24 is found.
 * Returns that Node and an environment in which `node` means it.
 */
export async function bootstrap() {
  if (Number(process.versions.node.split(".")[0]) < 18) {
    fail(
      `Node ${process.versions.node} is too old to start Loge; install Node 20 or newer (https://nodejs.org).`,
    );
  }
  await ensureDependencies();
  const node = findNode24();
  const env = {
    ...process.env,
    NEXT_TELEMETRY_DISABLED: "1",
    PATH: `${dirname(node)}${delimiter}${process.env.PATH || ""}`,
  };
  return { node, env };
}

/**
 * Hands this terminal over to a program: output and input inherited, signals passed on, its exit code becomes ours.
 * With `tied` an IPC channel lets the program notice that this process died without a word.
 */
export function become(command, args, env, { tied = false } = {}) {
  const channel = tied ? ["ipc"] : [];
  const child = spawn(command, args, { env, stdio: ["inherit", "inherit", "inherit", ...channel] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => fail(`${command}: ${error.message}`));
  child.once("exit", (code, signal) => {
    process.exitCode = code === null ? 128 + (signal === "SIGINT" ? 2 : 15) : code;
  });
}

/** First of the names that is an executable on PATH (or is a path itself). */
export function findProgram(names) {
  const folders = (process.env.PATH || "").split(delimiter).filter(Boolean);
  for (const name of names) {
    if (!name) continue;
    for (const candidate of name.includes("/") ? [name] : folders.map((folder) => join(folder, name))) {
      try {
        accessSync(candidate, constants.X_OK);
        return candidate;
      } catch {
        // not this one
      }
    }
  }
  return undefined;
}

/** Installs a Debian package when we may; false where we may not or it failed. */
export async function aptInstall(name) {
  const isRoot = typeof process.getuid === "function" && process.getuid() === 0;
  if (!isRoot || findProgram(["apt-get"]) === undefined) return false;
  process.stdout.write(`Installing ${name} with apt-get; this can take a few minutes.\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { env, stdio: ["ignore", "ignore", "inherit"] };
  await runVisibly("apt-get", ["update", "-qq"], "apt-get update", options);
  const code = await runVisibly("apt-get", ["install", "-y", "-qq", name], `installing ${name}`, options);
  return code === 0;
}
