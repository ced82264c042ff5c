/** The options of `npm start`: one table, from which --help, the README's table and the parser follow. Pure. */

interface Row {
  readonly name: string;
  /** What stands for the value; none for a switch. */
  readonly value?: string;
  readonly env: string;
  readonly fallback: string;
  readonly what: string;
}

export const TABLE = [
  { name: "videos", value: "DIR", env: "LOGE_VIDEOS", fallback: "videos", what: "folder of films" },
  {
    name: "port",
    value: "N",
    env: "LOGE_PORT",
    fallback: "3000",
    what: "TCP port of the page and signaling; 0 takes a free one",
  },
  {
    name: "host",
    value: "ADDR",
    env: "LOGE_HOST",
    fallback: "127.0.0.1",
    what: "address to listen on; others than this machine's own need --https or --behind-proxy",
  },
  {
    name: "https",
    env: "LOGE_HTTPS",
    fallback: "off",
    what: "serve https with a certificate of a local CA, made on the first run",
  },
  {
    name: "behind-proxy",
    value: "URL",
    env: "LOGE_BEHIND_PROXY",
    fallback: "",
    what: "a proxy with a certificate stands in front and is reached at URL",
  },
  {
    name: "public-url",
    value: "URL",
    env: "LOGE_PUBLIC_URL",
    fallback: "",
    what: "address that stands in the links",
  },
  {
    name: "udp-port",
    value: "N",
    env: "LOGE_UDP_PORT",
    fallback: "0",
    what: "UDP port of all viewers; 0 takes a free one",
  },
  {
    name: "announce",
    value: "IP",
    env: "LOGE_ANNOUNCE",
    fallback: "",
    what: "further address at which the UDP port is reached (a router's); may be repeated, or separated by commas",
  },
  {
    name: "turn",
    value: "URL",
    env: "LOGE_TURN",
    fallback: "",
    what: "TURN server, turn:USER:PASSWORD@HOST:PORT",
  },
  {
    name: "cache-mib",
    value: "N",
    env: "LOGE_CACHE_MIB",
    fallback: "512",
    what: "memory for encoded pictures and sound, in MiB",
  },
  {
    name: "encode-budget",
    value: "on|off",
    env: "LOGE_ENCODE_BUDGET",
    fallback: "on",
    what: "refuse encodes that would not hold real time",
  },
  {
    name: "lan",
    env: "LOGE_LAN",
    fallback: "off",
    what: "short for --host 0.0.0.0 --https, with this machine's LAN address in the links",
  },
  {
    name: "keys",
    value: "FILE",
    env: "LOGE_KEYS",
    fallback: "~/.config/loge/keys.json",
    what: "the host's keys, made on the first run",
  },
] as const satisfies readonly Row[];

type Name = (typeof TABLE)[number]["name"];

export interface Turn {
  readonly url: string;
  readonly username: string;
  readonly credential: string;
}

export interface Options {
  readonly videos: string;
  /** The folder was not chosen, so a sample may be put into it. */
  readonly isDefaultVideos: boolean;
  readonly port: number;
  readonly host: string;
  readonly https: boolean;
  readonly behindProxy: string | undefined;
  readonly publicUrl: string | undefined;
  readonly udpPort: number;
  readonly announce: readonly string[];
  readonly turn: Turn | undefined;
  readonly cacheMib: number;
  readonly encodeBudget: boolean;
  readonly lan: boolean;
  /** Undefined: the default place. */
  readonly keys: string | undefined;
}

/** One sentence for the person who typed it. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

const rowOf = (name: string): Row | undefined => TABLE.find((row) => row.name === name);
const seeHelp = "See npm start -- --help.";

/** Raw values by name, command line before environment. Repeated values of a list are joined by commas. */
function collect(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const row of TABLE) {
    const value = env[row.env];
    if (value !== undefined && value !== "") values.set(row.name, value);
  }
  const given = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const [word = "", ...rest] = (argv[at] ?? "").split("=");
    const row = word.startsWith("--") ? rowOf(word.slice(2)) : undefined;
    if (row === undefined) throw new OptionError(`Unknown option ${word}. ${seeHelp}`);
    const inline = rest.length > 0 ? rest.join("=") : undefined;
    const isSwitch = row.value === undefined;
    const value = inline ?? (isSwitch ? "on" : argv[++at]);
    if (value === undefined || value === "" || (inline === undefined && !isSwitch && value.startsWith("--")))
      throw new OptionError(`--${row.name} needs a value (${row.value}). ${seeHelp}`);
    const before = given.get(row.name);
    given.set(row.name, before !== undefined && row.name === "announce" ? `${before},${value}` : value);
  }
  for (const [name, value] of given) values.set(name, value);
  return values;
}

