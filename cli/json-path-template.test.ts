import { describe, expect, test } from "vitest";
import { parseRelaxedPath, renderTemplate } from "./json-path-template.ts";

const list = {
  kind: "List",
  items: [
    {
      metadata: { name: "a", labels: { "app.kubernetes.io/name": "x" } },
      spec: { n: 1 },
      c: [{ type: "Ready", status: "True" }],
    },
    { metadata: { name: "b" }, spec: { n: 2 }, c: [{ type: "Ready", status: "False" }] },
  ],
};

describe("renderTemplate gives what kubectl gives", () => {
  test.each([
    { template: "{.kind}", want: "List" },
    { template: ".kind is {.kind}", want: ".kind is List" },
    { template: "{.items[*].metadata.name}", want: "a b" },
    { template: "{.items[0].metadata}", want: '{"name":"a","labels":{"app.kubernetes.io/name":"x"}}' },
    { template: "{.items[-1].metadata.name}", want: "b" },
    { template: "{.items[0:1].spec.n}", want: "1" },
    { template: "{..name}", want: "a b" },
    { template: "{.items[0].metadata.labels.app\\.kubernetes\\.io/name}", want: "x" },
    { template: "{.items[0].metadata.labels['app.kubernetes.io/name']}", want: "x" },
    { template: "{.items[?(@.spec.n>1)].metadata.name}", want: "b" },
    { template: '{.items[0].c[?(@.type=="Ready")].status}', want: "True" },
    { template: '{range .items[*]}{.metadata.name}={.spec.n}{"\\n"}{end}', want: "a=1\nb=2\n" },
    { template: "{$.kind}{.missing}", want: "List" },
  ])("$template", ({ template, want }) => {
    expect(renderTemplate(template, list)).toBe(want);
  });

  test.each(["{.a", "{end}", "{range .items[*]}x", "{.a[}", "{kind}"])("refuses %s", (template) => {
    expect(() => renderTemplate(template, list)).toThrow(/^Cannot read (?:the )?JSONPath/);
  });
});

test.each(["{.items[0].spec.n}", ".items[0].spec.n", "items[0].spec.n", "{items[0].spec.n}"])(
  "%s is a path",
  (text) => {
    expect(parseRelaxedPath(text)(list)).toEqual([1]);
  },
);
