import { defineConfig } from "vitest/config";

// Calling node_modules/.bin/vitest directly would run under the system's Node and seem to pass.
if (!process.versions.node.startsWith("24.")) {
  throw new Error(
    `Tests need the pinned Node 24, but this is ${process.versions.node}: run them with "npm test" or "npx vitest"`,
  );
}

const shared = { testTimeout: 60_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: [
            "{crds,process,formats,api,controllers,drivers,cli,scripts}/**/*.test.ts",
            "test/golden/**/*.test.ts",
            "test/chaos/timeline.test.ts",
          ],
        },
      },
      {
        test: { ...shared, name: "contract", include: ["test/contracts/**/*.test.ts", "test/properties/**/*.test.ts"] },
      },
      {
        test: {
          ...shared,
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 180_000,
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      { test: { ...shared, name: "chaos", include: ["test/chaos/chaos.test.ts"], testTimeout: 1_800_000 } },
      { test: { ...shared, name: "fuzz", include: ["test/fuzz/**/*.test.ts"] } },
      {
        test: {
          ...shared,
          name: "comparison",
          include: ["test/comparison/**/*.test.ts"],
          maxConcurrency: 16,
          testTimeout: 600_000,
        },
      },
    ],
  },
});
