/** House rules about the page's source that no linter rule says. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const files = ["app", "src"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => ({
    path: `${folder}/${name}`,
    text: readFileSync(join(root, folder, name), "utf8"),
  })),
);

test("messages and names never become markup", () => {
  expect(
    files.filter(({ text }) => /dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML/.test(text)),
  ).toEqual([]);
});

test("nothing is stored but the identity", () => {
  const stores = files.filter(({ text }) =>
    /localStorage|sessionStorage|document\.cookie|caches\.|serviceWorker|indexedDB/.test(text),
  );
  expect(stores.map(({ path }) => path)).toEqual(["src/identity.ts"]);
});

test("socket.io-client has one place, and so has the peer connection", () => {
  const having = (pattern: RegExp) => files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
  expect(having(/from "socket\.io-client"/)).toEqual(["src/socket.ts"]);
  expect(having(/new RTCPeerConnection/)).toEqual(["src/peer.ts"]);
});

test("colours stand in the tokens", () => {
  const loose = files.filter(
    ({ path, text }) => path.endsWith(".css") && path !== "app/tokens.css" && /#[0-9a-f]{6}\b/i.test(text),
  );
  expect(loose.map(({ path }) => path)).toEqual([]);
});

test("fetches nothing from elsewhere", () => {
  const elsewhere = files.filter(({ path, text }) => !path.endsWith(".svg") && /https?:\/\//.test(text));
  expect(elsewhere.map(({ path }) => path)).toEqual([]);
});
