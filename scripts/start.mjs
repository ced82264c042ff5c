import { join } from "node:path";
import { become, bootstrap, root } from "./lib.mjs";

const { node, env } = await bootstrap();
become(node, [join(root, "launcher/src/main.ts"), ...process.argv.slice(2)], env, { tied: true });
