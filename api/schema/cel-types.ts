/**
 * A schema and its values as CEL sees them: integers are int, date-times timestamps, maps are maps, objects have the
 * fields that the schema names, and no others.
 * Source: SchemaDeclType in k8s.io/apiserver/pkg/cel/common/schemas.go, UnstructuredToVal in values.go. A nullable value
 * is dyn here, so that it can be compared with null.
 */
import type { Environment } from "@marcbachmann/cel-js";
import { Duration } from "../cel/cel.ts";
import { kubernetesEnvironment } from "../cel/environment.ts";
import { equalValues } from "../cel/equality.ts";
import { isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { SchemaNode } from "./schema-node.ts";
import { schemaNode } from "./schema-node.ts";

/** A field of an object: its name in JSON, and what its values are. */
interface Field {
  readonly name: string;
  readonly node: SchemaNode;
}

type Fields = Readonly<Record<string, unknown>>;
type Constructor = new () => Record<string, unknown>;

interface ObjectType {
  readonly constructor_: Constructor;
  /** By their names in CEL. */
  readonly fields: ReadonlyMap<string, Field>;
}

export class SchemaTypes {
  readonly #environment: Environment = kubernetesEnvironment();
  /** Of every node that rules can see, also that of a field whose type nobody knows (undefined). */
  readonly #names = new Map<SchemaNode, string | undefined>();
  readonly #objects = new Map<SchemaNode, ObjectType>();
  readonly #scopes = new Map<string, Environment>();
  readonly #root: SchemaNode;

  constructor(root: SchemaNode) {
    this.#root = root;
    this.#declare(root);
  }

  /** What `self` is in the rules of a node; undefined where they see nothing. */
  typeOf(node: SchemaNode): string | undefined {
    return this.#names.get(node);
  }

  /** With `self` and `oldSelf` of this node. */
  environmentOf(node: SchemaNode, optionalOldSelf: boolean): Environment {
    const type = this.typeOf(node) ?? "dyn";
    const old = optionalOldSelf ? `optional<${type}>` : type;
    const present = this.#scopes.get(old);
    if (present !== undefined) return present;
    const scope = this.#environment.clone().registerVariable("self", type).registerVariable("oldSelf", old);
    this.#scopes.set(old, scope);
    return scope;
  }

  /** The fields that rules see of an object, by their names in CEL. */
  fieldsOf(node: SchemaNode): ReadonlyMap<string, Field> {
    return this.#objects.get(node)?.fields ?? new Map();
  }

  value(value: unknown, node: SchemaNode): unknown {
    if (typeof value === "number") return isInteger(value, node) ? BigInt(value) : value;
    if (typeof value === "string") return fromText(value, node);
    if (Array.isArray(value)) {
      const { items } = node;
      return items === undefined ? [] : value.map((item) => this.value(item, items));
    }
    if (!isJsonObject(value)) return value;
    const { additional } = node;
    if (additional instanceof Object)
      return new Map(Object.entries(value).map(([key, item]) => [key, this.value(item, additional)]));
    return this.#object(value, node);
  }

  #object(value: JsonObject, node: SchemaNode): unknown {
    const type = this.#objects.get(node);
    if (type === undefined) return {};
    const object = new type.constructor_();
    for (const [name, field] of type.fields)
      if (Object.hasOwn(value, field.name)) object[name] = this.value(value[field.name], field.node);
    return object;
  }

  #declare(node: SchemaNode): string | undefined {
    if (!this.#names.has(node)) this.#names.set(node, this.#declared(node));
    return this.#names.get(node);
  }

  #declared(node: SchemaNode): string | undefined {
    const type = this.#typeName(node);
    return type !== undefined && node.nullable ? "dyn" : type;
  }

  #typeName(node: SchemaNode): string | undefined {
    const [type, other] = node.types;
    if (other !== undefined) return "dyn";
    switch (type ?? "") {
      case "array": {
        const item = node.items && this.#declare(node.items);
        return item === undefined ? undefined : `list<${item}>`;
      }
      case "object": {
        if (!(node.additional instanceof Object)) return this.#declareObject(node);
        const item = this.#declare(node.additional);
        return item === undefined ? undefined : `map<string, ${item}>`;
      }
      case "string":
        return textType(node);
      default:
        return type === undefined ? undefined : scalarTypes[type];
    }
  }

  #declareObject(node: SchemaNode): string {
    const fields = new Map<string, Field>();
    const types: Record<string, string> = {};
    for (const field of this.#shown(node)) {
      const type = this.#declare(field.node);
      const name = escapeField(field.name);
      if (type === undefined || name === undefined) continue;
      fields.set(name, field);
      types[name] = type;
    }
    // A class of its own tells cel-js the type of a value.
    const constructor_: Constructor = class {
      [field: string]: unknown;
    };
    const name = `Object${this.#objects.size}`;
    this.#objects.set(node, { constructor_, fields });
    this.#environment
      .registerType(name, { ctor: constructor_, fields: types })
      .registerOperator(`${name} == ${name}`, (a: Fields, b: Fields) => equalValues(a, b));
    return name;
  }

  /** A resource shows its apiVersion, its kind and its name, whatever its schema says. */
  #shown(node: SchemaNode): readonly Field[] {
    const own = [...node.properties].map(([name, property]) => ({ name, node: property }));
    if (node !== this.#root && !node.embedded) return own;
    const others = own.filter(({ name }) => !["apiVersion", "kind", "metadata"].includes(name));
    return [...others, ...resourceFields];
  }
}

const anyText = schemaNode({ type: "string" });
const namedBy = schemaNode({
  type: "object",
  properties: { name: { type: "string" }, generateName: { type: "string" } },
});
const resourceFields: readonly Field[] = [
  { name: "apiVersion", node: anyText },
  { name: "kind", node: anyText },
  { name: "metadata", node: namedBy },
];

const scalarTypes: Readonly<Record<string, string>> = { boolean: "bool", integer: "int", number: "double" };

function textType({ format }: SchemaNode): string {
  switch (format?.name ?? "") {
    case "byte":
      return "bytes";
    case "duration":
      return "google.protobuf.Duration";
    case "date":
    case "date-time":
      return "google.protobuf.Timestamp";
    default:
      return "string";
  }
}

function fromText(text: string, node: SchemaNode): unknown {
  if (node.types.length > 1) return text;
  switch (node.format?.name ?? "") {
    case "byte":
      return Buffer.from(text, "base64");
    case "duration":
      return durationOf(text);
    case "date":
    case "date-time":
      return new Date(text);
    default:
      return text;
  }
}

const milliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 3.6e6,
  d: 8.64e7,
  w: 6.048e8,
};

function durationOf(text: string): Duration {
  const parts = [...text.matchAll(/([0-9]*\.?[0-9]+)([a-zµμ]+)/g)];
  const amount = parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (milliseconds[unit] ?? 0), 0);
  return Duration.fromMilliseconds(text.startsWith("-") ? -amount : amount);
}

function isInteger(value: number, { types }: SchemaNode): boolean {
  return Number.isInteger(value) && (types.length === 0 || types.includes("integer"));
}

/** Source: k8s.io/apiserver/pkg/cel/escaping.go. */
const reserved: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

const escapes: Readonly<Record<string, string>> = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};

/** A field's name as an identifier; undefined where it cannot be one. */
function escapeField(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  const escaped = /[.\-/]|__/.test(name) ? name.replaceAll(/__|[.\-/]/g, (part) => escapes[part] ?? part) : name;
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}