function wholeNumber(name: Name, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new OptionError(`--${name} must be a whole number from ${min} to ${max}, not "${text}".`);
}

function onOff(name: Name, text: string): boolean {
  if (/^(on|1|true|yes)$/i.test(text)) return true;
  if (/^(off|0|false|no)$/i.test(text)) return false;
  throw new OptionError(`--${name} must be on or off, not "${text}".`);
}

const isLoopbackHost = (host: string): boolean =>
  host === "localhost" || host === "::1" || host.startsWith("127.");

/** An origin without a trailing slash. Plain http is refused for anybody else's machine: browsers give it no encryption. */
function origin(name: Name, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "")
    throw new OptionError(`--${name} must be an address like https://films.example, not "${text}".`);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw new OptionError(`--${name} must have no path: the page stands at the root of ${url.origin}.`);
  if (url.protocol === "http:" && !isLoopbackHost(url.hostname.replace(/^\[|\]$/g, "")))
    throw new OptionError(`--${name} must be https: browsers give a page of plain http no encryption.`);
  return url.origin;
}

function address(text: string): string {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) || (/^[0-9a-f:.]+$/i.test(text) && text.includes(":")))
    return text;
  throw new OptionError(`--announce must be an IP address, not "${text}".`);
}

function turnOf(text: string): Turn {
  const match = /^(turns?):([^:@\s]+):([^@\s]+)@([^@\s]+)$/.exec(text);
  const [, scheme, username = "", credential = "", server] = match ?? [];
  if (server === undefined) throw new OptionError("--turn must look like turn:USER:PASSWORD@HOST:PORT.");
  return {
    url: `${scheme}:${server}`,
    username: decodeURIComponent(username),
    credential: decodeURIComponent(credential),
  };
}

/** Throws an {@link OptionError}. */
export function parseOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const values = collect(argv, env);
  const text = (name: Name): string => values.get(name) ?? rowOf(name)?.fallback ?? "";
  const optional = (name: Name): string | undefined => values.get(name);
  const lan = onOff("lan", text("lan"));
  const proxy = optional("behind-proxy");
  const publicUrl = optional("public-url");
  const turn = optional("turn");
  const announce = text("announce")
    .split(",")
    .filter((part) => part !== "");
  if (lan && proxy !== undefined) throw new OptionError("--lan and --behind-proxy exclude each other.");
  return {
    videos: text("videos"),
    isDefaultVideos: !values.has("videos"),
    port: wholeNumber("port", text("port"), 0, 65_535),
    host: optional("host") ?? (lan ? "0.0.0.0" : text("host")),
    https: lan || onOff("https", text("https")),
    behindProxy: proxy === undefined ? undefined : origin("behind-proxy", proxy),
    publicUrl: publicUrl === undefined ? undefined : origin("public-url", publicUrl),
    udpPort: wholeNumber("udp-port", text("udp-port"), 0, 65_535),
    announce: announce.map((part) => address(part.trim())),
    turn: turn === undefined ? undefined : turnOf(turn),
    cacheMib: wholeNumber("cache-mib", text("cache-mib"), 16, 1_000_000),
    encodeBudget: onOff("encode-budget", text("encode-budget")),
    lan,
    keys: optional("keys"),
  };
}

export const wantsHelp = (argv: readonly string[]): boolean => argv.includes("--help") || argv.includes("-h");

export function helpText(): string {
  const head = (row: Row): string => `--${row.name}${row.value === undefined ? "" : ` ${row.value}`}`;
  const width = Math.max(...TABLE.map((row) => head(row).length)) + 2;
  const lines = TABLE.map((row: Row) => {
    const fallback = row.fallback === "" ? "" : ` (default ${row.fallback})`;
    return `  ${head(row).padEnd(width)}${row.what}${fallback}; ${row.env}`;
  });
  return [
    "Usage: npm start -- [options]",
    "",
    "Opens a private screening room for the films of a folder and prints the links.",
    "",
    ...lines,
    "",
    "Each option is also an environment variable, named at the end of its line. FFMPEG_PATH names an ffmpeg to use.",
    "",
  ].join("\n");
}
