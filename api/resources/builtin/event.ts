/**
 * Events, in the two shapes that Kubernetes has for the same stored objects: core/v1 and events.k8s.io/v1.
 * Source: kubernetes/pkg/registry/core/event/strategy.go, core/validation/events.go, apis/events/v1/conversion.go and
 * printEvent.
 */
import { isDeepStrictEqual } from "node:util";
import { eventsEventType, eventType } from "../../../crds/core.ts";
import type { KubeObject } from "../../../crds/meta.ts";
import { apiVersionOf } from "../../../crds/meta.ts";
import { asText, isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue, required } from "../../schema/field-errors.ts";
import { dns1123Subdomain, qualified } from "../../schema/names.ts";
import type { StatusCause } from "../../status.ts";
import { ageOf } from "../../tables/columns.ts";
import type { Column, JsonObject, ResourceDefinition } from "../definition.ts";
import { always, integer, microTime, struct, structPointer, text, textAt, time, typed } from "./builtin.ts";
import { optionalReference, requiredReference } from "./object-reference.ts";

const column = (name: string, priority: 0 | 1, value: Column["value"], description = ""): Column => ({
  name,
  type: "string",
  description,
  priority,
  value,
});

const aboutFields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] as const;

const selectAbout = (field: string): ResourceDefinition["selectableFields"] =>
  Object.fromEntries(aboutFields.map((name) => [`${field}.${name}`, textAt(field, name)]));

const sourceOf = (event: KubeObject): string =>
  textAt("source", "component")(event) || textAt("reportingComponent")(event);

const coreColumns: readonly Column[] = [
  column("Last Seen", 0, (event, now) => ageOf(lastSeen(event), now), "When it was last recorded."),
  column("Type", 0, textAt("type"), "Normal or Warning."),
  column("Reason", 0, textAt("reason"), "Why the action was taken, for machines."),
  column("Object", 0, (event) => {
    const [kind, name] = [textAt("involvedObject", "kind")(event), textAt("involvedObject", "name")(event)];
    return name === "" ? kind : `${kind.toLowerCase()}/${name}`;
  }),
  column("Subobject", 1, textAt("involvedObject", "fieldPath"), "The part of the object that it is about."),
  column("Source", 1, (event) =>
    [sourceOf(event), textAt("source", "host")(event) || textAt("reportingInstance")(event)]
      .filter((part) => part !== "")
      .join(", "),
  ),
  column("Message", 0, (event) => textAt("message")(event).trim(), "What happened, for people."),
  column("First Seen", 1, (event, now) => ageOf(firstSeen(event), now), "When it was first recorded."),
  column("Count", 1, (event) => countOf(event), "How often it occurred."),
  { ...column("Name", 1, (event) => event.metadata.name), format: "name" },
];

const series = (description: string, wrap: (schema: JsonObject) => JsonObject): JsonObject =>
  structPointer("EventSeries", { count: wrap(integer()), lastObservedTime: always(microTime()) }, description);
const source = (description: string): JsonObject =>
  struct("EventSource", { component: text(), host: text() }, description);

export const events = typed({
  ...eventType,
  singular: "event",
  shortNames: ["ev"],
  description: "Event is a report of an event somewhere in the cluster. Events have a limited retention time.",
  required: ["metadata", "involvedObject"],
  properties: {
    involvedObject: requiredReference("The object that this event is about."),
    reason: text("Why the action was taken, for machines."),
    message: text("What happened, for people."),
    source: source("The component reporting this event."),
    firstTimestamp: always(time("When it was first recorded.")),
    lastTimestamp: always(time("When it was last recorded.")),
    count: integer("How often it occurred."),
    type: text("Normal or Warning."),
    eventTime: always(microTime("When it was first observed.")),
    series: series("Data about the series this event represents.", (count) => count),
    action: text("What was done about it, or failed."),
    related: optionalReference("Another object, for more complex actions."),
    reportingComponent: always(text("Name of the controller that emitted it.")),
    reportingInstance: always(text("ID of the controller instance.")),
  },
  columns: coreColumns,
  selectableFields: {
    ...selectAbout("involvedObject"),
    reason: textAt("reason"),
    reportingComponent: textAt("reportingComponent"),
    source: sourceOf,
    type: textAt("type"),
  },
  ttlSeconds: 3600,
  unconditionalUpdate: true,
  createOnUpdate: true,
  prepareForCreate: causesOf,
  prepareForUpdate: causesOf,
});

