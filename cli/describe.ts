/** An object in words, as kubectl describe writes it. Source: kubectl/pkg/describe/describe.go, GenericDescriber. */
import type { Condition, KubeObject } from "../crds/meta.ts";
import { humanDuration } from "../formats/human-duration.ts";
import type { JsonObject } from "../formats/json-object.ts";
import { isJsonObject } from "../formats/json-object.ts";
import { age } from "./age.ts";
import { lastAppliedAnnotation } from "./three-way-patch.ts";
import type { Row } from "./tables.ts";
import { renderRows } from "./tables.ts";

/** core/v1 Event, as far as it is shown. */
export interface Event extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly source?: { readonly component?: string };
  readonly reportingComponent?: string;
}

/** Ends with a line break. Values of Secrets are told by their size. */
export async function describe(object: KubeObject, events: readonly Event[], now: Date): Promise<string> {
  const { apiVersion, kind, metadata, ...rest } = object as KubeObject & JsonObject;
  const { status, ...body } = isSecret(object) ? withoutValues(rest) : rest;
  const { conditions, ...observed } = isJsonObject(status) ? status : {};
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== lastAppliedAnnotation);
  const lines = [
    ...fields([
      ["Name", metadata.name],
      ...(metadata.namespace === undefined ? [] : [["Namespace", metadata.namespace] as const]),
      ["Labels", pairs(Object.entries(metadata.labels ?? {}), "=")],
      ["Annotations", pairs(annotations, ": ")],
      ["API Version", apiVersion],
      ["Kind", kind],
      ["Created", `${metadata.creationTimestamp} (${age(metadata.creationTimestamp, now)} ago)`],
      ...(metadata.deletionTimestamp === undefined
        ? []
        : [
            [
              "Deleted",
              `${metadata.deletionTimestamp}, waits for ${metadata.finalizers?.join(", ") ?? "its end"}`,
            ] as const,
          ]),
      ...(metadata.ownerReferences ?? []).map((owner) => ["Owned by", `${owner.kind}/${owner.name}`] as const),
    ]),
    ...block(body, ""),
    ...(Object.keys(observed).length > 0 ? ["Status:", ...block(observed, "  ")] : []),
    ...(await section("Conditions", conditionRows(conditions, now))),
    ...(await section("Events", eventRows(events, now))),
  ];
  return `${lines.join("\n")}\n`;
}

const isSecret = ({ apiVersion, kind }: KubeObject): boolean => apiVersion === "v1" && kind === "Secret";

function withoutValues(secret: JsonObject): JsonObject {
  const sizes = (data: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, `${Buffer.from(String(value), "base64").length} bytes`]),
    );
  return { ...secret, ...(isJsonObject(secret["data"]) ? { data: sizes(secret["data"]) } : {}) };
}

function pairs(entries: readonly (readonly [string, string])[], separator: string): string {
  if (entries.length === 0) return "<none>";
  return entries.map(([key, value]) => key + separator + value).sort().join("\n"); // prettier-ignore
}

/** `Name:  value`, with the values below each other, further lines of a value below its first. */
function fields(all: readonly (readonly [string, string])[], indent = ""): readonly string[] {
  const width = Math.max(0, ...all.map(([name]) => name.length)) + 3;
  return all.flatMap(([name, value]) => {
    const [first = "", ...more] = value.split("\n");
    return [indent + `${name}:`.padEnd(width) + first, ...more.map((line) => indent + " ".repeat(width) + line)].map(
      (line) => line.trimEnd(),
    );
  });
}

const scalar = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const isPlain = (value: unknown): boolean => typeof value !== "object" || value === null;

/** A map's fields, by name; maps and lists in it are indented below theirs. */
function block(map: JsonObject, indent: string): readonly string[] {
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  const plain = entries.filter(([, value]) => isPlain(value));
  const width = Math.max(0, ...plain.map(([key]) => label(key).length));
  return entries.flatMap(([key, value]) => {
    const name = `${indent}${label(key)}:`;
    if (isPlain(value)) return fields([[label(key).padEnd(width), scalar(value)]], indent).map(tidyColon);
    if (isJsonObject(value)) return Object.keys(value).length === 0 ? [name] : [name, ...block(value, `${indent}  `)];
    return [name, ...(value as readonly unknown[]).flatMap((item) => listItem(item, `${indent}  `))];
  });
}

/** Padding belongs after the colon. */
const tidyColon = (line: string): string => line.replace(/^(\s*\S.*?)( *):/, "$1:$2");

function listItem(item: unknown, indent: string): readonly string[] {
  if (isPlain(item)) return scalar(item).split("\n").map((line) => indent + line); // prettier-ignore
  if (isJsonObject(item)) {
    const [first = "", ...more] = block(item, `${indent}  `);
    return [`${indent}- ${first.trimStart()}`, ...more];
  }
  return [indent + JSON.stringify(item)];
}

/** `containerPort` is shown as `Container Port`; what is not a field's name is left as it is. */
function label(key: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(key)) return key;
  const words = key.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

async function section(title: string, rows: readonly Row[]): Promise<readonly string[]> {
  if (rows.length <= 1) return [`${title}:  <none>`];
  const [header = [], ...body] = rows;
  const rule = header.map((name) => "-".repeat(name.length));
  return [`${title}:`, ...(await renderRows([header, rule, ...body])).map((line) => `  ${line}`)];
}

function conditionRows(conditions: unknown, now: Date): readonly Row[] {
  const all = Array.isArray(conditions) ? (conditions as readonly Partial<Condition>[]) : [];
  return [
    ["Type", "Status", "Reason", "Since", "Message"],
    ...all.map(({ type = "", status = "", reason = "", lastTransitionTime, message = "" }) => [
      type,
      status,
      reason,
      age(lastTransitionTime, now),
      message,
    ]),
  ];
}

function eventRows(events: readonly Event[], now: Date): readonly Row[] {
  const last = (event: Event): string =>
    event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp;
  const rows = [...events]
    .sort((a, b) => Date.parse(last(a)) - Date.parse(last(b)))
    .map((event) => {
      const { count = 1, firstTimestamp, source, reportingComponent } = event;
      const times =
        count > 1 && typeof firstTimestamp === "string"
          ? ` (x${count} over ${humanDuration(now.getTime() - Date.parse(firstTimestamp))})`
          : "";
      return [
        event.type ?? "",
        event.reason ?? "",
        age(last(event), now) + times,
        source?.component ?? reportingComponent ?? "",
        (event.message ?? "").trim(),
      ];
    });
  return [["Type", "Reason", "Age", "From", "Message"], ...rows];
}
