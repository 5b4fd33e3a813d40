import { expect, test } from "vitest";
import { adoptAnnotation } from "../../crds/container.ts";
import { containerOf, observedOf } from "../../test/fakes/objects.ts";
import { adoptionOf, alreadyAdopted } from "./adoption.ts";
import { evictedStatus, statusOf } from "./status.ts";

const now = new Date("2026-01-01T00:01:00Z");
const keep = observedOf(containerOf().spec, { state: "running", id: "old" });
const sight = { generation: 1, keep, before: keep, problem: undefined, now };
const taken = statusOf({ ...sight, container: containerOf() });
const idsOf = (status: typeof taken): readonly string[] => adoptionOf(containerOf({}, { status }), []).ids;

test("what was taken over is known without its annotation: as it is, while it is replaced, and on a lost Host", () => {
  const activity = { reason: "Replacing", message: "image changed" } as const;
  const replacing = statusOf({ ...sight, container: containerOf({}, { status: taken }), activity });
  const left = evictedStatus(containerOf({}, { status: taken }), { reason: "HostLost", message: "" }, ["a"], now);
  expect([taken, replacing, left].map(idsOf)).toEqual([["old"], ["old"], ["old"]]);
});

test("of two that name the same container, who has it keeps it", () => {
  const annotations = { [adoptAnnotation]: "old" };
  const first = containerOf({}, { metadata: { name: "first", annotations } });
  const second = containerOf({}, { metadata: { name: "second", annotations }, status: taken });
  const claims = [first, second];
  expect(adoptionOf(first, claims).ids).toEqual([]);
  expect(alreadyAdopted(first, claims)?.reason).toBe("AlreadyAdopted");
  expect(adoptionOf(second, claims).ids).toEqual(["old"]);
  expect(alreadyAdopted(second, claims)).toBeUndefined();
});