/** Names of core/v1 and what events.k8s.io/v1 calls them; all other fields have one name. */
const names = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
] as const;
const toNew = new Map<string, string>(names);
const toCore = new Map<string, string>(names.map(([core, newer]) => [newer, core]));

const renamed = (object: JsonObject, apiVersion: string, fields: ReadonlyMap<string, string>): JsonObject => ({
  ...Object.fromEntries(Object.entries(object).map(([field, value]) => [fields.get(field) ?? field, value])),
  apiVersion,
});

/** There even when they are empty, in core/v1 only. */
const unnamed = { reportingComponent: "", reportingInstance: "" };

const asCore = (event: JsonObject): JsonObject => ({ ...unnamed, ...renamed(event, apiVersionOf(eventType), toCore) });

function asNew(event: JsonObject): JsonObject {
  const named = Object.entries(event).filter(([field, value]) => value !== "" || !Object.hasOwn(unnamed, field));
  return renamed(Object.fromEntries(named), apiVersionOf(eventsEventType), toNew);
}

export const newEvents = typed({
  ...eventsEventType,
  singular: "event",
  shortNames: ["ev"],
  description: "Event is a report of an event somewhere in the cluster. It generally denotes some state change.",
  required: ["eventTime"],
  properties: {
    eventTime: always(microTime("When it was first observed.")),
    series: series("Data about the series this event represents.", always),
    reportingController: text("Name of the controller that emitted it, such as kubernetes.io/kubelet."),
    reportingInstance: text("ID of the controller instance."),
    action: text("What was done about it, or failed."),
    reason: text("Why the action was taken."),
    regarding: requiredReference("The object that this event is about."),
    related: optionalReference("Another object, for more complex actions."),
    note: text("What happened, for people."),
    type: text("Normal or Warning."),
    deprecatedSource: source("The source of core/v1."),
    deprecatedFirstTimestamp: always(time("The firstTimestamp of core/v1.")),
    deprecatedLastTimestamp: always(time("The lastTimestamp of core/v1.")),
    deprecatedCount: integer("The count of core/v1."),
  },
  columns: coreColumns.map((one) => ({
    ...one,
    value: (event, now) => one.value(asCore(event as unknown as JsonObject) as unknown as KubeObject, now),
  })),
  selectableFields: {
    ...selectAbout("regarding"),
    reason: textAt("reason"),
    reportingController: textAt("reportingController"),
    type: textAt("type"),
  },
  ttlSeconds: 3600,
  unconditionalUpdate: true,
  createOnUpdate: true,
  invalidAs: eventType,
  storedAs: {
    type: eventType,
    read: asNew,
    write: asCore,
  },
  prepareForCreate: (event) => [...causesOf(asCore(event)), ...strictCauses(asCore(event))],
  prepareForUpdate: (event, old) => [...causesOf(asCore(event)), ...changeCauses(asCore(event), asCore(old))],
});

const firstSeen = (event: KubeObject): string => textAt("firstTimestamp")(event) || textAt("eventTime")(event);

const lastSeen = (event: KubeObject): string =>
  textAt("series", "lastObservedTime")(event) || textAt("lastTimestamp")(event) || firstSeen(event);

function countOf(event: KubeObject): number {
  const { series: repeated, count } = event as unknown as JsonObject;
  // The series counts what came after the first.
  if (isJsonObject(repeated)) return Number(repeated["count"] ?? 0) + 1;
  return typeof count === "number" && count > 0 ? count : 1;
}

