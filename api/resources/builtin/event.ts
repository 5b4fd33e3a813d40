/** Source: kubernetes/pkg/registry/core/event/strategy.go, core/validation/events.go and printEvent. */
import { eventType } from "../../../crds/core.ts";
import type { KubeObject } from "../../../crds/meta.ts";
import { isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import { ageOf } from "../../tables/columns.ts";
import type { Column, JsonObject } from "../definition.ts";
import { builtin, integer, object, text, textAt, time } from "./builtin.ts";

const reference = (description: string): JsonObject =>
  object(
    {
      apiVersion: text(),
      kind: text(),
      namespace: text(),
      name: text(),
      uid: text(),
      resourceVersion: text(),
      fieldPath: text(),
    },
    description,
  );

const column = (name: string, priority: 0 | 1, value: Column["value"]): Column => ({
  name,
  type: "string",
  priority,
  value,
});

const fields = {
  "involvedObject.kind": textAt("involvedObject", "kind"),
  "involvedObject.namespace": textAt("involvedObject", "namespace"),
  "involvedObject.name": textAt("involvedObject", "name"),
  "involvedObject.uid": textAt("involvedObject", "uid"),
  "involvedObject.apiVersion": textAt("involvedObject", "apiVersion"),
  "involvedObject.resourceVersion": textAt("involvedObject", "resourceVersion"),
  "involvedObject.fieldPath": textAt("involvedObject", "fieldPath"),
  reason: textAt("reason"),
  reportingComponent: textAt("reportingComponent"),
  source: (event: KubeObject) => textAt("source", "component")(event) || textAt("reportingComponent")(event),
  type: textAt("type"),
};

export const events = builtin({
  ...eventType,
  singular: "event",
  shortNames: ["ev"],
  description: "Event is a report of an event somewhere in the cluster. Events have a limited retention time.",
  required: ["metadata", "involvedObject"],
  properties: {
    involvedObject: reference("The object that this event is about."),
    reason: text("Why the action was taken, for machines."),
    message: text("What happened, for people."),
    source: object({ component: text(), host: text() }, "The component reporting this event."),
    firstTimestamp: time("When it was first recorded."),
    lastTimestamp: time("When it was last recorded."),
    count: integer("How often it occurred."),
    type: text("Normal or Warning."),
    eventTime: time("When it was first observed."),
    series: object({ count: integer(), lastObservedTime: time() }, "Data about the series this event represents."),
    action: text("What was done about it, or failed."),
    related: reference("Another object, for more complex actions."),
    reportingComponent: text("Name of the controller that emitted it."),
    reportingInstance: text("ID of the controller instance."),
  },
  columns: [
    column("Last Seen", 0, (event, now) => ageOf(lastSeen(event), now)),
    column("Type", 0, fields.type),
    column("Reason", 0, fields.reason),
    column("Object", 0, (event) => {
      const [kind, name] = [fields["involvedObject.kind"](event), fields["involvedObject.name"](event)];
      return name === "" ? kind : `${kind.toLowerCase()}/${name}`;
    }),
    column("Subobject", 1, fields["involvedObject.fieldPath"]),
    column("Source", 1, (event) =>
      [fields.source(event), textAt("source", "host")(event)].filter((part) => part !== "").join(", "),
    ),
    column("Message", 0, (event) => textAt("message")(event).trim()),
    column("First Seen", 1, (event, now) => ageOf(firstSeen(event), now)),
    column("Count", 1, (event) => countOf(event)),
    { ...column("Name", 1, (event) => event.metadata.name), format: "name" },
  ],
  selectableFields: fields,
  ttlSeconds: 3600,
  unconditionalUpdate: true,
  prepareForCreate: causesOf,
  prepareForUpdate: causesOf,
});

const firstSeen = (event: KubeObject): string => textAt("firstTimestamp")(event) || textAt("eventTime")(event);

const lastSeen = (event: KubeObject): string =>
  textAt("series", "lastObservedTime")(event) || textAt("lastTimestamp")(event) || firstSeen(event);

function countOf(event: KubeObject): string {
  const { series, count } = event as KubeObject & { readonly series?: unknown; readonly count?: unknown };
  const repeated = isJsonObject(series) ? series["count"] : count;
  return String(typeof repeated === "number" && repeated > 0 ? repeated : 1);
}

function causesOf(event: JsonObject): readonly StatusCause[] {
  const { namespace } = event["metadata"] as JsonObject;
  const about = isJsonObject(event["involvedObject"]) ? event["involvedObject"]["namespace"] : undefined;
  // Events about cluster-scoped objects are in "default".
  const expected = about === undefined || about === "" ? ["default", "kube-system"] : [about];
  return expected.some((one) => one === namespace)
    ? []
    : [invalidValue("involvedObject.namespace", about ?? "", "does not match event.namespace")];
}
