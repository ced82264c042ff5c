import { describe, expect, test } from "vitest";
import { addressesOf, lanAddresses, type Machine } from "../src/addresses.ts";
import { formatLogLine } from "../src/log-line.ts";
import { helpText, parseOptions, TABLE } from "../src/options.ts";

const defaults = parseOptions([], {});

describe("options", () => {
  test("nothing given: this machine only, port 3000, the folder videos", () => {
    expect(defaults).toEqual({
      videos: "videos",
      isDefaultVideos: true,
      port: 3000,
      host: "127.0.0.1",
      https: false,
      behindProxy: undefined,
      publicUrl: undefined,
      udpPort: 0,
      announce: [],
      turn: undefined,
      cacheMib: 512,
      encodeBudget: true,
      lan: false,
      keys: undefined,
    });
  });

  test.each([
    [["--videos", "/films"], { videos: "/films", isDefaultVideos: false }],
    [["--videos=/films=2"], { videos: "/films=2" }],
    [["--port", "0"], { port: 0 }],
    [["--https"], { https: true }],
    [["--https=off"], { https: false }],
    [["--behind-proxy", "https://films.example/"], { behindProxy: "https://films.example" }],
    [["--public-url", "http://localhost:8080"], { publicUrl: "http://localhost:8080" }],
    [
      ["--announce", "203.0.113.4", "--announce", "2001:db8::1"],
      { announce: ["203.0.113.4", "2001:db8::1"] },
    ],
    [
      ["--turn", "turn:ada:p%40ss@turn.example:3478?transport=udp"],
      { turn: { url: "turn:turn.example:3478?transport=udp", username: "ada", credential: "p@ss" } },
    ],
    [["--cache-mib", "64"], { cacheMib: 64 }],
    [["--encode-budget", "off"], { encodeBudget: false }],
    [["--lan"], { lan: true, host: "0.0.0.0", https: true }],
    [["--lan", "--host", "192.168.1.5"], { host: "192.168.1.5", https: true }],
    [["--keys", "k.json"], { keys: "k.json" }],
  ] as const)("%j", (argv, expected) => {
    expect(parseOptions(argv, {})).toMatchObject(expected);
  });

  test("each option is an environment variable too, and the command line wins", () => {
    expect(
      parseOptions([], { LOGE_PORT: "4000", LOGE_LAN: "1", LOGE_ANNOUNCE: "192.0.2.1,192.0.2.2" }),
    ).toMatchObject({
      port: 4000,
      lan: true,
      announce: ["192.0.2.1", "192.0.2.2"],
    });
    expect(parseOptions(["--port", "5000"], { LOGE_PORT: "4000" }).port).toBe(5000);
    expect(parseOptions([], { LOGE_PORT: "" }).port).toBe(3000);
    expect(new Set(TABLE.map(({ env }) => env)).size).toBe(TABLE.length);
  });

  test.each([
    [["--prot", "1"], "Unknown option --prot"],
    [["videos"], "Unknown option videos"],
    [["-p"], "Unknown option -p"],
    [["--__proto__"], "Unknown option"],
    [["--port"], "--port needs a value"],
    [["--videos", "--https"], "--videos needs a value"],
    [["--port", "x"], "--port must be a whole number"],
    [["--port", "70000"], "from 0 to 65535"],
    [["--port", "-1"], "--port must be a whole number"],
    [["--udp-port", "1e3"], "--udp-port must be a whole number"],
    [["--cache-mib", "1"], "from 16"],
    [["--encode-budget", "maybe"], "must be on or off"],
    [["--behind-proxy", "films.example"], "must be an address like"],
    [["--behind-proxy", "http://films.example"], "must be https"],
    [["--public-url", "https://films.example/room"], "must have no path"],
    [["--announce", "films.example"], "must be an IP address"],
    [["--turn", "turn.example"], "--turn must look like"],
    [["--lan", "--behind-proxy", "https://a.example"], "exclude each other"],
  ])("%j is refused with one sentence", (argv, sentence) => {
    expect(() => parseOptions(argv, {})).toThrow(sentence);
  });

  test("a refusal never repeats a password", () => {
    expect(() => parseOptions(["--turn", "turn:ada:hunter2@"], {})).toThrow(/^(?!.*hunter2)/);
  });

  test("the help names every option and every variable", () => {
    for (const { name, env } of TABLE) {
      expect(helpText()).toContain(`--${name}`);
      expect(helpText()).toContain(env);
    }
  });
});

