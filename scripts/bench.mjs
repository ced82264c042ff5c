import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { become, bootstrap, fail, root } from "./lib.mjs";

const folder = join(root, "bench");
const [name, ...rest] = process.argv.slice(2);
const file = join(folder, `${name}.ts`);
if (!name || !/^[a-z0-9-]+$/.test(name) || !existsSync(file)) {
  const names = existsSync(folder) ? readdirSync(folder).filter((entry) => entry.endsWith(".ts")) : [];
  const list = names.map((entry) => entry.slice(0, -3)).join(", ");
  fail(`Usage: npm run bench -- NAME [--json]; names: ${list || "none yet"}.`);
}
const { node, env } = await bootstrap();
become(node, [file, ...rest], env);
