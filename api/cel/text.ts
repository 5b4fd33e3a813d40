/** Strings, regular expressions, URLs. Source: cel-go/ext/strings.go, k8s.io/apiserver/pkg/cel/library/{regex,urls}.go. */
import type { Environment } from "@marcbachmann/cel-js";
import { EvaluationError } from "@marcbachmann/cel-js";
import { toRegExp } from "../schema/pattern.ts";
import { namespaced, pure } from "./registering.ts";

/** What cel-js does not have of the strings library in version 2, which is what Kubernetes uses. */
export function registerStrings(environment: Environment): void {
  pure(environment, {
    "string.charAt(int): string": (text: string, index: bigint) => {
      const characters = Array.from(text);
      if (index < 0n || index > BigInt(characters.length)) throw new EvaluationError(`index out of range: ${index}`);
      return characters[Number(index)] ?? "";
    },
    "string.replace(string, string): string": (text: string, from: string, to: string) =>
      replaceSome(text, from, to, -1),
    "string.replace(string, string, int): string": (text: string, from: string, to: string, count: bigint) =>
      replaceSome(text, from, to, Number(count)),
    "string.format(list): string": format,
  });
  namespaced(environment, "strings", { "quote(string): string": (text: string) => JSON.stringify(text) });
}

/** Characters that replacing may make: several times what a request can have. */
const mostReplaced = 16 * 1024 * 1024;

/** All of them where `count` is negative. */
function replaceSome(text: string, from: string, to: string, count: number): string {
  let left = count < 0 ? Infinity : count;
  let made = 0;
  return text.replaceAll(from, (found) => {
    if (left-- <= 0) return found;
    made += to.length;
    if (made > mostReplaced) throw new EvaluationError("the result of replace() is too long");
    return to;
  });
}

/** %s, %d, %f, %e, %b, %o, %x, %X with a precision where there is a fraction. Source: cel-go/ext/formatting.go. */
function format(template: string, values: readonly unknown[]): string {
  let next = 0;
  return template.replaceAll(/%(?:%|(?:\.([0-9]+))?([^]?))/g, (clause, precision: string | undefined, verb = "") => {
    if (clause === "%%") return "%";
    if (next >= values.length) throw new EvaluationError(`index ${next} out of range`);
    return formatted(values[next++], String(verb), precision === undefined ? 6 : Number(precision));
  });
}

const bases: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

function formatted(value: unknown, verb: string, precision: number): string {
  if (verb === "s") return shown(value);
  if (verb === "d" && typeof value === "bigint") return value.toString();
  if (verb === "f" && isNumber(value)) return Number(value).toFixed(precision);
  if (verb === "e" && isNumber(value))
    return Number(value)
      .toExponential(precision)
      .replace(/e([+-])([0-9])$/, "e$10$2");
  const base = bases[verb];
  if (base === undefined) throw new EvaluationError(`unrecognized formatting clause "${verb}"`);
  const digits = digitsOf(value, base, verb);
  return verb === "X" ? digits.toUpperCase() : digits;
}

const isNumber = (value: unknown): value is number | bigint => typeof value === "number" || typeof value === "bigint";

function digitsOf(value: unknown, base: number, verb: string): string {
  if (typeof value === "bigint") return value.toString(base);
  if (typeof value === "boolean" && base === 2) return value ? "1" : "0";
  if (typeof value === "string" && base === 16) return Buffer.from(value).toString("hex");
  throw new EvaluationError(`error during formatting: a value of this type cannot be written with %${verb}`);
}

function shown(value: unknown): string {
  if (value === null) return "null";
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, "Z");
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (value instanceof Map)
    return `{${[...(value as ReadonlyMap<unknown, unknown>)].map(([key, item]) => `${shown(key)}: ${shown(item)}`).join(", ")}}`;
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return shown(new Map(Object.entries(value)));
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what is left has its own
  return String(value);
}

/** find() and findAll(). matches() is cel-js's own. */
export function registerRegex(environment: Environment): void {
  const all = (text: string, pattern: string, most: number): readonly string[] => {
    const found = Array.from(text.matchAll(new RegExp(compiled(pattern), "g")), ([match]) => match);
    return most < 0 ? found : found.slice(0, most);
  };
  pure(environment, {
    "string.find(string): string": (text: string, pattern: string) => compiled(pattern).exec(text)?.[0] ?? "",
    "string.findAll(string): list<string>": (text: string, pattern: string) => all(text, pattern, -1),
    "string.findAll(string, int): list<string>": (text: string, pattern: string, most: bigint) =>
      all(text, pattern, Number(most)),
  });
}

function compiled(pattern: string): RegExp {
  try {
    return toRegExp(pattern);
  } catch {
    throw new EvaluationError(`Illegal regex: ${pattern}`);
  }
}

/** What url() takes: absolute, or a path. Source: url.ParseRequestURI in net/url. */
function parseUrl(text: string): URL | undefined {
  if (text.startsWith("/")) return URL.parse(text, "none:///") ?? undefined;
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) ? (URL.parse(text) ?? undefined) : undefined;
}

/** url(), isURL() and the parts of a URL. */
export function registerUrls(environment: Environment): void {
  const type = "kubernetes.URL";
  environment.registerType(type, URL);
  environment.registerOperator(`${type} == ${type}`, (a: URL, b: URL) => a.href === b.href);
  pure(environment, {
    [`url(string): ${type}`]: (text: string) => {
      const url = parseUrl(text);
      if (url !== undefined) return url;
      throw new EvaluationError(
        `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
      );
    },
    "isURL(string): bool": (text: string) => parseUrl(text) !== undefined,
    [`${type}.getScheme(): string`]: ({ protocol }: URL) => (protocol === "none:" ? "" : protocol.slice(0, -1)),
    [`${type}.getHost(): string`]: ({ host }: URL) => host,
    [`${type}.getHostname(): string`]: ({ hostname }: URL) => hostname.replace(/^\[(.*)\]$/, "$1"),
    [`${type}.getPort(): string`]: ({ port }: URL) => port,
    [`${type}.getEscapedPath(): string`]: ({ pathname }: URL) => pathname,
    [`${type}.getQuery(): map<string, list<string>>`]: ({ searchParams }: URL) =>
      new Map([...new Set(searchParams.keys())].map((key) => [key, searchParams.getAll(key)])),
  });
}
