/** What JSON.parse does not tell about a text: which fields are there twice, and where it stops being JSON. */
import { childPath } from "../formats/json-object.ts";

export interface JsonScan {
  /** Paths of fields that an object has more than once: `spec.image`, `spec.ports[0].name`. */
  readonly duplicates: readonly string[];
  /** Offset of the first character that does not belong; undefined when the text is JSON. */
  readonly errorAt: number | undefined;
}

const literal = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const string = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const space = /[ \t\r\n]*/y;

/** Deeper nesting counts as not being JSON: this recurses. */
const maxDepth = 1000;

class NotJson extends Error {}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** How many fields the objects of a JSON text have, duplicates counted: the colons outside of its strings. */
export function countFields(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === colon) count += 1;
    else if (character === quote) at = endOfString(text, at);
  }
  return count;
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

/** Reads the text once. */
export function scanJson(text: string): JsonScan {
  const duplicates: string[] = [];
  let at = 0;

  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };
  const take = (pattern: RegExp): string => {
    const found = skip(pattern);
    if (found === "") throw new NotJson();
    return found;
  };
  const next = (): string => {
    skip(space);
    return text.charAt(at);
  };
  const expect = (...characters: readonly string[]): string => {
    const found = next();
    if (found === "" || !characters.includes(found)) throw new NotJson();
    at += 1;
    return found;
  };

  const object = (path: string, depth: number): void => {
    const seen = new Set<string>();
    if (next() === "}") {
      at += 1;
      return;
    }
    do {
      next();
      const key = JSON.parse(take(string)) as string;
      const field = childPath(path, key);
      if (seen.has(key)) duplicates.push(field);
      seen.add(key);
      expect(":");
      value(field, depth + 1);
    } while (expect(",", "}") === ",");
  };

  const list = (path: string, depth: number): void => {
    if (next() === "]") {
      at += 1;
      return;
    }
    let index = 0;
    do {
      value(`${path}[${index}]`, depth + 1);
      index += 1;
    } while (expect(",", "]") === ",");
  };

  const value = (path: string, depth: number): void => {
    const first = next();
    if (depth > maxDepth) throw new NotJson();
    if (first === "{" || first === "[") {
      at += 1;
      if (first === "{") object(path, depth);
      else list(path, depth);
    } else take(first === '"' ? string : literal);
  };

  try {
    value("", 0);
    if (next() !== "") throw new NotJson();
    return { duplicates, errorAt: undefined };
  } catch (error) {
    if (error instanceof NotJson) return { duplicates, errorAt: at };
    throw error;
  }
}
