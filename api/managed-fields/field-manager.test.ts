/** Tables after the cases of structured-merge-diff's merge tests and of managedfields/internal's. */
import { describe, expect, test } from "vitest";
import type { WritableObject } from "../codec.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { ApiError } from "../status.ts";
import type { Write } from "./field-manager.ts";
import { applyConfiguration, trackCreate, trackUpdate } from "./field-manager.ts";

const text = { type: "string" };
const map = (values: JsonObject): JsonObject => ({ type: "object", additionalProperties: values });
const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: "object", properties, ...more });
const list = (items: JsonObject, more: JsonObject = {}): JsonObject => ({ type: "array", items, ...more });
const listMap = (keys: readonly string[], items: JsonObject): JsonObject =>
  list(items, { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys });

const spec: JsonObject = {
  leaf: text,
  number: { type: "integer" },
  flag: { type: "boolean" },
  set: list(text, { "x-kubernetes-list-type": "set" }),
  atomic: list(text, { "x-kubernetes-list-type": "atomic" }),
  plain: list(text),
  ports: listMap(
    ["port", "protocol"],
    object({
      port: { type: "integer" },
      protocol: { ...text, default: "TCP" },
      name: text,
      nested: object({ x: text }),
    }),
  ),
  labels: map(text),
  selector: { ...map(text), "x-kubernetes-map-type": "atomic" },
  nested: object({ a: text, b: object({ c: text }) }),
  free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  intOrString: { "x-kubernetes-int-or-string": true },
  embedded: object({}, { "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }),
};

function definitionOf(properties: JsonObject, more: Partial<ResourceDefinition> = {}): ResourceDefinition {
  return {
    group: "test.dev",
    version: "v1",
    plural: "things",
    kind: "Thing",
    namespaced: true,
    singular: "thing",
    listKind: "ThingList",
    shortNames: [],
    categories: [],
    verbs: [],
    subresources: new Set(["status"]),
    columns: [],
    schema: { prune: () => [], applyDefaults: () => undefined, validate: () => [] },
    openAPISchema: object({ spec: object(properties), status: object({ phase: text }) }),
    selectableFields: {},
    hasGeneration: true,
    ...more,
  };
}

const thing = definitionOf(spec);

interface Change {
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
  readonly metadata?: JsonObject;
}

/** One object that managers write, a second after each other. */
class Story {
  definition: ResourceDefinition = thing;
  live: WritableObject | undefined;
  #seconds = 0;

  #write(fieldManager: string, subresource?: string): Write {
    this.#seconds += 1;
    return { definition: this.definition, subresource, fieldManager, now: new Date(this.#seconds * 1000) };
  }

  #object({ metadata = {}, ...rest }: Change): WritableObject {
    const { group, version, kind } = this.definition;
    return { apiVersion: `${group}/${version}`, kind, metadata: { name: "x", ...metadata }, ...rest };
  }

  async apply(manager: string, change: Change, force = false, subresource?: string): Promise<this> {
    const config = this.#object(change);
    const applied = await applyConfiguration(this.#write(manager, subresource), this.live, config, force);
    this.live = JSON.parse(
      JSON.stringify({ ...applied, metadata: { uid: "1", ...applied.metadata } }),
    ) as WritableObject;
    return this;
  }

  force(manager: string, change: Change): Promise<this> {
    return this.apply(manager, change, true);
  }

  /** Replaces the object. */
  async update(manager: string, change: Change, subresource?: string): Promise<this> {
    const next = this.#object(change);
    const managedFields = await this.#managedFields(manager, next, subresource);
    const { managedFields: _, ...given } = next.metadata;
    const metadata = { uid: "1", ...given };
    this.live = { ...next, metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } };
    return this;
  }

  #managedFields(manager: string, next: WritableObject, subresource?: string): Promise<unknown> {
    const write = this.#write(manager, subresource);
    if (this.live === undefined) return trackCreate(write, next);
    return trackUpdate(write, this.live, next, next.metadata["managedFields"]);
  }

  get spec(): JsonObject {
    return (this.live?.["spec"] ?? {}) as JsonObject;
  }

  get entries(): readonly JsonObject[] {
    return (this.live?.metadata["managedFields"] ?? []) as readonly JsonObject[];
  }

  /** What each manager owns of spec: "Apply one". */
  get owners(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      this.entries.map(({ manager, operation, subresource, fieldsV1 }) => {
        const fields = fieldsV1 as JsonObject;
        const who = [operation, manager, subresource].filter((part) => typeof part === "string").join(" ");
        return [who, fields["f:spec"] ?? fields];
      }),
    );
  }

  async refusal(doing: Promise<unknown>): Promise<ApiError> {
    return doing.then(
      () => expect.unreachable(),
      (error: unknown) => error as ApiError,
    );
  }
}

