/**
 * Which Pod Security Standards a namespace holds its Containers to.
 * Source: k8s.io/pod-security-admission/api/{constants,helpers}.go.
 */
import type { StatusCause } from "../../status.ts";
import { invalidValue } from "../../schema/field-errors.ts";

/** From the most that is allowed to the least. */
export const levels = ["privileged", "baseline", "restricted"] as const;
export type Level = (typeof levels)[number];

export interface LevelVersion {
  readonly level: Level;
  /** `latest` or `v1.30`. The checks are the same in every version: each is as upstream's newest is. */
  readonly version: string;
}

export interface Policy {
  /** What is refused. */
  readonly enforce: LevelVersion;
  /** What is answered with a warning. */
  readonly warn: LevelVersion;
}

/** Of a namespace that says nothing. Upstream's is privileged. */
const unsaid: LevelVersion = { level: "baseline", version: "latest" };
/** Instead of a level that cannot be read: nothing gets past a mistake. */
const unreadable: Level = "restricted";

const prefix = "pod-security.kubernetes.io/";
const modes = ["enforce", "audit", "warn"] as const;
type Mode = (typeof modes)[number];

export type Labels = Readonly<Record<string, string>>;

export function policyOf(labels: Labels): Policy {
  return { enforce: levelOf(labels, "enforce"), warn: levelOf(labels, "warn") };
}

function levelOf(labels: Labels, mode: Mode): LevelVersion {
  const { [`${prefix}${mode}`]: level, [`${prefix}${mode}-version`]: version } = labels;
  return {
    level: level === undefined ? unsaid.level : (levels.find((one) => one === level) ?? unreadable),
    version: version === undefined || !isVersion(version) ? unsaid.version : version,
  };
}

const isVersion = (text: string): boolean => text === "latest" || /^v1\.([0-9]|[1-9][0-9]*)$/.test(text);

/** `baseline:latest`. */
export const nameOf = ({ level, version }: LevelVersion): string => `${level}:${version}`;

/** What is wrong with the labels of a namespace. */
export function labelCauses(labels: Labels): readonly StatusCause[] {
  return modes.flatMap((mode) => [
    ...causeOf(labels, mode, (level) => levels.some((one) => one === level), `must be one of ${levels.join(", ")}`),
    ...causeOf(labels, `${mode}-version`, isVersion, 'must be "latest" or "v1.x"'),
  ]);
}

function causeOf(
  labels: Labels,
  label: string,
  isRight: (value: string) => boolean,
  detail: string,
): readonly StatusCause[] {
  const key = `${prefix}${label}`;
  const value = labels[key];
  return value === undefined || isRight(value) ? [] : [invalidValue(`metadata.labels[${key}]`, value, detail)];
}

/** Whether some that `before` allowed could be refused now. */
export function isStricter({ level }: LevelVersion, before: LevelVersion): boolean {
  return levels.indexOf(level) > levels.indexOf(before.level);
}
