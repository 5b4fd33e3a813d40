/**
 * Reads objects from YAML and JSON files, and remembers where each of them stands, so that whatever is wrong with one
 * can be told by file, document and line.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import type { Document, Tags } from "yaml";
import { isCollection, isNode, isPair, isScalar, LineCounter, parseAllDocuments } from "yaml";
import type { JsonObject } from "../formats/json-object.ts";
import { isJsonObject } from "../formats/json-object.ts";
import { CommandError } from "./errors.ts";
import { parseFieldPath, valueAt } from "./field-path.ts";

/** One thing that is wrong with a manifest, where it stands. */
export interface Problem {
  /** `web.yaml: document 2, line 14`. */
  readonly where: string;
  readonly message: string;
}

/** An object as it is written in a file. */
export interface Manifest {
  readonly object: JsonObject & ManifestHead;
  /** `web.yaml: document 2, line 14` for the field, or the nearest one around it that is there; without one the start. */
  readonly where: (field?: string) => string;
}

/** What the API needs to know of an object before it can look at the rest. */
export interface ManifestHead {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject & { readonly name: string; readonly namespace?: string };
}

export interface ReadManifests {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** k8s.io/apiserver/pkg/server/config.go, MaxRequestBodyBytes. Larger ones are cut off before they can be answered. */
const maxObjectBytes = 3 * 1024 * 1024;

const extensions = [".yaml", ".yml", ".json"];

export interface ReadOptions {
  readonly recursive: boolean;
  readonly cwd: string;
  readonly stdin: Readable;
}

/** `paths` are files, folders, or `-` for standard input. Throws CommandError when one cannot be read at all. */
export async function readManifests(paths: readonly string[], options: ReadOptions): Promise<ReadManifests> {
  const results: ReadManifests[] = [];
  for (const path of paths) {
    if (path === "-") results.push(parseManifests("standard input", await buffer(options.stdin)));
    else for (const file of await filesAt(path, options)) results.push(await readFileManifests(file, options));
  }
  return {
    manifests: results.flatMap(({ manifests }) => manifests),
    problems: results.flatMap(({ problems }) => problems),
  };
}

async function readFileManifests(file: string, { cwd }: ReadOptions): Promise<ReadManifests> {
  try {
    return parseManifests(file, await readFile(resolve(cwd, file)));
  } catch (error) {
    throw cannotRead(file, error);
  }
}

function cannotRead(path: string, error: unknown): CommandError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new CommandError(
    code === "ENOENT" ? `the path "${path}" does not exist` : `Cannot read "${path}": ${message}`,
  );
}

/** A file as it is; of a folder the manifests in it, by name, and those below it where `recursive` says so. */
async function filesAt(path: string, options: ReadOptions): Promise<readonly string[]> {
  const full = resolve(options.cwd, path);
  try {
    if (!(await stat(full)).isDirectory()) return [path];
    const entries = await readdir(full, { withFileTypes: true, recursive: options.recursive });
    const files = entries
      .filter((entry) => !entry.isDirectory() && extensions.includes(extname(entry.name)))
      .map((entry) => join(path, relative(full, join(entry.parentPath, entry.name))));
    if (files.length > 0) return files.sort();
  } catch (error) {
    throw cannotRead(path, error);
  }
  throw new CommandError(`There is no manifest in folder "${path}": their names end with ${extensions.join(", ")}`);
}

/**
 * kubectl reads YAML 1.1 as Go does (sigs.k8s.io/yaml): `yes` is a boolean and 0644 is octal, but 22:22 is not a number
 * in base 60, and a date is a string.
 */
const goTags = (tags: Tags): Tags =>
  tags.filter((tag) => {
    const { tag: name, format } = tag as { readonly tag: string; readonly format?: string };
    return format !== "TIME" && !/:(timestamp|binary|omap|pairs|set)$/.test(name);
  });

/** `name` is what problems call the file; JSON by its extension, else YAML. */
export function parseManifests(name: string, bytes: Uint8Array): ReadManifests {
  const problem = (message: string, where = name): ReadManifests => ({ manifests: [], problems: [{ where, message }] });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return problem("this is not text in UTF-8, so it is neither YAML nor JSON");
  }
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.exec(text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(2, "0");
    return problem(
      `there is a control character (0x${code}), so this is neither YAML nor JSON`,
      `${name}: line ${lineAt(text, control.index)}`,
    );
  }
  if (extname(name) === ".json") {
    const wrong = jsonProblem(text);
    if (wrong !== undefined) return problem(wrong);
  }
  const lines = new LineCounter();
  const documents = [
    ...parseAllDocuments(text, {
      version: "1.1",
      customTags: goTags,
      stringKeys: true,
      lineCounter: lines,
      prettyErrors: false,
    }),
  ];
  const several = documents.filter((document) => !isEmpty(document)).length > 1;
  const results = documents.map((document, i) =>
    parseDocument(document, several ? `${name}: document ${i + 1}` : name, several, lines),
  );
  const all = {
    manifests: results.flatMap(({ manifests }) => manifests),
    problems: results.flatMap(({ problems }) => problems),
  };
  return all.manifests.length + all.problems.length === 0 ? problem("there is no object in it") : all;
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

/** YAML takes more than JSON does (a comma after the last element), and a .json file should be JSON to everyone. */
function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text.replace(/^\ufeff/, ""));
    return undefined;
  } catch (error) {
    return `this is not JSON: ${(error as SyntaxError).message.replace(/\s+/g, " ")}`;
  }
}

type AnyDocument = Document.Parsed;

