import { describe, expect, test } from "vitest";
import { configMaps } from "../resources/builtin/config-map.ts";
import { namespaces } from "../resources/builtin/namespace.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { AdmissionRequest } from "./admission.ts";
import { admissionRequest } from "./admission.ts";
import { matchOptionsOf, RequestMatcher } from "./request-matcher.ts";
import type { AdmissionSurroundings } from "./surroundings.ts";
import { defaultAuthorizer } from "../auth/authorization.ts";
import { serverUser } from "../auth/authentication.ts";
import { notFound } from "../status.ts";

const caller = { user: serverUser, dryRun: false, warn: () => undefined };
const v2 = { ...configMaps, version: "v2" };

const surroundings: AdmissionSurroundings = {
  authorizer: defaultAuthorizer,
  otherVersions: ({ plural }) => (plural === "configmaps" ? [v2] : []),
  convert: async (object) => object,
  async namespace(name) {
    if (name === "gone") throw notFound(namespaces, name);
    const metadata = { name, uid: "u", resourceVersion: "1", creationTimestamp: "", labels: { tier: name } };
    return { apiVersion: "v1", kind: "Namespace", metadata };
  },
};

const labelled = (labels: object): JsonObject & { metadata: JsonObject } => ({ metadata: { labels } });

const createIn = (namespace: string, more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  ...admissionRequest("CREATE", configMaps, { namespace, name: "a" }, caller),
  object: labelled({ app: "x" }),
  ...more,
});

const rule = (more: object = {}): object => ({
  operations: ["CREATE"],
  apiGroups: [""],
  apiVersions: ["v1"],
  resources: ["configmaps"],
  scope: "*",
  ...more,
});

const matches = async (matchResources: object, request: AdmissionRequest): Promise<string | undefined> =>
  (await new RequestMatcher(matchOptionsOf(matchResources)).match(request, surroundings))?.version;

describe("a request is meant", () => {
  test.each<readonly [string, object, string | undefined]>([
    ["exactly", {}, "v1"],
    ["by any group and version", { apiGroups: ["*"], apiVersions: ["*"] }, "v1"],
    ["by another version of the same resource", { apiVersions: ["v2"] }, "v2"],
    ["not by another operation", { operations: ["UPDATE", "DELETE"] }, undefined],
    ["not by a group that it does not have", { apiGroups: ["apps"] }, undefined],
    ["by all resources", { resources: ["*"] }, "v1"],
    ["by all resources and subresources", { resources: ["*/*"] }, "v1"],
    ["by a resource and all its subresources", { resources: ["configmaps/*"] }, "v1"],
    ["not by a subresource", { resources: ["configmaps/status", "*/status"] }, undefined],
    ["by the scope that it has", { scope: "Namespaced" }, "v1"],
    ["not by the scope that it has not", { scope: "Cluster" }, undefined],
    ["by its name", { resourceNames: ["b", "a"] }, "v1"],
    ["not by other names", { resourceNames: ["b"] }, undefined],
  ])("%s", async (_, more, version) => {
    expect(await matches({ resourceRules: [rule(more)] }, createIn("one"))).toBe(version);
  });

  test("through exactly the version that is named where nothing else will do", async () => {
    const resourceRules = [rule({ apiVersions: ["v2"] })];
    expect(await matches({ resourceRules, matchPolicy: "Exact" }, createIn("one"))).toBeUndefined();
  });

  test("unless an exclusion means it too, through any version", async () => {
    const excludeResourceRules = [rule({ apiVersions: ["v2"] })];
    expect(await matches({ resourceRules: [rule()], excludeResourceRules }, createIn("one"))).toBeUndefined();
  });

  test("by the labels of its old or its new object", async () => {
    const objectSelector = { matchExpressions: [{ key: "app", operator: "NotIn", values: ["x"] }] };
    expect(await matches({ objectSelector }, createIn("one"))).toBeUndefined();
    expect(await matches({ objectSelector }, createIn("one", { old: labelled({}) }))).toBe("v1");
  });

  test("by the labels of its namespace, which must be there", async () => {
    const namespaceSelector = { matchLabels: { tier: "one" } };
    expect(await matches({ namespaceSelector }, createIn("one"))).toBe("v1");
    expect(await matches({ namespaceSelector }, createIn("two"))).toBeUndefined();
    await expect(matches({ namespaceSelector }, createIn("gone"))).rejects.toThrow('namespaces "gone" not found');
    expect(await matches({ namespaceSelector, resourceRules: [rule({ apiGroups: ["x"] })] }, createIn("gone"))).toBe(
      undefined,
    );
  });

  test("a namespace by its own labels, as they will be", async () => {
    const namespaceSelector = { matchLabels: { tier: "new" } };
    const named = { namespace: undefined, name: "one" };
    const create = admissionRequest("CREATE", namespaces, named, caller);
    expect(await matches({ namespaceSelector }, { ...create, object: labelled({ tier: "new" }) })).toBe("v1");
    const remove = admissionRequest("DELETE", namespaces, named, caller);
    expect(await matches({ namespaceSelector: { matchLabels: { tier: "one" } } }, remove)).toBe("v1");
  });
});
