/** Watches what a running process and all it starts open for writing, by strace; and what a start under it would see. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "./house.ts";

export interface FileWatch {
  /** Ends the watch. Every call that made or could write a file, and how many files were opened to be read. */
  end(): Promise<{ readonly writes: readonly string[]; readonly reads: readonly string[] }>;
}

/** Node sends no file calls past these by io_uring, unless UV_USE_IO_URING asks for it. */
const CALLS = [
  ...["open", "openat", "openat2", "creat", "truncate", "ftruncate", "fallocate"],
  ...["rename", "renameat", "renameat2", "mkdir", "mkdirat", "mknod", "mknodat"],
  ...["link", "linkat", "symlink", "symlinkat", "memfd_create"],
];
/** Devices hold nothing. The kernel's own files under /proc (a user namespace's maps) are no storage either. */
const HARMLESS =
  /"\/(dev\/(null|zero|tty|shm\/\.\.)|proc\/(self|\d+)\/(uid_map|gid_map|setgroups|oom_score_adj|task\/[^"]*))"/;

const isWriting = (line: string): boolean => {
  if (/ = -1 E/.test(line) || HARMLESS.test(line)) return false; // refused, or nothing that stays
  if (/\b(open|openat|openat2)\(/.test(line)) return /O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE|O_TRUNC/.test(line);
  return CALLS.some((call) => new RegExp(`\\b${call}\\(`).test(line));
};

/**
 * Attaches to a running process with all its threads and children. Undefined, with the reason, where strace is absent or
 * ptrace is forbidden.
 */
export async function watchFiles(pid: number): Promise<FileWatch | string> {
  const folder = await mkdtemp(join(tmpdir(), "loge-strace-"));
  const file = join(folder, "trace");
  // an optional call is one that this architecture may not have
  const trace = `trace=${CALLS.map((call) => `?${call}`).join(",")}`;
  const args = ["-f", "-q", "-s", "256", "-e", trace, "-e", "signal=none", "-o", file, "-p", String(pid)];
  const strace = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  strace.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => {
    strace.once("error", (error) => {
      complaint += error.message;
      resolve();
    });
    strace.once("exit", () => resolve());
  });
  const isTraced = async (): Promise<boolean> =>
    /^TracerPid:\t[1-9]/m.test(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""));
  if (!(await waitFor(isTraced, 10_000, ended))) {
    strace.kill();
    await rm(folder, { recursive: true, force: true });
    return complaint.trim() || "strace did not attach";
  }
  return {
    end: async () => {
      strace.kill("SIGINT"); // it lets go of everything and writes what it has
      await ended;
      const lines = joined((await readFile(file, "utf8")).split("\n"));
      await rm(folder, { recursive: true, force: true });
      const reads = lines.filter((line) => /\bopen(at)?\(.*O_RDONLY.* = \d+/.test(line));
      return { writes: lines.filter(isWriting), reads };
    },
  };
}

/** strace splits a call that another thread interrupts: `open(… <unfinished ...>` and `<... open resumed>…`. */
function joined(lines: readonly string[]): readonly string[] {
  const begun = new Map<string, string>();
  const whole: string[] = [];
  for (const line of lines) {
    const pid = /^\d+/.exec(line)?.[0] ?? "";
    if (line.endsWith("<unfinished ...>")) begun.set(pid, line.slice(0, -"<unfinished ...>".length));
    else if (/<\.\.\. \w+ resumed>/.test(line)) {
      whole.push((begun.get(pid) ?? pid) + line.replace(/^\d+ +<\.\.\. \w+ resumed>/, ""));
      begun.delete(pid);
    } else whole.push(line);
  }
  return [...whole, ...begun.values()];
}