/** Nothing but comments and separators. */
function isEmpty({ errors, contents }: AnyDocument): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));
}

function parseDocument(document: AnyDocument, name: string, several: boolean, lines: LineCounter): ReadManifests {
  const place = (line: number): string => `${name}${several ? "," : ":"} line ${line}`;
  const at = (offset: number): string => place(lines.linePos(offset).line);
  const start = at(document.contents?.range[0] ?? document.range[0]);
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) {
    const { line, col } = lines.linePos(wrong.pos[0]);
    return {
      manifests: [],
      problems: [{ where: place(line), message: `invalid YAML at column ${col}: ${yamlWords(wrong, document)}` }],
    };
  }
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    // Aliases that name nothing, and those that would grow into gigabytes.
    return { manifests: [], problems: [{ where: start, message: `invalid YAML: ${(error as Error).message}` }] };
  }
  if (content === null) return { manifests: [], problems: [] };
  const where = (field?: string): string => at(offsetOf(document, field ?? "") ?? document.range[0]);
  const found = unfoldList(content, "");
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  for (const { object, prefix } of found) {
    const whereInside = (field?: string): string => where(prefix + (field ?? ""));
    const faults = headProblems(object);
    for (const { field, message } of faults)
      problems.push({ where: whereInside(field), message: subjectOf(object) + message });
    if (faults.length === 0) manifests.push({ object: object as Manifest["object"], where: whereInside });
  }
  return { manifests, problems };
}

function yamlWords(
  wrong: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
  document: AnyDocument,
): string {
  if (wrong.code !== "DUPLICATE_KEY") return wrong.message;
  const key = duplicateKey(document, wrong.pos[0]);
  return key === undefined ? "the same key stands twice in one map" : `key "${key}" stands twice in one map`;
}

function duplicateKey(document: AnyDocument, offset: number): string | undefined {
  let found: string | undefined;
  const look = (node: unknown): void => {
    if (!isCollection(node)) return;
    for (const item of node.items) {
      if (!isPair(item)) look(item);
      else {
        if (isScalar(item.key) && item.key.range?.[0] === offset) found = String(item.key.value);
        look(item.value);
      }
    }
  };
  look(document.contents);
  return found;
}

/** `kind: List` holds objects, as `get -o yaml` writes it. */
function unfoldList(
  content: unknown,
  prefix: string,
): readonly { readonly object: unknown; readonly prefix: string }[] {
  const list = content as { readonly kind?: unknown; readonly items?: unknown } | null;
  if (list?.kind !== "List" || !Array.isArray(list.items)) return [{ object: content, prefix }];
  return list.items.flatMap((item: unknown, i) => unfoldList(item, `${prefix}items[${i}].`));
}

function offsetOf(document: AnyDocument, field: string): number | undefined {
  const path = parseFieldPath(field);
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0];
}

const nameOf = (type: unknown): string =>
  type === null
    ? "nothing"
    : Array.isArray(type)
      ? "a list"
      : typeof type === "object"
        ? "a map"
        : `${typeof type} ${JSON.stringify(type)}`;

/** `Container "web": `, as far as it can be known. */
function subjectOf(object: unknown): string {
  const kind = valueAt(object, "kind");
  const name = valueAt(object, "metadata.name");
  if (typeof kind !== "string" || kind === "") return "";
  return typeof name === "string" && name !== "" ? `${kind} "${name}": ` : `${kind}: `;
}

interface Fault {
  readonly field: string;
  readonly message: string;
}

/** What must be so before the server can be asked about an object. */
function headProblems(object: unknown): readonly Fault[] {
  if (!isJsonObject(object))
    return [{ field: "", message: `expected an object with apiVersion, kind and metadata, found ${nameOf(object)}` }];
  const faults: Fault[] = [];
  for (const field of ["apiVersion", "kind"]) faults.push(...requireString(object, field));
  const { metadata } = object;
  if (metadata === undefined || metadata === null)
    faults.push({ field: "metadata.name", message: "metadata.name: Required value" });
  else if (!isJsonObject(metadata))
    faults.push({ field: "metadata", message: `metadata: Invalid value: ${JSON.stringify(metadata)}: must be a map` });
  else {
    faults.push(...requireString(object, "metadata.name"));
    if (metadata["namespace"] !== undefined) faults.push(...requireString(object, "metadata.namespace"));
  }
  const bytes = Buffer.byteLength(JSON.stringify(object));
  if (bytes > maxObjectBytes)
    faults.push({
      field: "",
      message: `Request entity too large: it is ${bytes} bytes, and an object has at most ${maxObjectBytes}${largestField(object)}`,
    });
  return faults;
}

/** Where most of a large object is. */
function largestField(object: JsonObject): string {
  let path = "";
  for (let value: unknown = object; isJsonObject(value);) {
    const sizes = Object.entries(value).map(([key, inner]) => ({ key, inner, size: JSON.stringify(inner).length }));
    const largest = sizes.sort((a, b) => b.size - a.size)[0];
    if (largest === undefined || largest.size < maxObjectBytes / 2) break;
    path += path === "" ? largest.key : `.${largest.key}`;
    value = largest.inner;
  }
  return path === "" ? "" : `; the most of it is in ${path}`;
}

function requireString(object: JsonObject, field: string): readonly Fault[] {
  const value = valueAt(object, field);
  if (value === undefined || value === null || value === "") return [{ field, message: `${field}: Required value` }];
  if (typeof value === "string") return [];
  return [{ field, message: `${field}: Invalid value: ${JSON.stringify(value)}: must be a string` }];
}