/** What must hold in both shapes. Source: legacyValidateEvent, which goes by the fields of core/v1. */
function causesOf(event: JsonObject): readonly StatusCause[] {
  const { namespace } = event["metadata"] as JsonObject;
  const about = asText((event["involvedObject"] as JsonObject)["namespace"]);
  const isOld = (event["eventTime"] ?? "") === "";
  // Events about cluster-scoped objects are in "default".
  const places = about === "" ? (isOld ? ["default"] : ["default", "kube-system"]) : isOld ? [about] : [namespace];
  return [
    ...(places.includes(namespace)
      ? []
      : [invalidValue("involvedObject.namespace", about, "does not match event.namespace")]),
    ...(isOld ? [] : newFieldsCauses(event)),
    ...dns1123Subdomain(asText(namespace)).map((why) => invalidValue("namespace", namespace, why)),
  ];
}

/** What an event with an eventTime must say. */
function newFieldsCauses(event: JsonObject): readonly StatusCause[] {
  const controller = asText(event["reportingComponent"]);
  const limits = [
    ["reportingInstance", "reportingInstance", 128],
    ["action", "action", 128],
    ["reason", "reason", 128],
    ["message", "message", 1024],
  ] as const;
  return [
    ...(controller === "" ? [required("reportingController")] : []),
    ...qualified(controller).map((why) => invalidValue("reportingController", controller, why)),
    ...limits.flatMap(([field, path, most]) => {
      const value = asText(event[field]);
      return [
        ...(value === "" && field !== "message" ? [required(path)] : []),
        ...(Buffer.byteLength(value) > most ? [invalidValue(path, "", `can have at most ${most} characters`)] : []),
      ];
    }),
  ];
}

/** What events.k8s.io asks for besides. Source: ValidateEventCreate. */
function strictCauses(event: JsonObject): readonly StatusCause[] {
  const unset = (field: string): StatusCause => invalidValue(field, "", "needs to be unset");
  const type = asText(event["type"]);
  return [
    ...seriesCauses(event),
    ...((event["eventTime"] ?? "") === "" ? [required("eventTime")] : []),
    ...(type === "Normal" || type === "Warning" ? [] : [invalidValue("type", "", `has invalid value: ${type}`)]),
    ...["firstTimestamp", "lastTimestamp", "count"].filter((field) => (event[field] ?? 0) !== 0).map(unset),
    ...(Object.keys(event["source"] as JsonObject).length > 0 ? [unset("source")] : []),
  ];
}

function seriesCauses({ series: repeated }: JsonObject): readonly StatusCause[] {
  if (!isJsonObject(repeated)) return [];
  return [
    ...(Number(repeated["count"] ?? 0) < 2 ? [invalidValue("series.count", "", "should be at least 2")] : []),
    ...((repeated["lastObservedTime"] ?? "") === "" ? [required("series.lastObservedTime")] : []),
  ];
}

/** All but the series stays as it is. Source: ValidateEventUpdate. */
const immutable: readonly (readonly [field: string, path: string])[] = [
  ["involvedObject", "involvedObject"],
  ["reason", "reason"],
  ["message", "message"],
  ["source", "source"],
  ["firstTimestamp", "firstTimestamp"],
  ["lastTimestamp", "lastTimestamp"],
  ["count", "count"],
  ["reason", "reason"],
  ["type", "type"],
  ["eventTime", "eventTime"],
  ["action", "action"],
  ["related", "related"],
  ["reportingComponent", "reportingController"],
  ["reportingInstance", "reportingInstance"],
];

function changeCauses(event: JsonObject, old: JsonObject): readonly StatusCause[] {
  return [
    ...(isDeepStrictEqual(event["series"], old["series"]) ? [] : seriesCauses(event)),
    ...immutable
      .filter(([field]) => !isDeepStrictEqual(event[field], old[field]))
      .map(([field, path]) => invalidValue(path, event[field], "field is immutable")),
  ];
}
