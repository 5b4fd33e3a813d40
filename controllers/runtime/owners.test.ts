import { expect, test } from "vitest";
import type { KubeObject } from "../../crds/meta.ts";
import { controllerOf, controllerRef, ownedBy } from "./owners.ts";

const owner: KubeObject = {
  apiVersion: "stowage.dev/v1alpha1",
  kind: "ContainerSet",
  metadata: { name: "web", namespace: "shop", uid: "u1", resourceVersion: "1", creationTimestamp: "" },
};

test("an object that carries controllerRef is owned and controlled by its owner", () => {
  const reference = controllerRef(owner);
  const object: KubeObject = { ...owner, metadata: { ...owner.metadata, uid: "u2", ownerReferences: [reference] } };
  expect(controllerOf(object)).toEqual({
    apiVersion: "stowage.dev/v1alpha1",
    kind: "ContainerSet",
    name: "web",
    uid: "u1",
    controller: true,
    blockOwnerDeletion: true,
  });
  expect(ownedBy(object, owner)).toBe(true);
});

test("an owner of the same name that was made anew is another one", () => {
  const object: KubeObject = { ...owner, metadata: { ...owner.metadata, ownerReferences: [controllerRef(owner)] } };
  const again: KubeObject = { ...owner, metadata: { ...owner.metadata, uid: "u3" } };
  expect(ownedBy(object, again)).toBe(false);
  expect(controllerOf(owner)).toBeUndefined();
});
