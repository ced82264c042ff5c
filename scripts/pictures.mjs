import { join } from "node:path";
import { become, bootstrap, root } from "./lib.mjs";

const { node, env } = await bootstrap();
become(node, [join(root, "e2e/src/pictures.ts"), ...process.argv.slice(2)], env);
