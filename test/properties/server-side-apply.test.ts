/** What holds of ownership whatever managers apply. The object is that of one kind with every type of field. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WritableObject } from "../../api/codec.ts";
import type { JsonObject, ResourceDefinition } from "../../api/resources/definition.ts";
import { fieldsBelow } from "../../api/managed-fields/contents.ts";
import type { Write } from "../../api/managed-fields/field-manager.ts";
import { applyConfiguration, trackCreate, trackUpdate } from "../../api/managed-fields/field-manager.ts";
import type { FieldSet } from "../../api/managed-fields/field-set.ts";
import { difference, pathsOf } from "../../api/managed-fields/field-set.ts";
import { fieldTypeOf } from "../../api/managed-fields/field-type.ts";
import { pathText } from "../../api/managed-fields/path-element.ts";
import { withNamedFields } from "../../api/managed-fields/remove.ts";

const text = { type: "string" };
const openAPISchema: JsonObject = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        leaf: text,
        set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        atomic: { type: "array", items: text, "x-kubernetes-list-type": "atomic" },
        items: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: { type: "object", properties: { name: text, a: text, b: text } },
        },
        labels: { type: "object", additionalProperties: text },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
  },
};

const definition: ResourceDefinition = {
  ...{ group: "test.dev", version: "v1", plural: "things", kind: "Thing", namespaced: true, singular: "thing" },
  ...{ listKind: "ThingList", shortNames: [], categories: [], verbs: [], subresources: new Set(), columns: [] },
  schema: { prune: () => [], applyDefaults: () => undefined, validate: () => [] },
  openAPISchema,
  selectableFields: {},
  hasGeneration: true,
};
const type = fieldTypeOf(definition);

const word = fc.constantFrom("a", "b", "c");
const optional = (model: Record<string, fc.Arbitrary<unknown>>) => fc.record(model, { requiredKeys: [] });
const words = fc.uniqueArray(word, { minLength: 1 });
const dictionary = fc.dictionary(word, word, { minKeys: 1 });
const spec = optional({
  leaf: word,
  set: words,
  atomic: words,
  items: fc.uniqueArray(fc.record({ name: word, a: word, b: word }, { requiredKeys: ["name"] }), {
    minLength: 1,
    selector: ({ name }) => name,
  }),
  labels: dictionary,
  free: fc.dictionary(word, fc.oneof(word, dictionary, words), { minKeys: 1 }),
}).filter((one) => Object.keys(one).length > 0);
const config = fc.record({ spec }).map((given): JsonObject => ({ ...base, ...given }));
const base = { apiVersion: "test.dev/v1", kind: "Thing", metadata: { name: "x" } };
const manager = fc.constantFrom("one", "two", "three");
const step = fc.record({ manager, config, how: fc.constantFrom("apply" as const, "update" as const) });
const story = fc.array(step, { maxLength: 6 });

const write = (fieldManager: string, now = 0): Write => ({
  definition,
  subresource: undefined,
  fieldManager,
  now: new Date(now),
});

const copy = (object: WritableObject): WritableObject => JSON.parse(JSON.stringify(object)) as WritableObject;

async function apply(live: WritableObject | undefined, name: string, given: JsonObject): Promise<WritableObject> {
  const applied = await applyConfiguration(write(name), live, given, true);
  return copy({ ...applied, metadata: { uid: "1", ...applied.metadata } });
}

async function update(live: WritableObject | undefined, name: string, given: JsonObject): Promise<WritableObject> {
  const next = copy({ ...given, metadata: { uid: "1", name: "x" } });
  const owners = live === undefined ? trackCreate(write(name), next) : trackUpdate(write(name), live, next, undefined);
  const managedFields = await owners;
  return managedFields === undefined ? next : copy({ ...next, metadata: { ...next.metadata, managedFields } });
}

async function tell(steps: readonly { manager: string; config: JsonObject; how: "apply" | "update" }[]) {
  let live: WritableObject | undefined;
  for (const { manager: name, config: given, how } of steps)
    live = how === "apply" ? await apply(live, name, given) : await update(live, name, given);
  return live;
}

interface Owner {
  readonly manager: string;
  readonly operation: string;
  readonly fieldsV1: FieldSet;
}

const ownersOf = (object: WritableObject | undefined): readonly Owner[] =>
  (object?.metadata["managedFields"] ?? []) as readonly Owner[];

const pathsIn = (set: FieldSet): readonly string[] => [...pathsOf(set)].map(pathText);
/** All that is there, also what only holds other fields. */
const fieldsIn = (object: WritableObject | undefined): ReadonlySet<string> =>
  new Set(pathsIn(withNamedFields(type, fieldsBelow(type, { spec: object?.["spec"] ?? {} }))));

describe("server-side apply", () => {
  test("applying the same again changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(story, manager, config, async (before, name, given) => {
        const once = await apply(await tell(before), name, given);
        expect(await apply(once, name, given)).toEqual(once);
      }),
    );
  });

  test("what was applied is there, and is owned", async () => {
    await fc.assert(
      fc.asyncProperty(story, manager, config, async (before, name, given) => {
        const after = await apply(await tell(before), name, given);
        const mine = ownersOf(after).find((owner) => owner.manager === name && owner.operation === "Apply");
        const asked = fieldsBelow(type, { spec: given["spec"] });
        expect(mine?.fieldsV1).toEqual(asked);
        // Nothing that was asked for has another value: applying by someone else is no conflict.
        await applyConfiguration(write("another"), after, given, false);
      }),
    );
  });

  test("applying nothing removes all that the manager alone owned, and only that", async () => {
    await fc.assert(
      fc.asyncProperty(story, manager, async (before, name) => {
        const object = await tell(before);
        fc.pre(object !== undefined);
        const mine = ownersOf(object).find((owner) => owner.manager === name && owner.operation === "Apply");
        const others = ownersOf(object).filter((owner) => owner !== mine);
        const [was, is] = [fieldsIn(object), fieldsIn(await apply(object, name, base))];
        const owned = pathsIn(withNamedFields(type, mine?.fieldsV1 ?? {}));
        // An item or an entry goes with all that is in it.
        const below = (path: string, paths: readonly string[]) => paths.some((one) => path.startsWith(one));
        for (const path of was) if (!is.has(path)) expect(below(path, owned), path).toBe(true);
        const alone = others.reduce((set, { fieldsV1 }) => difference(set, fieldsV1), mine?.fieldsV1 ?? {});
        const given = pathsIn(alone);
        for (const path of given) expect(is).not.toContain(path);
        for (const path of others.flatMap(({ fieldsV1 }) => pathsIn(fieldsV1)))
          if (!below(path, given)) expect(is).toContain(path);
      }),
    );
  });

  test("nobody owns what is not there", async () => {
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const live = await tell(steps);
        const there = fieldsIn(live);
        for (const { fieldsV1 } of ownersOf(live)) for (const path of pathsIn(fieldsV1)) expect(there).toContain(path);
      }),
    );
  });
});
