// A vitest reporter that closes with one plain line, so that neither people nor scripts must read a table.

/** A file that could not even be loaded counts as one failed test. */
export function countTests(modules, unhandledErrors) {
  const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    let own = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") count.passed += 1;
      else if (state === "failed") count.failed += 1;
      else count.skipped += 1;
      own += state === "failed" ? 1 : 0;
    }
    if (own === 0 && module.state() === "failed") count.failed += 1;
  }
  return count;
}

export default class PlainSummary {
  onTestRunEnd(modules, unhandledErrors) {
    const { passed, failed, skipped } = countTests(modules, unhandledErrors);
    // After the default reporter's own summary.
    process.once("exit", () =>
      process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`),
    );
  }
}
