import { expect, test } from "vitest";
import type { ContainerStatus } from "../../crds/container.ts";
import { containerOf } from "../../test/fakes/objects.ts";
import { isLimited, overfull } from "./overfull.ts";

const scratch = { name: "scratch", mountPath: "/scratch" };
const limited = { volumes: [{ name: "scratch", emptyDir: { sizeLimit: "1Ki" } }], volumeMounts: [scratch] };
const inMemory = {
  volumes: [{ name: "scratch", emptyDir: { medium: "Memory", sizeLimit: "1Ki" } }],
  volumeMounts: [scratch],
};
const holding = (bytes: number): ReadonlyMap<string, number> => new Map([["stowage-uid-of-web-scratch", bytes]]);

test.each<[string, object, ContainerStatus, number, boolean]>([
  ["holds as much as it may", limited, { phase: "Running" }, 1024, false],
  ["holds more", limited, { phase: "Running" }, 1025, true],
  ["is filled by an init container", limited, { phase: "Pending" }, 1025, true],
  ["has ended", limited, { phase: "Succeeded" }, 1025, false],
  ["was stopped", limited, { phase: "Stopped" }, 1025, false],
  ["goes already", limited, { eviction: { reason: "Drained", message: "", requestedAt: "" } }, 1025, false],
  [
    "has a limit of nothing, which is none",
    { ...limited, volumes: [{ name: "scratch", emptyDir: { sizeLimit: "0" } }] },
    {},
    1,
    false,
  ],
  ["is in memory, and ends at its limit by itself", inMemory, {}, 1025, false],
  ["is mounted by nobody, and so not there", { volumes: limited.volumes }, {}, 1025, false],
  ["may hold what it likes", { ...limited, volumes: [{ name: "scratch", emptyDir: {} }] }, {}, 1025, false],
])("one that %s", (_, spec, status, bytes, goes) => {
  const container = containerOf(spec, { status });
  const message = 'Usage of EmptyDir volume "scratch" exceeds the limit "1Ki"';
  expect(overfull(container, holding(bytes))).toBe(goes ? message : undefined);
  if (goes) expect(isLimited(container)).toBe(true);
});

test("a limit makes a measurement worth its while", () => {
  expect(isLimited(containerOf(limited))).toBe(true);
  expect(isLimited(containerOf(inMemory))).toBe(false);
  expect(isLimited(containerOf({}))).toBe(false);
});
