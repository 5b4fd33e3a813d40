import { expect, test } from "vitest";
import { containerFinalizer, containers } from "../../crds/container.ts";
import { hosts } from "../../crds/host.ts";
import type { ResourceType } from "../../crds/meta.ts";
import { externalFinalizer } from "../../crds/openstack/external.ts";
import { networks } from "../../crds/openstack/types.ts";
import { configMaps } from "../resources/builtin/config-map.ts";
import { Admission, admissionRequest } from "./admission.ts";
import { InUseProtection } from "./in-use-protection.ts";

async function finalizersOf(type: ResourceType, finalizers?: unknown, operation: "CREATE" | "UPDATE" = "CREATE") {
  const caller = { user: { name: "ann", groups: [] }, dryRun: false, warn: () => undefined };
  const request = admissionRequest(operation, { ...configMaps, ...type }, { namespace: "shop", name: "web" }, caller);
  const object = { metadata: { name: "web", ...(finalizers === undefined ? {} : { finalizers }) } };
  return (await new Admission([new InUseProtection()]).mutate({ ...request, object })).metadata["finalizers"];
}

test("a Container is held from its creation on, beside what else holds it", async () => {
  expect(await finalizersOf(containers)).toEqual([containerFinalizer]);
  expect(await finalizersOf(containers, ["example.com/x"])).toEqual(["example.com/x", containerFinalizer]);
  expect(await finalizersOf(containers, [containerFinalizer])).toEqual([containerFinalizer]);
});

test("so is what stands for something in OpenStack", async () => {
  expect(await finalizersOf(networks)).toEqual([externalFinalizer]);
});

test("whoever takes that away gets no new one, nothing else is held, and what is no list is left as it is", async () => {
  expect(await finalizersOf(containers, [], "UPDATE")).toEqual([]);
  expect(await finalizersOf(hosts)).toBeUndefined();
  expect(await finalizersOf(containers, "x")).toBe("x");
});
