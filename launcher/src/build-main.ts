/** Builds the page if it is stale; what `npm test` runs before the tests. */
import { dirname } from "node:path";
import { buildPage } from "./page.ts";

const root = dirname(dirname(import.meta.dirname));
const abort = new AbortController();
process.once("SIGINT", () => abort.abort());
process.once("SIGTERM", () => abort.abort());
try {
  await buildPage(root, process.env, (text) => process.stdout.write(`${text}\n`), abort.signal);
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
