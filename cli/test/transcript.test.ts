/** What a person at the terminal sees, against the real servers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type Client, startClient } from "./support/client.ts";
import { type House, startHouse } from "./support/house.ts";

let house: House;
const clients: Client[] = [];
const enter = (name: string, ...more: readonly string[]): Client => {
  const client = startClient([house.invite, "--name", name, ...more]);
  clients.push(client);
  return client;
};

vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  house = await startHouse({ "Short film": 3, Long: 40 });
}, 120_000);
afterEach(async () => {
  await Promise.all(
    clients.splice(0).map((client) => {
      client.kill("SIGTERM");
      return client.exit;
    }),
  );
});
afterAll(() => house.close());

test("lines to everyone and to one person arrive, and only where they should", async () => {
  const anna = enter("Anna");
  await anna.sees(/^joined as Anna; nobody else is here yet$/m);
  const bob = enter("Bob Ray");
  await bob.sees(/^joined as Bob Ray; here: Anna$/m);
  await anna.sees(/^Bob Ray joined$/m);
  const carol = enter("Carol");
  await carol.sees(/^joined as Carol; here: /m);

  anna.type(
    "hello all",
    "encrypt Bob Ray only for you",
    'encrypt "bob ray" in quotes',
    "\\people is a word",
    "say stop it",
  );
  await bob.sees(/^Anna: stop it$/m);
  await carol.sees(/^Anna: stop it$/m);
  const talk = (client: Client): readonly string[] =>
    client
      .out()
      .split("\n")
      .filter((line) => line.startsWith("Anna"));
  expect(talk(bob)).toEqual([
    "Anna: hello all",
    "Anna (encrypted): only for you",
    "Anna (encrypted): in quotes",
    "Anna: people is a word",
    "Anna: stop it",
  ]);
  expect(talk(carol).filter((line) => line.startsWith("Anna:"))).toEqual([
    "Anna: hello all",
    "Anna: people is a word",
    "Anna: stop it",
  ]);
  expect(carol.out()).not.toContain("only for you");
  await anna.sees(/^sent to Bob Ray \(encrypted\)$/m);

  bob.type("quit");
  expect(await bob.exit).toBe(0);
  await anna.sees(/^Bob Ray left$/m);
});

test("verify prints one safety number at both ends, with the key tags that people shows", async () => {
  const anna = enter("Anna");
  const bob = enter("Bob Ray");
  await bob.sees(/^joined as Bob Ray; here: Anna$|^Anna joined$/m);
  await anna.sees(/^joined as Anna; here: Bob Ray$|^Bob Ray joined$/m);
  anna.type("people", 'verify "bob ray"');
  bob.type("verify ANNA", "verify Bob Ray", "verify Nobody");
  const number = /^safety number of (.+):((?:\n {2}\d{5} \d{5} \d{5} \d{5}){3})$/m;
  const [, hers, digits] = await anna.sees(number);
  const [, his, same] = await bob.sees(number);
  expect([hers, his]).toEqual(["Anna and Bob Ray", "Bob Ray and Anna"]);
  expect(same).toBe(digits);
  const [, tag] = await anna.sees(/^Bob Ray {2}(\S{9})$/m);
  await anna.sees(new RegExp(`^ {2}Bob Ray {2}${tag}$`, "m"));
  await bob.sees(new RegExp(`^ {2}Bob Ray {2}${tag} {2}you$`, "m"));
  await expect.poll(() => bob.err()).toMatch(/^loge: error: that is you$/m);
  await expect.poll(() => bob.err()).toMatch(/^loge: error: That person is not in the room. \(Nobody\)$/m);
});

test("questions are answered by the next lines, and no answer becomes a broadcast", async () => {
  const bob = enter("Bob");
  await bob.sees(/^joined/m);
  const anna = enter("Anna");
  await bob.sees(/^Anna joined$/m);
  anna.type(
    "encrypt",
    "Bob",
    "by questions",
    "encrypt",
    "Nobody",
    "secret one",
    "encrypt Nobody",
    "secret two",
    "video",
    "no such title",
    "360",
    "done",
  );
  await bob.sees(/^Anna: done$/m);
  expect(
    bob
      .out()
      .split("\n")
      .filter((line) => line.startsWith("Anna")),
  ).toEqual(["Anna joined", "Anna (encrypted): by questions", "Anna: done"]);
  expect(anna.out()).toMatch(/^Receiver:\nMessage:\nReceiver:\nMessage:\nMessage:\n/m);
  expect(anna.out()).toMatch(/^1 {2}Long {2}0:40 {2}320x180\n2 {2}Short film {2}0:03 {2}320x180$/m);
  expect(anna.err()).toMatch(/^loge: error: That person is not in the room. \(Nobody\)\nloge: hint: /m);
  expect(anna.err()).toMatch(/^loge: error: there is no title no such title\nloge: hint: /m);
});

test("a script plays a film to its end, says what arrived, and leaves", async () => {
  const anna = enter("Anna");
  anna.type('video "Short film" 144');
  anna.end();
  expect(await anna.exit, anna.err()).toBe(0);
  expect(anna.out()).toMatch(/^playing Short film: 0:03, 144p, 256x144 vp8$/m);
  const [, frames, seconds] = /^ended Short film: (\d+) frames, 256x144, (\d\.\d) s$/m.exec(anna.out()) ?? [];
  expect(Number(frames), anna.out()).toBeGreaterThanOrEqual(88);
  expect(Number(frames)).toBeLessThanOrEqual(91);
  expect(Number(seconds)).toBeCloseTo(3, 0);
});

test("somebody watches along; controls belong to the owner until everyone may", async () => {
  const anna = enter("Anna");
  const bob = enter("Bob");
  await bob.sees(/^joined/m);
  anna.type("video Long 144");
  await bob.sees(/^Anna plays Long \(join Anna to watch along\)$/m);
  bob.type("join Anna");
  await bob.sees(/^watching Long from 0:\d\d: /m);
  bob.type("people");
  await bob.sees(/^Bob .* you {2}watches Long at 0:\d\d$/m);
  bob.type("pause");
  await bob.sees(/^loge: error: Somebody else controls this screening\. \(Anna\)$/m);
  anna.type("mode everyone");
  await anna.sees(/^controls: everyone$/m);
  bob.type("pause");
  await anna.sees(/^paused at 0:\d\d \(Bob\)$/m);
  anna.type("seek 0:39");
  await bob.sees(/^now at 0:39 \(Anna\)$/m);
  anna.type("resume");
  await anna.sees(/^ended Long: \d+ frames, 256x144, /m);
  await bob.sees(/^ended Long: \d+ frames, /m);
});

test("text of others cannot move the cursor nor pretend to be a line of somebody else", async () => {
  const bob = enter("Bob");
  await bob.sees(/^joined/m);
  const anna = enter("Anna");
  await bob.sees(/^Anna joined$/m);
  anna.type("red \u001b[31m bell \u0007 back\u202ewards", "last");
  await bob.sees(/^Anna: last$/m);
  expect(bob.out()).toContain("Anna: red \ufffd[31m bell \ufffd back\ufffdwards\n");
});

test("signaling dies and comes back: the film runs on, and a line waits for it", async () => {
  const bob = enter("Bob");
  const anna = enter("Anna");
  await anna.sees(/^joined/m);
  await bob.sees(/^joined|Anna joined/m);
  anna.type("video Long 144");
  await anna.sees(/^playing Long/m);
  await house.killSignaling();
  await anna.sees(/^the server is away/m);
  anna.type("said while it was away");
  await house.restartSignaling();
  await anna.sees(/^the server is back$/m);
  await bob.sees(/^Anna: said while it was away$/m);
  anna.type("seek 0:39");
  await anna.sees(/^ended Long: \d+ frames, 256x144, /m);
  expect(anna.out()).not.toMatch(/^Bob (left|lost)/m);
});

test("one identity file keeps the key tag over runs, and a file open to others is refused", async () => {
  const dir = await mkdtemp(join(tmpdir(), "loge-id-"));
  try {
    const file = join(dir, "private", "identity.json");
    const tagOf = async (): Promise<string | undefined> => {
      const anna = enter("Anna", "--identity", file);
      anna.type("people");
      anna.end();
      expect(await anna.exit, anna.err()).toBe(0);
      return /^Anna +(\S{9}) {2}you$/m.exec(anna.out())?.[1];
    };
    const tag = await tagOf();
    expect(tag).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    expect(await tagOf()).toBe(tag);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("a name that is taken, a server that is not there, a link that is cut: a sentence, a hint, an exit code", async () => {
  const anna = enter("Anna");
  await anna.sees(/^joined/m);
  const other = enter("anna");
  expect(await other.exit).toBe(1);
  expect(other.err()).toMatch(
    /^loge: error: Somebody else in the room already uses this name\.\nloge: hint: Choose another name\.$/m,
  );

  const nowhere = startClient([house.invite.replace(/:\d+\//, ":9/"), "--name", "Anna"]);
  clients.push(nowhere);
  expect(await nowhere.exit).toBe(1);
  expect(nowhere.err()).toMatch(
    /^loge: error: the server at http:\/\/127\.0\.0\.1:9 cannot be reached \(.*ECONNREFUSED.*\)\nloge: hint: /m,
  );

  const cut = startClient([house.invite.split("&")[0] ?? "", "--name", "Anna"]);
  clients.push(cut);
  expect(await cut.exit).toBe(2);
  expect(cut.err()).toMatch(
    /^loge: error: the invite link is not whole\nloge: hint: Put the whole link in single quotes/m,
  );
});

test("SIGTERM and SIGINT leave cleanly in the middle of a film", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const anna = enter("Anna");
    anna.type("video Long 144");
    await anna.sees(/^playing Long/m);
    anna.kill(signal);
    expect(await anna.exit).toBe(0);
  }
});
