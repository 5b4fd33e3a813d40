/** What verbs return, as the bytes that a client asked for. */
import { dump } from "js-yaml";
import type { KubeObject } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { Entry } from "../codec.ts";
import { frameOf } from "../codec.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { ApiError, badRequest } from "../status.ts";
import type { Bookmark, WatchItem } from "../storage/cacher.ts";
import type { TableOptions } from "../tables/table.ts";
import { toTable } from "../tables/table.ts";
import type { ListResult } from "../verbs/list.ts";
import type { Accepted } from "./accept.ts";
import type { Exchange } from "./exchange.ts";

export const jsonType = "application/json";
const yamlType = "application/yaml";

export interface View extends Accepted {
  readonly now: Date;
  readonly includeObject: TableOptions["includeObject"];
  readonly pretty: boolean;
}

/** Throws BadRequest. */
export function viewOf({ query }: Exchange, accepted: Accepted, now: Date): View {
  const text = query.get("includeObject") ?? "Metadata";
  const includeObject = (["None", "Metadata", "Object"] as const).find((one) => one === text);
  if (includeObject === undefined && accepted.as === "Table") throw badRequest(wrongInclude(text.slice(0, 100)));
  const pretty = query.get("pretty");
  return {
    ...accepted,
    now,
    includeObject: includeObject ?? "Metadata",
    pretty: pretty !== null && pretty !== "false" && pretty !== "0",
  };
}

/** Source: ValidateTableOptions in apimachinery/pkg/apis/meta/v1/validation/validation.go. */
const wrongInclude = (text: string): string =>
  `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`;

/**
 * Throws NotAcceptable where a client asks for the metadata of one and there are many, or the other way round.
 * Source: doTransformObject in apiserver/pkg/endpoints/handlers/response.go.
 */
function checkForm({ as }: View, { group, kind, listKind, versions }: ResourceDefinition, isList: boolean): void {
  if (as !== (isList ? "PartialObjectMetadata" : "PartialObjectMetadataList")) return;
  const own = versions === undefined ? (group.split(".", 1)[0] ?? "") || "core" : "unstructured";
  const name = versions === undefined ? (isList ? listKind : kind) : isList ? "UnstructuredList" : "Unstructured";
  const what = isList ? "is a list" : "is not a list";
  throw new ApiError("NotAcceptable", `you requested ${as}, but the requested object ${what} (*${own}.${name})`);
}

const isBare = ({ format, as, pretty }: View): boolean => format === "json" && as === "" && !pretty;

export async function replyEntry(
  exchange: Exchange,
  code: number,
  entry: Entry,
  definition: ResourceDefinition,
  view: View,
): Promise<void> {
  checkForm(view, definition, false);
  if (isBare(view)) await exchange.reply(code, jsonType, entry.bytes);
  else await replyJson(exchange, code, converted(entry.object, definition, view), view);
}

export async function replyList(
  exchange: Exchange,
  result: ListResult,
  definition: ResourceDefinition,
  view: View,
): Promise<void> {
  checkForm(view, definition, true);
  if (isBare(view)) await exchange.reply(200, jsonType, listBytes(result, definition));
  else await replyJson(exchange, 200, convertedList(result, definition, view), view);
}

/** Any JSON, in the format that the client takes. */
export async function replyJson(
  exchange: Exchange,
  code: number,
  value: unknown,
  { format, pretty }: Pick<View, "format" | "pretty">,
): Promise<void> {
  if (format === "json") {
    const text = pretty ? `${JSON.stringify(value, undefined, 2)}\n` : JSON.stringify(value);
    return exchange.reply(code, jsonType, Buffer.from(text));
  }
  await exchange.reply(code, yamlType, Buffer.from(dump(value, { noRefs: true, lineWidth: -1 })));
}

const comma = Buffer.from(",");
const listTail = Buffer.from("]}\n");

/** A join of what is there already. */
function listBytes(result: ListResult, definition: ResourceDefinition): Buffer {
  const head = JSON.stringify({
    kind: definition.listKind,
    apiVersion: apiVersionOf(definition),
    metadata: listMeta(result),
    items: [],
  });
  const parts: Buffer[] = [Buffer.from(head.slice(0, -2))];
  for (const { bytes } of result.entries) parts.push(bytes, comma);
  if (result.entries.length > 0) parts.pop();
  parts.push(listTail);
  return Buffer.concat(parts);
}

function listMeta({ revision, continue: token, remainingItemCount }: ListResult): JsonObject {
  return {
    resourceVersion: String(revision),
    ...(token === undefined ? {} : { continue: token }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

/** What the forms that clients can ask for make of one object. */
function converted(object: KubeObject, definition: ResourceDefinition, view: View, noHeaders = false): unknown {
  if (view.as === "Table") {
    const { now, includeObject, version } = view;
    const { resourceVersion } = object.metadata;
    return toTable([object], definition, { now, includeObject, version, resourceVersion, noHeaders });
  }
  return view.as === "" ? object : partialOf(object, view);
}

function convertedList(result: ListResult, definition: ResourceDefinition, view: View): unknown {
  const { as, now, includeObject, version } = view;
  const objects = result.entries.map(({ object }) => object);
  if (as === "Table") {
    const { continue: token, remainingItemCount } = result;
    return toTable(objects, definition, {
      now,
      includeObject,
      version,
      resourceVersion: String(result.revision),
      ...(token === undefined ? {} : { continue: token }),
      ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
    });
  }
  const metadata = listMeta(result);
  if (as === "") return { kind: definition.listKind, apiVersion: apiVersionOf(definition), metadata, items: objects };
  const items = objects.map((object) => partialOf(object, view));
  return { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}`, metadata, items };
}

const partialOf = ({ metadata }: KubeObject, { version }: View): JsonObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
});

const writeBytes = 64 * 1024;

const joined = (frames: readonly Buffer[]): Buffer => {
  const [only] = frames;
  return frames.length === 1 && only !== undefined ? only : Buffer.concat(frames);
};

/** Renders the events of one watch. Plain JSON is shared by all watchers; other forms are made for this one. */
export class WatchRenderer {
  readonly #definition: ResourceDefinition;
  readonly #view: View;
  #headersSent = false;

  constructor(definition: ResourceDefinition, view: View) {
    this.#definition = definition;
    this.#view = view;
  }

  /** As few writes as make sense, made as they are asked for: a watch may begin with all objects there are. */
  *frames(items: readonly (WatchItem | Bookmark)[]): Generator<Buffer, void> {
    let together: Buffer[] = [];
    let size = 0;
    for (const item of items) {
      const frame = this.frame(item);
      together.push(frame);
      size += frame.length;
      if (size < writeBytes) continue;
      yield joined(together);
      together = [];
      size = 0;
    }
    if (size > 0) yield joined(together);
  }

  frame(item: WatchItem | Bookmark): Buffer {
    if (item.type === "BOOKMARK") return this.#bookmark(item);
    if (this.#view.as === "") return item.frame;
    // Columns are described once. Source: watch.go, newWatchEventTransformer.
    const value = converted(item.entry.object, this.#definition, this.#view, this.#headersSent);
    this.#headersSent = true;
    return frameOf(item.type, Buffer.from(JSON.stringify(value)));
  }

  #bookmark({ revision, initialEventsEnd }: Bookmark): Buffer {
    const { kind } = this.#definition;
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    };
    const object =
      this.#view.as === "Table"
        ? { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata, columnDefinitions: null, rows: [] }
        : this.#view.as === ""
          ? { kind, apiVersion: apiVersionOf(this.#definition), metadata }
          : { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
    return Buffer.from(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }
}
