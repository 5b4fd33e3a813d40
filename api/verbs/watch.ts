/** Semantics: k8s.io/apiserver/pkg/endpoints/handlers/watch.go and storage/cacher/cacher.go. */
import type { Endpoint } from "../resources/endpoint.ts";
import { forbiddenField, notSupported } from "../schema/field-errors.ts";
import { ApiError, expired, invalid } from "../status.ts";
import type { StatusCause } from "../status.ts";
import { WatchItem } from "../storage/cacher.ts";
import type { Bookmark, Cacher, Selection } from "../storage/cacher.ts";
import { CompactedError, StorageError } from "../storage/errors.ts";
import { refusalOf } from "../resources/endpoint.ts";
import type { Revision } from "../storage/store.ts";
import { parseResourceVersion } from "./resource-version.ts";
import type { Selected, SelectionOptions } from "./selection.ts";
import { selectionOf } from "./selection.ts";

export interface WatchOptions extends SelectionOptions {
  /** "" begins with all objects there are now, "0" with those that a cache has, another one with what came after it. */
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
  readonly continue?: string | undefined;
  readonly allowWatchBookmarks?: boolean | undefined;
  readonly sendInitialEvents?: boolean | undefined;
}

/** What a watch yields: changes in order, and bookmarks. */
export type WatchBatch = readonly (WatchItem | Bookmark)[];

/**
 * Ends when `signal` aborts, with a last bookmark where those are asked for, and whenever the server lets go of it.
 * Throws before it yields anything when the request is wrong; throws Expired at any time.
 */
export function watch(
  endpoint: Endpoint,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchBatch, void, undefined> {
  const causes = contradictions(options);
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", causes);
  const selected = selectionOf(endpoint, options);
  const text = options.resourceVersion ?? "";
  return run(endpoint, options, selected, text === "" ? undefined : parseResourceVersion(text), signal);
}

async function* run(
  endpoint: Endpoint,
  options: WatchOptions,
  selected: Selected,
  asked: Revision | undefined,
  signal: AbortSignal,
): AsyncGenerator<WatchBatch, void, undefined> {
  const { cacher } = endpoint;
  const bookmarks = options.allowWatchBookmarks === true;
  try {
    const initial = options.sendInitialEvents ?? (asked ?? 0) === 0;
    await ready(cacher, asked, initial);
    let from = asked ?? cacher.revision;
    if (initial) {
      from = cacher.revision;
      const entries = cacher.list(selected.prefix).filter((entry) => selected.matches(entry));
      if (entries.length > 0) yield entries.map((entry) => new WatchItem("ADDED", entry));
      if (options.sendInitialEvents === true && bookmarks)
        yield [{ type: "BOOKMARK", revision: from, initialEventsEnd: true }];
    }
    yield* cacher.watch(from, selectionFor(selected), signal, bookmarks);
  } catch (error) {
    throw error instanceof StorageError ? watchRefusal(error, endpoint, asked) : error;
  }
}

/** Resolves when the watch can begin; a cache that is replaced meanwhile is good for that. */
async function ready(cacher: Cacher, asked: Revision | undefined, initial: boolean): Promise<void> {
  using _used = cacher.use();
  if (asked === undefined) await cacher.fresh();
  else await (initial ? cacher.reached(asked) : cacher.ready());
}

/** What a watcher sees of a change: an object that enters or leaves the selection is added or deleted for it. */
function selectionFor(selected: Selected): Selection {
  if (!selected.filtered) return (event) => (event.entry.key.startsWith(selected.prefix) ? event : undefined);
  return (event) => {
    if (!event.entry.key.startsWith(selected.prefix)) return undefined;
    const is = selected.matches(event.entry);
    if (event.type !== "MODIFIED") return is ? event : undefined;
    const was = event.previous !== undefined && selected.matches(event.previous);
    if (is) return was ? event : new WatchItem("ADDED", event.entry);
    return was ? event.left : undefined;
  };
}

function watchRefusal(error: StorageError, endpoint: Endpoint, asked: Revision | undefined): ApiError {
  return error instanceof CompactedError
    ? expired(`too old resource version: ${asked ?? 0} (${error.oldest})`)
    : refusalOf(error, endpoint.definition, "");
}

/** Source: validateWatchOptions in k8s.io/apimachinery/pkg/apis/meta/internalversion/validation/validation.go. */
function contradictions(options: WatchOptions): StatusCause[] {
  const { sendInitialEvents, resourceVersionMatch: match = "", continue: token = "" } = options;
  const causes: StatusCause[] = [];
  const field = "resourceVersionMatch";
  if (sendInitialEvents !== undefined && match !== "NotOlderThan")
    causes.push(forbiddenField(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  if (match === "") return causes;
  if (sendInitialEvents === undefined)
    causes.push(
      forbiddenField(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
    );
  if (match !== "NotOlderThan") causes.push(notSupported(field, match, ["NotOlderThan"]));
  if (token !== "") causes.push(forbiddenField(field, "resourceVersionMatch is forbidden when continue is provided"));
  return causes;
}
