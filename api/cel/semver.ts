/** Semantic versions in CEL. Source: k8s.io/apiserver/pkg/cel/library/semverlib.go; the pattern is that of semver.org. */
import type { Environment } from "@marcbachmann/cel-js";
import { EvaluationError } from "@marcbachmann/cel-js";
import { pure } from "./registering.ts";

class Version {
  readonly numbers: readonly bigint[];
  readonly labels: readonly string[];

  constructor(numbers: readonly bigint[], labels: readonly string[]) {
    this.numbers = numbers;
    this.labels = labels;
  }
}

const number = "(0|[1-9][0-9]*)";
const label = "(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)";
const pattern = new RegExp(`^${number}\\.${number}\\.${number}(?:-(${label}(?:\\.${label})*))?(?:\\+[0-9A-Za-z.-]+)?$`);

/** `loose` takes a leading v, leading zeros, and leaves out minor and patch. */
function parse(text: string, loose: boolean): Version | undefined {
  const [, major, minor, patch, labels] = pattern.exec(loose ? normalized(text) : text) ?? [];
  if (major === undefined) return undefined;
  return new Version([major, minor ?? "", patch ?? ""].map(BigInt), labels === undefined ? [] : labels.split("."));
}

function normalized(text: string): string {
  const [, numbers = "", rest = ""] = /^v?([0-9.]+)(.*)$/.exec(text) ?? [];
  const parts = numbers.split(".").map((part) => part.replace(/^0+(?=[0-9])/, ""));
  return [...parts, ...Array.from({ length: Math.max(0, 3 - parts.length) }, () => "0")].join(".") + rest;
}

function compare(a: Version, b: Version): number {
  for (const [i, left] of a.numbers.entries()) {
    const right = b.numbers[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  return compareLabels(a.labels, b.labels);
}

/** Section 11 of semver.org: a version with labels comes before the one without. */
function compareLabels(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length);
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [left, right] = [a[i], b[i]];
    if (left === right) continue;
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const numeric = [left, right].map((one) => /^[0-9]+$/.test(one));
    if (numeric[0] !== numeric[1]) return numeric[0] === true ? -1 : 1;
    return (numeric[0] === true ? BigInt(left) < BigInt(right) : left < right) ? -1 : 1;
  }
  return 0;
}

export function registerSemver(environment: Environment): void {
  const type = "kubernetes.Semver";
  const version = (text: string, loose = false): Version => {
    const parsed = parse(text, loose);
    if (parsed !== undefined) return parsed;
    throw new EvaluationError(`Version string ${JSON.stringify(text)} is no semantic version`);
  };
  environment.registerType(type, Version);
  environment.registerOperator(`${type} == ${type}`, (a: Version, b: Version) => compare(a, b) === 0);
  pure(environment, {
    [`semver(string): ${type}`]: (text: string) => version(text),
    [`semver(string, bool): ${type}`]: version,
    "isSemver(string): bool": (text: string) => parse(text, false) !== undefined,
    "isSemver(string, bool): bool": (text: string, loose: boolean) => parse(text, loose) !== undefined,
    [`${type}.major(): int`]: ({ numbers }: Version) => numbers[0],
    [`${type}.minor(): int`]: ({ numbers }: Version) => numbers[1],
    [`${type}.patch(): int`]: ({ numbers }: Version) => numbers[2],
    [`${type}.isGreaterThan(${type}): bool`]: (a: Version, b: Version) => compare(a, b) > 0,
    [`${type}.isLessThan(${type}): bool`]: (a: Version, b: Version) => compare(a, b) < 0,
    [`${type}.compareTo(${type}): int`]: (a: Version, b: Version) => BigInt(compare(a, b)),
  });
}
