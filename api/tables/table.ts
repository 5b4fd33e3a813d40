/** Lists as kubectl shows them: meta.k8s.io/v1 Table. Source: apimachinery/pkg/apis/meta/v1/types.go. */
import type { KubeObject } from "../../crds/meta.ts";
import type { Column, JsonObject, ResourceDefinition } from "../resources/definition.ts";

export interface TableOptions {
  /** What each row carries beside its cells; kubectl asks for Object with -o custom output, Metadata otherwise. */
  readonly includeObject: "None" | "Metadata" | "Object";
  readonly now: Date;
  /** Of meta.k8s.io, v1 when absent: v1beta1 looks the same. */
  readonly version?: string;
  /** List metadata. Absent for a single object or an event of a watch: then the object's own revision is given. */
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
  /** After the first event of a watch the columns need not be said again. */
  readonly noHeaders?: boolean;
}

export function toTable(
  objects: readonly KubeObject[],
  definition: Pick<ResourceDefinition, "columns">,
  options: TableOptions,
): JsonObject {
  const { columns } = definition;
  const apiVersion = `meta.k8s.io/${options.version ?? "v1"}`;
  const [only] = objects;
  return {
    kind: "Table",
    apiVersion,
    metadata: {
      resourceVersion: options.resourceVersion ?? only?.metadata.resourceVersion ?? "",
      ...(options.continue === undefined ? {} : { continue: options.continue }),
      ...(options.remainingItemCount === undefined ? {} : { remainingItemCount: options.remainingItemCount }),
    },
    columnDefinitions: options.noHeaders === true ? null : columns.map(header),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.value(object, options.now)),
      object: options.includeObject === "None" ? null : rowObject(object, options.includeObject, apiVersion),
    })),
  };
}

function header({ name, type, format, description, priority }: Column): JsonObject {
  return { name, type, format: format ?? "", description: description ?? "", priority };
}

function rowObject(object: KubeObject, include: "Metadata" | "Object", apiVersion: string): KubeObject {
  if (include === "Object") return object;
  return { kind: "PartialObjectMetadata", apiVersion, metadata: object.metadata };
}
