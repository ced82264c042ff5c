// npm run check: everything that can be said about the code without running it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bootstrap, root } from "./lib.mjs";

const { node, env } = await bootstrap();
const bin = (name) => join(root, "node_modules", ".bin", name);
const steps = [
  ["biome ci", bin("biome"), ["ci", "--error-on-warnings", "."]],
  ["tsc -p .", node, [bin("tsc"), "-p", "."]],
  ["tsc -p web", node, [bin("tsc"), "-p", "web"]],
  ["knip", node, [bin("knip"), "--no-progress"]],
  ["docs and error codes", node, [join(root, "scripts/check-docs.mjs")]],
];
const failed = [];
for (const [what, command, args] of steps) {
  process.stdout.write(`\n— ${what}\n`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (error) process.stderr.write(`${error.message}\n`);
  if (status !== 0) failed.push(what);
}
process.stdout.write(
  failed.length === 0 ? "\ncheck: all clean\n" : `\ncheck: failed in ${failed.join(", ")}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
