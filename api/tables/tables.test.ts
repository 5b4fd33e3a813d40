import { describe, expect, test } from "vitest";
import { containerKind } from "../../crds/container.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { columnsFromCrd } from "./columns.ts";
import { toTable } from "./table.ts";

const now = new Date("2026-01-02T00:00:00Z");
const object = (more: object = {}): KubeObject => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: { name: "web", namespace: "n", uid: "u", resourceVersion: "7", creationTimestamp: "2026-01-01T23:00:00Z" },
  ...more,
});

describe("columnsFromCrd", () => {
  const cells = (columns: unknown, of: KubeObject): readonly unknown[] =>
    columnsFromCrd(columns).map((column) => column.value(of, now));

  test("Name and Age when nothing is asked for", () => {
    const columns = columnsFromCrd(undefined);
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ["Name", "string"],
      ["Age", "date"],
    ]);
    expect(cells(undefined, object())).toEqual(["web", "60m"]);
  });

  test("a new Container has empty cells where nothing is known yet", () => {
    expect(cells(containerKind.columns, object({ spec: { image: "nginx" } }))).toEqual([
      "web",
      null,
      null,
      null,
      null,
      "nginx",
      "60m",
      null,
      null,
      null,
    ]);
  });

  test.each([
    { type: "string", value: 5, want: "5" },
    { type: "string", value: { a: 1 }, want: '{"a":1}' },
    { type: "integer", value: 5.7, want: 5 },
    { type: "integer", value: "5", want: null },
    { type: "number", value: 5.7, want: 5.7 },
    { type: "boolean", value: false, want: false },
    { type: "boolean", value: "no", want: null },
    { type: "date", value: "2026-01-01T23:59:55Z", want: "5s" },
    { type: "date", value: "never", want: "<invalid>" },
    { type: "date", value: undefined, want: null },
  ])("$value as $type is $want", ({ type, value, want }) => {
    expect(cells([{ name: "X", type, jsonPath: ".x" }], object({ x: value }))[1]).toEqual(want);
  });

  test("describes a column by its path where it has no description", () => {
    expect(columnsFromCrd([{ name: "X", type: "string", jsonPath: ".x" }])[1]?.description).toBe(
      "Custom resource definition column (in JSONPath format): .x",
    );
  });
});

describe("toTable", () => {
  const definition = { columns: columnsFromCrd(undefined) };

  test("has list metadata, columns, and rows with the objects' metadata", () => {
    const table = toTable([object()], definition, {
      includeObject: "Metadata",
      now,
      resourceVersion: "9",
      continue: "c",
      remainingItemCount: 3,
    });
    expect(table).toMatchObject({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      metadata: { resourceVersion: "9", continue: "c", remainingItemCount: 3 },
      columnDefinitions: [
        { name: "Name", type: "string", format: "name", priority: 0 },
        { name: "Age", type: "date", format: "", priority: 0 },
      ],
      rows: [
        {
          cells: ["web", "60m"],
          object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: { name: "web" } },
        },
      ],
    });
  });

  test("an event of a watch has the revision of its object, and need not repeat the columns", () => {
    const table = toTable([object()], definition, { includeObject: "Object", now, noHeaders: true });
    expect(table).toMatchObject({
      metadata: { resourceVersion: "7" },
      columnDefinitions: null,
      rows: [{ object: object() }],
    });
  });

  test("rows can go without objects", () => {
    expect(toTable([object()], definition, { includeObject: "None", now })["rows"]).toEqual([
      { cells: ["web", "60m"], object: null },
    ]);
  });
});
