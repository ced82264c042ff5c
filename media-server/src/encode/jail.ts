// The jail every ffmpeg and ffprobe runs in: it may write no file, leave no core, reach no network, and it
// ends with us. Each bar is tried at start; what is in force is logged, not hoped for (facts: security §4).

import { runTool, type ToolResult } from "./process.ts";

export interface Jail {
  /** Goes in front of the command; may be empty. */
  readonly prefix: readonly string[];
  /** One line per bar, for the log. */
  readonly report: {
    readonly noFileWrites: boolean;
    readonly noCores: boolean;
    readonly noNetwork: boolean;
    readonly diesWithUs: boolean;
  };
}

const LIMITS: readonly (readonly string[])[] = [
  ["prlimit", "--fsize=0", "--core=0", "--nofile=256", "--"],
  ["sh", "-c", 'ulimit -f 0 -c 0; exec "$@"', "sh"],
];
const NO_NETWORK = ["unshare", "-Urn", "--"] as const;
/** Encoding ahead must not take the processor from frames that are due now, ours or a browser's on the same machine. */
const YIELDS = ["nice", "-n", "5"] as const;
const DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL", "--"] as const;

const attempt = (argv: readonly string[]): Promise<ToolResult> => runTool(argv, { timeoutMs: 5_000 });
const works = async (prefix: readonly string[]): Promise<boolean> =>
  (await attempt([...prefix, "true"])).code === 0;

/** What a process inside really has: file and core limits, and its network devices. */
const inspect = async (
  prefix: readonly string[],
): Promise<{ fsize: boolean; core: boolean; net: boolean }> => {
  const seen = await attempt([...prefix, "sh", "-c", "ulimit -f; ulimit -c; cat /proc/self/net/dev"]);
  const lines = seen.stdout.split("\n");
  const devices = lines.filter((line) => line.includes(":")).map((line) => line.split(":")[0]?.trim());
  return {
    fsize: lines[0]?.trim() === "0",
    core: lines[1]?.trim() === "0",
    net: seen.code === 0 && devices.length > 0 && devices.every((name) => name === "lo"),
  };
};

/** Builds the strongest jail this machine allows. Takes a few dozen ms; never fails. */
export const buildJail = async (): Promise<Jail> => {
  const prefix: string[] = [];
  for (const limits of LIMITS) {
    if (!(await works(limits))) continue;
    prefix.push(...limits);
    break;
  }
  if (await works([...prefix, ...NO_NETWORK])) prefix.push(...NO_NETWORK);
  const diesWithUs = await works([...prefix, ...DIES_WITH_US]);
  if (diesWithUs) prefix.push(...DIES_WITH_US);
  if (await works([...prefix, ...YIELDS])) prefix.push(...YIELDS);
  const seen = await inspect(prefix);
  return {
    prefix,
    report: { noFileWrites: seen.fsize, noCores: seen.core, noNetwork: seen.net, diesWithUs },
  };
};
