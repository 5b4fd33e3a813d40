import { describe, expect, test } from "vitest";
import { discoveryForms, negotiate, negotiateType, objectForms } from "./accept.ts";

describe("negotiate", () => {
  test.each([
    { why: "JSON where nothing is said", header: undefined, want: { format: "json", as: "", version: "" } },
    { why: "JSON for browsers", header: "text/html,*/*;q=0.8", want: { format: "json", as: "", version: "" } },
    {
      why: "what is liked best",
      header: "application/json;q=0.5, application/yaml",
      want: { format: "yaml", as: "", version: "" },
    },
    {
      why: "kubectl get's table",
      header:
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
      want: { format: "json", as: "Table", version: "v1" },
    },
    {
      why: "JSON where the table is of a version that there is not",
      header: "application/json;as=Table;v=v2;g=meta.k8s.io,application/json",
      want: { format: "json", as: "", version: "" },
    },
    {
      why: "JSON where protobuf is liked better",
      header: "application/vnd.kubernetes.protobuf,application/json",
      want: { format: "json", as: "", version: "" },
    },
    {
      why: "a watch's own parameter",
      header: "application/json;stream=watch",
      want: { format: "json", as: "", version: "" },
    },
  ])("$why", ({ header, want }) => {
    expect(negotiate(header, objectForms)).toEqual(want);
  });

  test("knows client-go's discovery", () => {
    const header = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    expect(negotiate(header, discoveryForms)).toMatchObject({ as: "APIGroupDiscoveryList", version: "v2" });
    const older = header.replace("v=v2", "v=v2beta1");
    expect(negotiate(older, discoveryForms)).toMatchObject({ as: "APIGroupDiscoveryList", version: "v2beta1" });
    expect(negotiate(header, {}).as).toBe("");
  });

  test.each(["application/xml", "application/json;as=constructor;g=a;v=b", "application/json;q=0", ",;,="])(
    "has no answer for %s",
    (header) => {
      expect(() => negotiate(header, objectForms)).toThrow("only the following media types are accepted");
    },
  );
});

describe("negotiateType", () => {
  const offered = ["application/json", "application/a@v1+protobuf"];
  test.each([
    { header: undefined, want: offered[0] },
    { header: "*/*", want: offered[0] },
    { header: "application/*", want: offered[0] },
    { header: "application/A@v1+protobuf, application/json", want: offered[1] },
    { header: "application/json;q=0.1,application/a@v1+protobuf", want: offered[1] },
  ])("$header gets $want", ({ header, want }) => {
    expect(negotiateType(header, offered)).toBe(want);
  });

  test("names what there is", () => {
    expect(() => negotiateType("text/html", offered)).toThrow(
      "only the following media types are accepted: application/json, application/a@v1+protobuf",
    );
  });
});
