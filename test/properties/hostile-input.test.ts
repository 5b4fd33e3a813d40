/** Whatever is sent, the server answers with what is wrong about it, and goes on. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiOverHttps } from "../integration/api-over-https.ts";

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open();
});
afterAll(() => api[Symbol.asyncDispose]());

type Path = readonly (string | number)[];

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        a: { type: "string", default: "x", pattern: "x+" },
        l: { type: "array", items: { type: "integer" } },
      },
      "x-kubernetes-validations": [{ rule: "true" }],
    },
  },
};

/** Where it goes, and an object that is right. */
const examples: readonly (readonly [path: string, object: { readonly metadata: { readonly name: string } }])[] = [
  [
    "/api/v1/namespaces",
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "a" }, spec: { finalizers: ["kubernetes"] } } as never,
  ],
  [
    "/api/v1/namespaces/default/configmaps",
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "a",
        labels: { a: "b" },
        finalizers: ["test.example/a"],
        ownerReferences: [{ apiVersion: "v1", kind: "Secret", name: "a", uid: "a" }],
      },
      data: { a: "b" },
      binaryData: { c: "Yg==" },
    } as never,
  ],
  [
    "/api/v1/namespaces/default/secrets",
    { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, data: { a: "Yg==" }, stringData: { b: "c" } } as never,
  ],
  [
    "/api/v1/namespaces/default/events",
    {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "a" },
      involvedObject: { kind: "Container", namespace: "default", name: "a" },
      series: { count: 1 },
      lastTimestamp: "2026-01-01T00:00:00Z",
    } as never,
  ],
  [
    "/apis/stowage.dev/v1alpha1/namespaces/default/containers",
    {
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Container",
      metadata: { name: "a" },
      spec: {
        image: "busybox",
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: "1" } },
        placement: { hostSelector: { matchLabels: { a: "b" } } },
      },
      status: { phase: "Running" },
    } as never,
  ],
  [
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "things.test.example" },
      spec: {
        group: "test.example",
        scope: "Namespaced",
        names: { plural: "things", kind: "Thing", shortNames: ["th"] },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: schema },
            subresources: { status: {} },
            additionalPrinterColumns: [{ name: "A", type: "string", jsonPath: ".spec.a" }],
          },
        ],
      },
    } as never,
  ],
];

/** Every place in a value, the whole of it included. */
function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const keys: Path = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [path, ...keys.flatMap((key) => placesIn((value as Record<string | number, unknown>)[key], [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

const places = examples.flatMap(([path, object]) => placesIn(object).map((place) => ({ path, object, place })));

test("one wrong value anywhere in any object, by any verb, is never an error of the server", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places),
      fc.jsonValue({ maxDepth: 3 }),
      async ({ path, object, place }, value) => {
        const wrong = replaced(object, place, value);
        const one = `${path}/${object.metadata.name}`;
        const answers = [
          await api.post(path, wrong),
          await api.post(path, object),
          await api.put(one, wrong),
          await api.put(`${one}/status`, wrong),
          await api.patch(one, wrong),
          await api.patch(`${one}/status`, wrong),
          await api.patch(one, wrong, "strategic-merge-patch"),
          await api.patch(one, [{ op: "add", path: `/${place.join("/")}`, value }], "json-patch"),
          await api.patch(one, value, "json-patch"),
          await api.get(path, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" }),
          await api.delete(one, value),
        ];
        for (const { code, text } of answers) expect(code, text).toBeLessThan(500);
      },
    ),
    { numRuns: 200 },
  );
  expect(api.log.lines.filter(({ level }) => level !== "info")).toEqual([]);
});
