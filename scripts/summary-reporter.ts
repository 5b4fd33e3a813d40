/** The end of `npm test`: why tests were skipped, and one line that says how many passed, failed and were skipped. */
import type { Reporter, TestCase, TestModule } from "vitest/node";

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): readonly TestCase[] => tests.filter((test) => test.result().state === state);
    const skipped = inState("skipped");
    for (const test of skipped) {
      const result = test.result();
      // The reason is the note of skip(), or stands in the name.
      const note = result.state === "skipped" && result.note !== undefined ? `: ${result.note}` : "";
      console.log(`skipped: ${test.module.relativeModuleId}: ${test.fullName}${note}`);
    }
    // A file that cannot be loaded has no tests, and an error outside of any test is nobody's: both are failures.
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const failed = inState("failed").length + broken + unhandledErrors.length;
    const counts = [`${inState("passed").length} passed`, `${failed} failed`];
    if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
    console.log(`\n${counts.join(", ")}`);
  }
}
