import { describe, expect, test } from "vitest";
import { headerOf, renderRows, rowOf, widthsOf } from "./tables.ts";

const view = { wide: false, namespaces: false, labels: false, prefix: "" };
const columns = [
  { name: "Name", type: "string", priority: 0 },
  { name: "Ready", type: "string", priority: 0 },
  { name: "IP", type: "string", priority: 1 },
];
const object = {
  apiVersion: "v1",
  kind: "PartialObjectMetadata",
  metadata: {
    name: "web",
    namespace: "ns",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "",
    labels: { b: "2", a: "1" },
  },
};
const row = { cells: ["web", null, "10.0.0.1"], object };

describe("rows of a server's table", () => {
  test("show what has priority 0, and <none> for what is not there", () => {
    expect([headerOf(columns, view), rowOf(columns, row, view)]).toEqual([["NAME", "READY"], ["web", "<none>"]]); // prettier-ignore
  });
  test("show everything when wide, the namespace first and the labels last", () => {
    const all = { wide: true, namespaces: true, labels: true, prefix: "container.stowage.dev/" };
    expect(headerOf(columns, all)).toEqual(["NAMESPACE", "NAME", "READY", "IP", "LABELS"]);
    expect(rowOf(columns, row, all)).toEqual(["ns", "container.stowage.dev/web", "<none>", "10.0.0.1", "a=1,b=2"]);
  });
});

describe("renderRows", () => {
  test("lines up with three spaces between, and none at the end", async () => {
    expect(await renderRows([["NAME", "AGE"], ["longer-name", "5s"]])).toEqual(["NAME          AGE", "longer-name   5s"]); // prettier-ignore
  });
  test("cuts a cell at its first line break and keeps control characters from the terminal", async () => {
    expect(await renderRows([["a\nb", "c\u001b[31m"]])).toEqual(["a...   c [31m"]);
  });
  test("lines up rows that come later, and gives way to longer ones", async () => {
    const widths = widthsOf([["NAME", "X"], ["abcdef", "y"]]); // prettier-ignore
    expect(await renderRows([["a", "b"]], widths)).toEqual(["a        b"]);
    expect(await renderRows([["abcdefgh", "b"]], widths)).toEqual(["abcdefgh   b"]);
  });
});
