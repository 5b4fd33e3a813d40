/** Turns a {@link Kind} into its CustomResourceDefinition (apiextensions.k8s.io/v1) with a structural schema. */
import { z } from "zod";
import type { Kind } from "./kind.ts";
import { groupResource } from "./meta.ts";

export type JsonSchema = { [keyword: string]: unknown };

export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/**
 * zod's OpenAPI 3.0 output made structural: what kube-apiserver's apiextensions validation refuses is taken out
 * (additionalProperties false, type unions other than int-or-string, propertyNames).
 */
export function structuralSchema(schema: z.ZodType): JsonSchema {
  const generated = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    override: ({ jsonSchema }) => {
      const node = jsonSchema as JsonSchema;
      if (node["x-kubernetes-int-or-string"] === true) {
        delete node["type"];
        node["anyOf"] = [{ type: "integer" }, { type: "string" }];
      }
      if (node["additionalProperties"] === false) delete node["additionalProperties"];
      delete node["propertyNames"];
      // zod's way of saying "an integer that a double can hold"; CRDs say int64 and leave it at that.
      if (node["maximum"] === Number.MAX_SAFE_INTEGER) delete node["maximum"];
      if (node["minimum"] === Number.MIN_SAFE_INTEGER) delete node["minimum"];
    },
  }) as JsonSchema;
  delete generated["$schema"];
  return generated;
}

export function customResourceDefinition(kind: Kind): CustomResourceDefinition {
  const { type } = kind;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: groupResource(type) },
    spec: {
      group: type.group,
      scope: type.namespaced ? "Namespaced" : "Cluster",
      names: {
        kind: type.kind,
        listKind: `${type.kind}List`,
        plural: type.plural,
        singular: kind.singular,
        ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
        ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
      },
      versions: [
        {
          name: type.version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: kind.description,
              required: ["spec"],
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                spec: structuralSchema(kind.spec),
                status: structuralSchema(kind.status),
              },
            },
          },
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns,
        },
      ],
    },
  };
}

/** The file of a kind's definition, in crds/. */
export function fileName(kind: Kind): string {
  const [family = ""] = kind.type.group.split(".");
  return family === "stowage" ? `${kind.type.plural}.yaml` : `${family}/${kind.type.plural}.yaml`;
}
