import { describe, expect, test } from "vitest";
import { resourcePathOf, segmentsOf } from "./route.ts";

const route = (path: string) => resourcePathOf(segmentsOf(path));
const rest = { namespace: undefined, name: undefined, subresource: undefined };

describe("resourcePathOf", () => {
  test.each([
    { path: "/api/v1/configmaps", want: { ...rest, group: "", version: "v1", plural: "configmaps" } },
    { path: "/api/v1/namespaces", want: { ...rest, group: "", version: "v1", plural: "namespaces" } },
    { path: "/api/v1/namespaces/a", want: { ...rest, group: "", version: "v1", plural: "namespaces", name: "a" } },
    {
      path: "/api/v1/namespaces/a/finalize",
      want: { ...rest, group: "", version: "v1", plural: "namespaces", name: "a", subresource: "finalize" },
    },
    {
      path: "/api/v1/namespaces/a/configmaps/",
      want: { ...rest, group: "", version: "v1", plural: "configmaps", namespace: "a" },
    },
    {
      path: "/api/v1/namespaces/a/status/b",
      want: { ...rest, group: "", version: "v1", plural: "status", namespace: "a", name: "b" },
    },
    {
      path: "/apis/g.io/v1/namespaces/a/things/b%2Fc/log",
      want: { group: "g.io", version: "v1", plural: "things", namespace: "a", name: "b/c", subresource: "log" },
    },
  ])("$path", ({ path, want }) => {
    expect(route(path)).toEqual(want);
  });

  test.each([
    "/",
    "/api",
    "/api/v1",
    "/apis/g.io",
    "/apis/g.io/v1",
    "/version",
    "/api/v1/a/b/c/d",
    "/api/v1/namespaces/a/b/c/d/e",
  ])("%s is not about a resource", (path) => {
    expect(route(path)).toBeUndefined();
  });
});
