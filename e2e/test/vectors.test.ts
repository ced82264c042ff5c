/** The vectors of cards and envelopes once more, in Chromium: both platforms must agree on every one. */
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SuiteResult } from "../../protocol/test/vector-suite.ts";
import { openBrowser } from "../src/guest.ts";
import { ROOT } from "../src/house.ts";

/** The suite as one module that a page can load. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    root: ROOT,
    build: {
      write: false,
      target: "esnext",
      lib: { entry: join(ROOT, "protocol/test/vector-suite.ts"), formats: ["es"], fileName: "suite" },
    },
  });
  const [result] = Array.isArray(built) ? built : [built];
  if (!result || !("output" in result)) throw new Error("nothing was built");
  return result.output[0].code;
}

const PAGE = `<!doctype html><title>vectors</title><script type="module">
import { runVectors } from "/suite.js";
window.vectorResults = runVectors();
</script>`;

let server: Server;
let browser: Browser;

beforeAll(async () => {
  const code = await bundle();
  server = createServer((request, response) => {
    const isScript = request.url === "/suite.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? code : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => server?.close(resolve));
});

test("every vector has its result in Chromium", { timeout: 180_000 }, async () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${address.port}/`);
  await page.waitForFunction(() => "vectorResults" in window);
  const results = await page.evaluate(
    () => (window as unknown as { vectorResults: Promise<readonly SuiteResult[]> }).vectorResults,
  );
  expect(results.length).toBeGreaterThan(20);
  expect(results.filter(({ got, expected }) => got !== expected)).toEqual([]);
});