const leaf = {};

describe("apply", () => {
  test("owns what it says, and gives up what it does not say any more", async () => {
    const story = await new Story().apply("one", {
      spec: { leaf: "a", number: 1, set: ["a", "b"], labels: { k: "v" } },
    });
    expect(story.owners).toEqual({
      "Apply one": {
        "f:leaf": leaf,
        "f:number": leaf,
        "f:set": { 'v:"a"': leaf, 'v:"b"': leaf },
        "f:labels": { "f:k": leaf },
      },
    });
    await story.apply("one", { spec: { leaf: "a", set: ["b", "c"] } });
    expect(story.spec).toEqual({ leaf: "a", set: ["b", "c"] });
    expect(story.owners).toEqual({ "Apply one": { "f:leaf": leaf, "f:set": { 'v:"b"': leaf, 'v:"c"': leaf } } });
  });

  test("of the same changes nothing, not even the time", async () => {
    const config = { spec: { leaf: "a", ports: [{ port: 80, name: "web" }] } };
    const story = await new Story().apply("one", config);
    const before = structuredClone(story.live);
    await story.apply("one", config);
    expect(story.live).toEqual(before);
  });

  test("does not own what is the server's", async () => {
    const story = await new Story().apply("one", {
      metadata: { labels: { a: "b" }, namespace: "default" },
      spec: { leaf: "a" },
    });
    expect(story.entries).toEqual([
      {
        manager: "one",
        operation: "Apply",
        apiVersion: "test.dev/v1",
        time: "1970-01-01T00:00:01Z",
        fieldsType: "FieldsV1",
        fieldsV1: { "f:metadata": { "f:labels": { "f:a": leaf } }, "f:spec": { "f:leaf": leaf } },
      },
    ]);
    expect(Object.keys(story.entries[0] ?? {})).toEqual([
      ...["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1"],
    ]);
  });

  test.each<[string, JsonObject, JsonObject]>([
    ["a leaf", { leaf: "a" }, { leaf: "b" }],
    ["an atomic list", { atomic: ["a"] }, { atomic: ["a", "b"] }],
    ["a list without a type", { plain: ["a"] }, { plain: [] }],
    ["an atomic map", { selector: { a: "1" } }, { selector: { a: "1", b: "2" } }],
    ["int or string", { intOrString: 1 }, { intOrString: "1" }],
  ])("%s has one owner", async (_, mine, theirs) => {
    const story = await new Story().apply("one", { spec: mine });
    const [field = ""] = Object.keys(mine);
    const refusal = await story.refusal(story.apply("two", { spec: theirs }));
    expect(refusal).toMatchObject({ code: 409, reason: "Conflict" });
    expect(refusal.message).toBe(`Apply failed with 1 conflict: conflict with "one": .spec.${field}`);
    expect(refusal.details).toEqual({
      causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: `.spec.${field}` }],
    });
    await story.force("two", { spec: theirs });
    expect(story.spec).toEqual(theirs);
    expect(story.owners).toEqual({ "Apply two": { [`f:${field}`]: leaf } });
  });

  test("the same value has many owners, and stays while it has one", async () => {
    const story = await new Story().apply("one", { spec: { leaf: "a", set: ["x"], ports: [{ port: 80 }] } });
    await story.apply("two", { spec: { leaf: "a", set: ["x", "y"], ports: [{ port: 80 }] } });
    await story.apply("one", {});
    expect(story.spec).toEqual({ leaf: "a", set: ["x", "y"], ports: [{ port: 80 }] });
    expect(Object.keys(story.owners)).toEqual(["Apply two"]);
    await story.apply("two", {});
    expect(story.live?.["spec"] ?? {}).toEqual({});
    expect(story.entries).toEqual([]);
  });

  test("items of a map list are told apart by their keys, and by what keys are by default", async () => {
    const story = await new Story().apply("one", { spec: { ports: [{ port: 80, name: "web" }] } });
    await story.apply("two", {
      spec: {
        ports: [
          { port: 80, protocol: "UDP" },
          { port: 80, protocol: "TCP", nested: { x: "1" } },
        ],
      },
    });
    expect(story.spec["ports"]).toEqual([
      { port: 80, protocol: "UDP" },
      { port: 80, protocol: "TCP", name: "web", nested: { x: "1" } },
    ]);
    expect(story.owners).toMatchObject({
      "Apply one": { "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": leaf, "f:name": leaf, "f:port": leaf } } },
      "Apply two": { "f:ports": { 'k:{"port":80,"protocol":"UDP"}': { ".": leaf } } },
    });
    const refusal = await story.refusal(story.apply("two", { spec: { ports: [{ port: 80, name: "other" }] } }));
    expect(refusal.message).toBe(
      'Apply failed with 1 conflict: conflict with "one": .spec.ports[port=80,protocol="TCP"].name',
    );
    await story.apply("two", { spec: { ports: [] } });
    expect(story.spec["ports"]).toEqual([{ port: 80, name: "web" }]);
  });

  test("conflicts are told by manager", async () => {
    const story = await new Story().update("editor", { spec: { leaf: "a", number: 1 } });
    await story.force("one", { spec: { flag: true, set: ["a"] } });
    await story.update("status-writer", { spec: { ...story.spec }, status: { phase: "A" } }, "status");
    const refusal = await story.refusal(story.apply("two", { spec: { leaf: "b", number: 2, flag: false } }));
    expect(refusal.message).toBe(
      [
        'Apply failed with 3 conflicts: conflicts with "editor" using test.dev/v1:',
        "- .spec.leaf",
        "- .spec.number",
        'conflicts with "one":',
        "- .spec.flag",
      ].join("\n"),
    );
    const status = await story.refusal(story.apply("two", { status: { phase: "B" } }, false, "status"));
    expect(status.message).toBe(
      'Apply failed with 1 conflict: conflict with "status-writer" with subresource "status" using test.dev/v1: .status.phase',
    );
  });

  test("lists take the applied order, and keep what others put there", async () => {
    const story = await new Story().update("other", { spec: { set: ["a", "b", "c", "d"] } });
    await story.apply("one", { spec: { set: ["d", "x", "a"] } });
    expect(story.spec["set"]).toEqual(["b", "c", "d", "x", "a"]);
  });

  test("duplicates that are there already are one field", async () => {
    const story = await new Story().update("other", { spec: { set: ["a", "a", "b"] } });
    expect((await story.refusal(story.apply("one", { spec: { set: ["a"] } }))).message).toContain('.spec.set[="a"]');
    await story.force("one", { spec: { set: ["a"] } });
    expect(story.spec["set"]).toEqual(["a", "b"]);
  });

  test("what no schema knows is owned key by key", async () => {
    const story = await new Story().apply("one", { spec: { free: { a: { b: [1], c: {} } } } });
    expect(story.owners).toEqual({
      "Apply one": { "f:free": { "f:a": { ".": leaf, "f:b": leaf, "f:c": leaf } } },
    });
    await story.apply("two", { spec: { free: { a: { d: 1 } } } });
    await story.apply("one", { spec: { free: {} } });
    expect(story.spec["free"]).toEqual({ a: { d: 1 } });
  });

  test("embedded objects have metadata as every object has", async () => {
    const embedded = { apiVersion: "v1", kind: "X", metadata: { name: "e", finalizers: ["a/b"] }, spec: { x: 1 } };
    const story = await new Story().apply("one", { spec: { embedded } });
    expect(story.owners["Apply one"]).toEqual({
      "f:embedded": {
        "f:apiVersion": leaf,
        "f:kind": leaf,
        "f:metadata": { "f:finalizers": { 'v:"a/b"': leaf }, "f:name": leaf },
        "f:spec": { ".": leaf, "f:x": leaf },
      },
    });
  });

  test("on status touches nothing else, and on the object does not touch status", async () => {
    const story = await new Story().apply("one", { spec: { leaf: "a" }, status: { phase: "No" } });
    expect(story.live?.["status"]).toBeUndefined();
    await story.apply("one", { spec: { leaf: "ignored" }, status: { phase: "Yes" } }, false, "status");
    expect(story.live).toMatchObject({ spec: { leaf: "a" }, status: { phase: "Yes" } });
    expect(story.owners).toEqual({
      "Apply one": { "f:leaf": leaf },
      "Apply one status": { "f:status": { "f:phase": leaf } },
    });
  });

  test("takes over an object that nobody tracked", async () => {
    const story = new Story();
    story.live = {
      apiVersion: "test.dev/v1",
      kind: "Thing",
      metadata: { name: "x", uid: "1" },
      spec: { leaf: "a", number: 1 },
    };
    const refusal = await story.refusal(story.apply("one", { spec: { leaf: "b" } }));
    expect(refusal.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using test.dev/v1: .spec.leaf',
    );
    await story.apply("one", { spec: { leaf: "a" } });
    expect(story.owners).toEqual({
      "Apply one": { "f:leaf": leaf },
      "Update before-first-apply": { ".": leaf, "f:leaf": leaf, "f:number": leaf },
    });
  });

  test.each<[string, JsonObject, string]>([
    ["a field that there is not", { spec: { wrong: 1 } }, ".spec.wrong: field not declared in schema"],
    ["the wrong scalar", { spec: { number: "1" } }, ".spec.number: expected numeric (int or float), got string"],
    [
      "a number for a string",
      { spec: { leaf: 5 } },
      ".spec.leaf: expected string, got &value.valueUnstructured{Value:5}",
    ],
    ["a list for a map", { spec: { labels: ["a"] } }, ".spec.labels: expected map, got &{[a]}"],
    ["a map for a list", { spec: { set: { a: 1 } } }, ".spec.set: expected list, got &{map[a:1]}"],
    ["duplicates", { spec: { set: ["a", "a"] } }, '.spec.set: duplicate entries for key [="a"]'],
    [
      "an item without its key",
      { spec: { ports: [{ name: "a" }] } },
      '.spec.ports: element 0: associative list with keys has an element that omits key field "port" (and doesn\'t have default value)',
    ],
  ])("refuses %s", async (_, config, why) => {
    const story = new Story();
    const refusal = await story.refusal(story.apply("one", config));
    expect(refusal).toMatchObject({
      code: 400,
      message: `failed to create typed patch object (/x; test.dev/v1, Kind=Thing): ${why}`,
    });
  });

  test("refuses managedFields", async () => {
    const story = new Story();
    const refusal = await story.refusal(story.apply("one", { metadata: { managedFields: [] } }));
    expect(refusal).toMatchObject({ code: 400, message: "metadata.managedFields must be nil" });
  });
});

