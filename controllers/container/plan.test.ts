/** Whole plans are in test/golden/plan. */
import { expect, test } from "vitest";
import { inPlace } from "../../drivers/docker/translate.ts";
import { specHash } from "../../drivers/spec-hash.ts";
import { ContainerSpec } from "../../crds/container.ts";
import { containerOf, observedOf } from "../../test/fakes/objects.ts";
import { needsFiles, plan } from "./plan.ts";

test.each([
  { why: "are kept up to date", before: { image: "web:1" }, expected: true },
  { why: "are not looked for where it has none", before: { volumes: [], volumeMounts: [] }, expected: false },
])("while there is no room for a new spec, the files of what runs $why", ({ before, expected }) => {
  const container = containerOf(
    {
      image: "web:2",
      resources: { requests: { memory: "2Gi" } },
      volumes: [{ name: "conf", configMap: { name: "conf" } }],
      volumeMounts: [{ name: "conf", mountPath: "/conf" }],
    },
    { status: { phase: "Running", hostName: "a", allocatedResources: { memory: "1Gi" } } },
  );
  const { spec } = container;
  const wanted = { specHash: specHash(spec), inPlace: inPlace(spec), files: { conf: "new" } };
  const observed = [observedOf(ContainerSpec.parse({ ...spec, ...before }), { state: "running" })];
  const given = { container, observed, wanted, missingImages: new Set<string>(), failure: undefined, now: new Date() };
  const made = plan(given);
  expect(made.problem?.reason).toBe("ResizePending");
  expect(needsFiles(wanted, made)).toBe(expected);
});
