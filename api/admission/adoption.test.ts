import { describe, expect, test } from "vitest";
import { adoptAnnotation, containers } from "../../crds/container.ts";
import type { Authorizer } from "../auth/authorization.ts";
import type { JsonObject } from "../resources/definition.ts";
import { configMaps } from "../resources/builtin/config-map.ts";
import type { AdmissionRequest } from "./admission.ts";
import { admissionRequest } from "./admission.ts";
import { AdoptionPlugin } from "./adoption.ts";

const id = "a".repeat(64);
const definition = { ...configMaps, ...containers };
const user = { name: "ann", groups: [] };

/** Ann may adopt what is on the Host "hers", and nothing else. */
const authorizer: Authorizer = {
  decide: (_user, { verb, resource }) => ({ allowed: verb === "adopt" && resource?.name === "hers", reason: "" }),
  rulesFor: () => [],
};

function container(adopts: unknown, hostName?: string): JsonObject & { readonly metadata: JsonObject } {
  return {
    metadata: { name: "web", ...(adopts === undefined ? {} : { annotations: { [adoptAnnotation]: adopts } }) },
    spec: { image: "web:1", ...(hostName === undefined ? {} : { placement: { hostName } }) },
  };
}

async function refusal(object: JsonObject & { metadata: JsonObject }, old?: JsonObject): Promise<string | undefined> {
  const caller = { user, dryRun: false, warn: () => undefined };
  const name = { namespace: "default", name: "web" };
  const request: AdmissionRequest = {
    ...admissionRequest(old === undefined ? "CREATE" : "UPDATE", definition, name, caller),
    ...{ object, old },
  };
  try {
    await new AdoptionPlugin(authorizer).validate(request);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("AdoptionPlugin", () => {
  test("lets adopt who may on that Host", async () => {
    expect(await refusal(container(id, "hers"))).toBeUndefined();
    expect(await refusal(container(undefined, "others"))).toBeUndefined();
    expect(await refusal(container(id, "others"))).toContain('cannot adopt resource "hosts"');
  });

  test.each([
    ["a part of an id", container(id.slice(1), "hers"), "must be the full id"],
    ["an id without a Host", container(id), "spec.placement.hostName: Required value"],
  ])("refuses %s", async (_, object, why) => {
    expect(await refusal(object)).toContain(why);
  });

  test("asks again only where the id or the Host is another", async () => {
    const others = container(id, "others");
    expect(await refusal({ ...others, metadata: { ...others.metadata, labels: { a: "b" } } }, others)).toBeUndefined();
    expect(await refusal(container("b".repeat(64), "others"), others)).toContain("cannot adopt");
    // Its right on one Host would reach all others.
    expect(await refusal(others, container(id, "hers"))).toContain("cannot adopt");
    expect(await refusal(container(id), container(id, "hers"))).toContain("Required value");
  });
});