describe("kubectl, which applied from its own side before", () => {
  const annotation = "kubectl.kubernetes.io/last-applied-configuration";
  const applied = (spec: JsonObject): Change => ({
    metadata: {
      annotations: {
        [annotation]: JSON.stringify({ apiVersion: "test.dev/v1", kind: "Thing", metadata: { name: "x" }, spec }),
      },
    },
    spec,
  });

  test("takes over what it applied, without a conflict, and keeps the annotation up to date", async () => {
    const story = await new Story().update("kubectl-client-side-apply", applied({ leaf: "a", number: 1 }));
    await story.apply("kubectl", { spec: { leaf: "b" } });
    expect(story.spec).toEqual({ leaf: "b", number: 1 });
    expect((story.live?.metadata["annotations"] as JsonObject)[annotation]).toBe(
      '{"apiVersion":"test.dev/v1","kind":"Thing","metadata":{"name":"x"},"spec":{"leaf":"b"}}\n',
    );
  });

  test("takes over nothing that was changed since", async () => {
    const story = await new Story().update("kubectl-client-side-apply", applied({ leaf: "a", number: 1 }));
    const { metadata = {} } = applied({ leaf: "a", number: 1 });
    await story.update("editor", { metadata, spec: { leaf: "a", number: 2 } });
    const refusal = await story.refusal(story.apply("kubectl", { spec: { leaf: "b", number: 3 } }));
    expect(refusal.message).toBe(
      'Apply failed with 1 conflict: conflict with "editor" using test.dev/v1: .spec.number',
    );
  });

  test("other managers opt out by their name", async () => {
    const story = await new Story().update("kubectl-client-side-apply", applied({ leaf: "a" }));
    expect((await story.refusal(story.apply("flux", { spec: { leaf: "b" } }))).code).toBe(409);
    await story.force("flux", { spec: { leaf: "b" } });
    expect((story.live?.metadata["annotations"] as JsonObject)[annotation]).toContain('"leaf":"a"');
  });
});

