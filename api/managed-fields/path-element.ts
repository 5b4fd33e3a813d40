/**
 * One step of a path into an object, as fieldsV1 writes it: `f:<field>`, `k:<keys of a list's item>`, `v:<item of a set>`,
 * `i:<index>`. Source: sigs.k8s.io/structured-merge-diff/v4/fieldpath/{element,serialize-pe}.go.
 */
import { isJsonObject } from "../../formats/json-object.ts";

export type PathElement = string;
export type Path = readonly PathElement[];

export const fieldElement = (name: string): PathElement => `f:${name}`;
export const valueElement = (value: unknown): PathElement => `v:${goJson(value)}`;

/** `keys` in any order. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): PathElement {
  const sorted = keys.length > 1 ? [...keys].sort(([a], [b]) => compareText(a, b)) : keys;
  return `k:{${sorted.map(([name, value]) => `${goJson(name)}:${goJson(value)}`).join(",")}}`;
}

/** The name of a field; undefined for items of lists. */
export const fieldNameOf = (element: PathElement): string | undefined =>
  element.startsWith("f:") ? element.slice(2) : undefined;

/** What an element that a client wrote is here. Undefined for kinds of elements yet to come; throws Error for nonsense. */
export function readElement(text: string): PathElement | undefined {
  const content = text.slice(2);
  if (text[1] !== ":") throw new Error(`missing colon: ${text}`);
  switch (text.charAt(0)) {
    case "f":
      return text;
    case "v":
      return valueElement(JSON.parse(content));
    case "k": {
      const keys = JSON.parse(content) as unknown;
      if (!isJsonObject(keys)) throw new Error(`not an object: ${content}`);
      return keyElement(Object.entries(keys));
    }
    case "i":
      if (!/^-?[0-9]+$/.test(content)) throw new Error(`not a number: ${content}`);
      return `i:${Number(content)}`;
    default:
      return undefined;
  }
}

type Keys = Readonly<Record<string, unknown>>;

const beyondAscii = /[^\0-\x7f]/;

/** By UTF-8 bytes, as Go compares. */
export function compareText(a: string, b: string): number {
  if (beyondAscii.test(a) || beyondAscii.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How messages write a path: `.spec.ports[containerPort=80,protocol="TCP"].name`, `.metadata.finalizers["a"]`. */
export function pathText(path: Path): string {
  return path.map(elementText).join("");
}

export function elementText(element: PathElement): string {
  const content = element.slice(2);
  switch (element.charAt(0)) {
    case "f":
      return `.${content}`;
    case "k": {
      const keys = Object.entries(JSON.parse(content) as Keys);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
    }
    case "v":
      return `[=${content}]`;
    default:
      return `[${content}]`;
  }
}

const htmlCharacters: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** JSON as encoding/json writes it. */
function goJson(value: unknown): string {
  const json = JSON.stringify(value);
  return /[<>&\u2028\u2029]/.test(json)
    ? json.replace(/[<>&\u2028\u2029]/g, (one) => htmlCharacters[one] ?? one)
    : json;
}
