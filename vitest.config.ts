import { defineConfig } from "vitest/config";

// Calling node_modules/.bin/vitest directly would run under the system's Node and seem to pass.
if (!process.versions.node.startsWith("24.")) {
  throw new Error(
    `Tests need the pinned Node 24, but this is ${process.versions.node}: run them with "npm test" or "npx vitest"`,
  );
}

const shared = { testTimeout: 60_000, hookTimeout: 120_000 };
const e2e = { testTimeout: 600_000, hookTimeout: 600_000 };

/**
 * One group of files after the other: those that wait for Engines more than they compute go side by side, and what is
 * measured by the clock of others goes alone.
 */
const inGroup = (groupOrder: number, maxWorkers: number): object => ({ maxWorkers, sequence: { groupOrder } });

/** Of e2e, what fails where something takes longer than it should: `--project 'e2e*'` has these too. */
const measuring = ["test/e2e/three-hosts/*.test.ts"] as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: [
            "{crds,process,formats,api,controllers,drivers,openstack,cli,scripts}/**/*.test.ts",
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
          ...inGroup(1, 2),
          testTimeout: 180_000,
        },
      },
      {
        test: {
          ...e2e,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: [...measuring],
          ...inGroup(2, 3),
        },
      },
      {
        test: {
          ...e2e,
          name: "e2e-alone",
          include: [...measuring],
          ...inGroup(3, 1),
        },
      },
      {
        test: {
          ...shared,
          name: "chaos",
          include: ["test/chaos/chaos.test.ts"],
          ...inGroup(4, 1),
          testTimeout: 1_800_000,
        },
      },
      {
        test: {
          ...e2e,
          name: "openstack",
          include: ["test/openstack/**/*.test.ts"],
          globalSetup: ["test/openstack/setup.ts"],
          ...inGroup(5, 1),
        },
      },
      {
        test: {
          ...shared,
          name: "kubernetes",
          include: ["test/kubernetes/**/*.test.ts"],
          ...inGroup(6, 1),
          testTimeout: 600_000,
        },
      },
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