describe("update", () => {
  test("owns what it changes, also what it makes anew, and others lose what changed or is gone", async () => {
    const story = await new Story().update("one", { spec: { leaf: "a", number: 1, labels: { a: "1" } } });
    expect(story.owners).toEqual({
      "Update one": { ".": leaf, "f:labels": { ".": leaf, "f:a": leaf }, "f:leaf": leaf, "f:number": leaf },
    });
    await story.update("two", { spec: { leaf: "b", labels: { a: "1", b: "2" } } });
    expect(story.owners).toEqual({
      "Update one": { ".": leaf, "f:labels": { ".": leaf, "f:a": leaf } },
      "Update two": { "f:labels": { "f:b": leaf }, "f:leaf": leaf },
    });
  });

  test("takes fields from appliers, silently", async () => {
    const story = await new Story().apply("one", { spec: { leaf: "a", number: 1 } });
    await story.update("two", { spec: { leaf: "b", number: 1 } });
    expect(story.owners).toEqual({ "Apply one": { "f:number": leaf }, "Update two": { "f:leaf": leaf } });
    expect((await story.refusal(story.apply("one", { spec: { leaf: "a" } }))).message).toContain(
      '"two" using test.dev/v1',
    );
  });

  test("that changes nothing owns nothing, and changes no time", async () => {
    const story = await new Story().update("one", { spec: { leaf: "a" } });
    const { entries } = story;
    await story.update("two", { spec: { leaf: "a" } });
    expect(story.entries).toBe(entries);
  });

  test("one name is an owner for each operation and subresource", async () => {
    const story = await new Story().apply("one", { spec: { leaf: "a" } });
    await story.update("one", { spec: { leaf: "a", number: 1 } });
    await story.update("one", { spec: { leaf: "a", number: 1 }, status: { phase: "A" } }, "status");
    expect(Object.keys(story.owners)).toEqual(["Apply one", "Update one", "Update one status"]);
  });

  test("may write managedFields; an empty one ends tracking until the next apply", async () => {
    const story = await new Story().update("one", { spec: { leaf: "a" } });
    const mine = { apiVersion: "test.dev/v1", fieldsType: "FieldsV1", manager: "mine", operation: "Apply" };
    const managedFields = [{ ...mine, fieldsV1: { "f:spec": { "f:leaf": {} } } }];
    await story.update("two", { metadata: { managedFields }, spec: { leaf: "a" } });
    expect(story.owners).toEqual({ "Apply mine": { "f:leaf": leaf } });
    for (const empty of [[], [{}]]) {
      await story.update("one", { metadata: { managedFields: empty }, spec: { leaf: "c" } });
      expect(story.entries).toEqual([]);
    }
    await story.update("one", { spec: { leaf: "d" } });
    expect(story.entries).toEqual([]);
  });

  test.each([
    [[{ manager: "x" }]],
    [[{ operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV2" }]],
    [[{ operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { nonsense: {} } }]],
    ["nonsense"],
  ])("does not count managedFields that are none: %j", async (managedFields) => {
    const story = await new Story().update("one", { spec: { leaf: "a" } });
    await story.update("two", { metadata: { managedFields }, spec: { leaf: "a", number: 1 } });
    expect(Object.keys(story.owners)).toEqual(["Update one", "Update two"]);
  });

  test("of more than ten managers joins the oldest", async () => {
    const story = new Story();
    const labels: Record<string, string> = {};
    for (let i = 0; i < 12; i++) {
      labels[`l${i}`] = "";
      await story.update(`m${i}`, { spec: { labels: { ...labels } } });
    }
    expect(Object.keys(story.owners)).toHaveLength(10);
    expect(story.owners["Update ancient-changes"]).toEqual({
      ".": leaf,
      "f:labels": { ".": leaf, "f:l0": leaf, "f:l1": leaf, "f:l2": leaf },
    });
    expect(Object.keys(story.owners)[0]).toBe("Update ancient-changes");
  });
});

describe("a schema that changed", () => {
  test("a list that is one field now has the owners of its items", async () => {
    const story = await new Story().apply("one", { spec: { set: ["a"] } });
    await story.apply("two", { spec: { set: ["b"] } });
    story.definition = definitionOf({ ...spec, set: list(text, { "x-kubernetes-list-type": "atomic" }) });
    await story.force("two", { spec: { set: ["c"] } });
    expect(story.spec["set"]).toEqual(["c"]);
    expect(story.owners).toEqual({ "Apply two": { "f:set": leaf } });
  });

  test("what is written in one version is compared in the version of its owner", async () => {
    const story = await new Story().apply("one", { spec: { leaf: "a", number: 1 } });
    // v2 calls the leaf differently.
    const { leaf: _, ...rest } = spec;
    const v2: ResourceDefinition = definitionOf(
      { ...rest, renamed: text },
      { version: "v2", versions: { find: (version) => (version === "test.dev/v1" ? thing : v2), convert } },
    );
    const rename = (from: JsonObject, one: string, other: string): JsonObject => {
      const { [one]: value, ...others } = from;
      return value === undefined ? others : { ...others, [other]: value };
    };
    async function convert(objects: readonly JsonObject[], apiVersion: string): Promise<readonly JsonObject[]> {
      const [one, other] =
        apiVersion === "test.dev/v2" ? (["leaf", "renamed"] as const) : (["renamed", "leaf"] as const);
      return objects.map((object) => ({
        ...object,
        apiVersion,
        spec: rename((object["spec"] ?? {}) as JsonObject, one, other),
      }));
    }
    const [live] = await convert([story.live ?? {}], "test.dev/v2");
    story.live = live as WritableObject;
    story.definition = v2;
    const refusal = await story.refusal(story.apply("two", { spec: { renamed: "b" } }));
    expect(refusal.message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.leaf');
    await story.apply("one", { spec: { renamed: "a" } });
    expect(story.spec).toEqual({ renamed: "a" });
    expect(story.owners).toEqual({ "Apply one": { "f:renamed": leaf } });
  });

  test("owners of versions that are gone are gone too", async () => {
    const story = await new Story().apply("one", { spec: { leaf: "a" } });
    story.live = { ...(story.live as WritableObject), apiVersion: "test.dev/v2" };
    story.definition = definitionOf(spec, { version: "v2" });
    await story.update("two", { spec: { leaf: "b" } });
    expect(Object.keys(story.owners)).toEqual(["Update two"]);
  });
});
