/** Paths as the API names fields: `spec.ports[0].containerPort`, `metadata.labels[app]`. Source: util/validation/field/path.go. */
export type FieldPath = readonly (string | number)[];

export function parseFieldPath(field: string): FieldPath {
  return [...field.matchAll(/\[("?)([^\]]*?)\1\]|([^.[\]]+)/g)].map(([, , inside, plain]) =>
    inside === undefined ? (plain ?? "") : /^\d+$/.test(inside) ? Number(inside) : inside,
  );
}

/** Undefined when there is nothing at that path. */
export function valueAt(object: unknown, field: string): unknown {
  let value = object;
  for (const step of parseFieldPath(field)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}