const machine: Machine = {
  hostname: "Lounge",
  addresses: [
    { address: "127.0.0.1", family: "IPv4", internal: true },
    { address: "203.0.113.9", family: "IPv4", internal: false },
    { address: "fe80::1", family: "IPv6", internal: false },
    { address: "2001:db8::9", family: "IPv6", internal: false },
    { address: "192.168.1.5", family: "IPv4", internal: false },
  ],
};
const addresses = (...argv: string[]) => addressesOf(parseOptions(argv, {}), machine, 3000);

describe("addresses", () => {
  test("LAN addresses first, then public ones, link-local never", () => {
    expect(lanAddresses(machine)).toEqual(["192.168.1.5", "203.0.113.9", "2001:db8::9"]);
  });

  test("by default everything stays on loopback", () => {
    expect(addresses()).toEqual({
      linkOrigin: "http://127.0.0.1:3000",
      signalingOrigin: "http://127.0.0.1:3000",
      names: ["localhost", "127.0.0.1", "::1"],
      udpBind: "127.0.0.1",
      announce: ["127.0.0.1"],
      isOnlyExplaining: false,
    });
  });

  test("--lan puts the LAN address into the links and announces all", () => {
    const lan = addresses("--lan");
    expect(lan).toMatchObject({
      linkOrigin: "https://192.168.1.5:3000",
      signalingOrigin: "https://127.0.0.1:3000",
      udpBind: "0.0.0.0",
      announce: ["192.168.1.5", "203.0.113.9", "2001:db8::9", "127.0.0.1"],
      isOnlyExplaining: false,
    });
    expect(lan.names).toEqual(expect.arrayContaining(["lounge", "lounge.local", "192.168.1.5", "localhost"]));
  });

  test("plain http on all addresses works on this machine and only explains elsewhere", () => {
    expect(addresses("--host", "0.0.0.0")).toMatchObject({
      linkOrigin: "http://127.0.0.1:3000",
      isOnlyExplaining: true,
    });
  });

  test("behind a proxy the page listens on loopback, pictures on every address", () => {
    const proxy = addresses("--behind-proxy", "https://films.example", "--announce", "198.51.100.1");
    expect(proxy).toMatchObject({
      linkOrigin: "https://films.example",
      signalingOrigin: "http://127.0.0.1:3000",
      udpBind: "0.0.0.0",
      isOnlyExplaining: false,
    });
    expect(proxy.announce[0]).toBe("198.51.100.1");
    expect(proxy.names).toContain("films.example");
  });

  test("an IPv6 address is bracketed in links", () => {
    expect(addresses("--host", "2001:db8::9", "--https").linkOrigin).toBe("https://[2001:db8::9]:3000");
  });
});

describe("log lines", () => {
  test("JSON lines become sentences, debug ones vanish, anything else stays", () => {
    const line = '{"level":40,"time":1,"name":"signaling","queuedBytes":7,"msg":"cut off"}';
    expect(formatLogLine("signaling", line)).toBe("signaling  warning: cut off  queuedBytes=7");
    expect(formatLogLine("signaling", '{"level":20,"msg":"strike"}')).toBeUndefined();
    expect(formatLogLine("media-server", "Error: boom")).toBe("media-server  Error: boom");
    expect(formatLogLine("media-server", "null")).toBe("media-server  null");
  });
});
