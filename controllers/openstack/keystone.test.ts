import { describe, expect, test } from "vitest";
import { OpenStackError } from "../../openstack/errors.ts";
import { createOnce, given, keystoneTag } from "./keystone.ts";
import { projects } from "../../crds/openstack/types.ts";

const refusal = (meaning: "AlreadyExists" | "Forbidden") =>
  new OpenStackError({ action: "create user", meaning, message: "no" });

describe("createOnce", () => {
  test("takes what is ours where the name is taken by it", async () => {
    const made = createOnce(
      () => Promise.reject(refusal("AlreadyExists")),
      () => Promise.resolve(["ours"]),
    );
    await expect(made).resolves.toBe("ours");
  });

  test("says that the name is taken where somebody else took it", async () => {
    const made = createOnce(
      () => Promise.reject(refusal("AlreadyExists")),
      () => Promise.resolve([]),
    );
    await expect(made).rejects.toMatchObject({ meaning: "AlreadyExists" });
  });

  test("looks for nothing after any other refusal", async () => {
    const made = createOnce(
      () => Promise.reject(refusal("Forbidden")),
      () => Promise.resolve(["ours"]),
    );
    await expect(made).rejects.toMatchObject({ meaning: "Forbidden" });
  });
});

test("our mark as a tag has no slash", () => {
  expect(keystoneTag({ tag: "stowage.dev/uid=1" })).toBe("stowage.dev:uid=1");
});

test("names that are not given are no references", () => {
  expect(given(["resource.projectRef", projects, "web"], ["resource.otherRef", projects, undefined])).toEqual([
    { field: "resource.projectRef", type: projects, name: "web" },
  ]);
});
