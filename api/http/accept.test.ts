import { describe, expect, test } from "vitest";
import { discoveryForms, negotiate, objectForms } from "./accept.ts";

describe("negotiate", () => {
  test.each([
    { why: "JSON where nothing is said", header: undefined, want: { format: "json", as: "" } },
    { why: "JSON for browsers", header: "text/html,*/*;q=0.8", want: { format: "json", as: "" } },
    { why: "what is liked best", header: "application/json;q=0.5, application/yaml", want: { format: "yaml", as: "" } },
    {
      why: "kubectl get's table",
      header:
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
      want: { format: "json", as: "Table" },
    },
    {
      why: "JSON where the table is of a version that there is not",
      header: "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
      want: { format: "json", as: "" },
    },
    {
      why: "JSON where protobuf is liked better",
      header: "application/vnd.kubernetes.protobuf,application/json",
      want: { format: "json", as: "" },
    },
    { why: "a watch's own parameter", header: "application/json;stream=watch", want: { format: "json", as: "" } },
  ])("$why", ({ header, want }) => {
    expect(negotiate(header, objectForms)).toEqual(want);
  });

  test("knows client-go's discovery", () => {
    const header = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    expect(negotiate(header, discoveryForms).as).toBe("APIGroupDiscoveryList");
    expect(negotiate(header, {}).as).toBe("");
  });

  test.each(["application/xml", "application/json;as=constructor;g=a;v=b", "application/json;q=0", ",;,="])(
    "has no answer for %s",
    (header) => {
      expect(() => negotiate(header, objectForms)).toThrow("only the following media types are accepted");
    },
  );
});
