import { expect, test } from "vitest";
import type { Client, DiscoveredType, Draft } from "../../../api/client/client.ts";
import { forbidden, notFound } from "../../../api/status.ts";
import { containers } from "../../../crds/container.ts";
import { namespaceType } from "../../../crds/core.ts";
import type { ResourceType } from "../../../crds/meta.ts";
import { apiVersionOf } from "../../../crds/meta.ts";
import { changesOfApply } from "./changes.ts";

const discovered = (type: ResourceType): DiscoveredType => ({
  ...type,
  verbs: [],
  singular: type.kind.toLowerCase(),
  shortNames: [],
  categories: [],
});
const types = [containers, namespaceType].map(discovered);
const container = { apiVersion: apiVersionOf(containers), kind: "Container", spec: { image: "web:1" } };
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "trusted" } };

/** Has no object; the only namespace is `default`, which allows no Container. */
const strict: Pick<Client, "get" | "create"> = {
  get: async (type, { name }) => Promise.reject(notFound(type, name)),
  create: async (type: ResourceType, draft: Draft) => {
    const { namespace: place, name = "" } = draft.metadata;
    if (place === "default") throw forbidden(type, name, 'violates PodSecurity "baseline:latest"');
    if (place !== undefined) throw notFound(namespaceType, place);
    return { ...draft, metadata: { ...draft.metadata, uid: "u" } } as never;
  },
};

test.each([
  ["no metadata", container],
  ["no name", { ...container, metadata: { generateName: "web-" } }],
])("an object with %s is refused", async (_, manifest) => {
  await expect(changesOfApply(strict as Client, [namespace, manifest], types, () => undefined)).rejects.toThrow(
    "spec.apply[1].metadata.name: Required value",
  );
});

test("a Container of a namespace that comes along has its defaults, though the server could not give them", async () => {
  const manifest = { ...container, metadata: { name: "web", namespace: "trusted" } };
  const [, change] = await changesOfApply(strict as Client, [namespace, manifest], types, () => undefined);
  expect(change).toMatchObject({
    change: "Created",
    after: { metadata: { namespace: "trusted", name: "web" }, spec: { image: "web:1", runState: "Running" } },
  });
});
