import { defineConfig } from "vitest/config";

const isEndToEnd = (name: string) => name === "e2e";

/** One project per package; what starts browsers and encoders runs after the rest and one file at a time. */
const project = (name: string) => ({
  test: {
    name,
    include: [`${name}/test/**/*.test.ts`, `${name}/test/**/*.test.tsx`],
    exclude: ["**/node_modules/**"],
    environment: "node",
    fileParallelism: !isEndToEnd(name),
    sequence: { groupOrder: isEndToEnd(name) ? 1 : 0 },
    testTimeout: isEndToEnd(name) ? 180_000 : 30_000,
    hookTimeout: isEndToEnd(name) ? 180_000 : 60_000,
  },
});

export default defineConfig({
  test: {
    projects: ["scripts", "protocol", "signaling", "media-server", "cli", "web", "launcher", "e2e"].map(
      project,
    ),
    // A test that could not be collected must not look like success.
    passWithNoTests: false,
    maxWorkers: 2,
  },
});
