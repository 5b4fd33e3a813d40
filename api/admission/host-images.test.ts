import { expect, test } from "vitest";
import { images } from "../../crds/openstack/types.ts";
import type { Authorizer } from "../auth/authorization.ts";
import type { JsonObject } from "../resources/definition.ts";
import { configMaps } from "../resources/builtin/config-map.ts";
import type { AdmissionRequest } from "./admission.ts";
import { admissionRequest } from "./admission.ts";
import { HostImagesPlugin } from "./host-images.ts";

const definition = { ...configMaps, ...images };
const user = { name: "ann", groups: [] };

/** Ann may get the images of the Host "hers", and do nothing else. */
const authorizer: Authorizer = {
  decide: (_user, { verb, resource }) => ({
    allowed: verb === "get" && resource?.subresource === "images" && resource.name === "hers",
    reason: "",
  }),
  rulesFor: () => [],
};

const imageOf = (content: object, labels = {}): JsonObject & { readonly metadata: JsonObject } => ({
  metadata: { name: "web", labels },
  spec: { resource: { content } },
});
const from = (hostName: string, image = "web:1"): object => ({ dockerImage: { hostName, image } });

function refusal(object: JsonObject & { metadata: JsonObject }, old?: JsonObject): string | undefined {
  const caller = { user, dryRun: false, warn: () => undefined };
  const name = { namespace: "default", name: "web" };
  const request: AdmissionRequest = {
    ...admissionRequest(old === undefined ? "CREATE" : "UPDATE", definition, name, caller),
    ...{ object, old },
  };
  try {
    new HostImagesPlugin(authorizer).validate(request);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test("an image of a Host is for who may get the Host's images", () => {
  expect(refusal(imageOf(from("hers")))).toBeUndefined();
  expect(refusal(imageOf({ download: { url: "http://example.org/disk" } }))).toBeUndefined();
  expect(refusal(imageOf(from("others")))).toContain('cannot get resource "hosts/images"');
});

test("the right is asked for again only where another image is meant", () => {
  const others = imageOf(from("others"));
  expect(refusal(imageOf(from("others"), { a: "b" }), others)).toBeUndefined();
  expect(refusal(imageOf(from("others", "web:2")), others)).toContain("cannot get");
  expect(refusal(others, imageOf(from("hers")))).toContain("cannot get");
});

test("an Image that is imported names none", () => {
  expect(refusal({ metadata: { name: "web" }, spec: { import: { id: "1" } } })).toBeUndefined();
});
