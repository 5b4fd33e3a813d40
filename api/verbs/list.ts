/** Semantics of resourceVersion and paging: k8s.io/apiserver/pkg/storage/{continue.go,cacher/cacher.go,cacher/delegator.go}. */
import { posix } from "node:path";
import type { Entry } from "../codec.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { ApiError, badRequest, hasReason, invalid } from "../status.ts";
import type { StatusCause } from "../status.ts";
import { forbiddenField, notSupported } from "../schema/field-errors.ts";
import type { EntryList } from "../storage/entry-list.ts";
import type { Page, Revision } from "../storage/store.ts";
import { parseResourceVersion } from "./resource-version.ts";
import type { Selected, SelectionOptions } from "./selection.ts";
import { selectionOf } from "./selection.ts";

export interface ListOptions extends SelectionOptions {
  /** At most this many; all of them when absent or 0. */
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
  /** Only for watches; refused. */
  readonly sendInitialEvents?: boolean | undefined;
}

export interface ListResult {
  readonly entries: readonly Entry[];
  readonly revision: Revision;
  readonly continue?: string;
  /** Only known where nothing is filtered. */
  readonly remainingItemCount?: number;
}

/** Throws Expired when a page, or an exact state, is asked for that is no longer kept. */
export async function list(endpoint: Endpoint, options: ListOptions): Promise<ListResult> {
  const { continue: token = "", resourceVersion = "", resourceVersionMatch = "", limit = 0 } = options;
  const causes = contradictions(options);
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", causes);
  const selected = selectionOf(endpoint, options);
  const most = limit > 0 ? limit : Infinity;
  if (token !== "") return continued(endpoint, selected, most, token, resourceVersion);
  const asked = resourceVersion === "" ? undefined : parseResourceVersion(resourceVersion);
  // A limit with a resourceVersion and no match has always meant that very state.
  const exact = resourceVersionMatch === "Exact" || (resourceVersionMatch === "" && limit > 0 && (asked ?? 0) > 0);
  if (asked !== undefined && exact) return exactly(endpoint, selected, most, asked, undefined);
  await endpoint.attempt("", asked === undefined ? endpoint.cacher.fresh() : endpoint.cacher.reached(asked));
  // "Any state will do" has always meant all of it. Source: computeListLimit in cacher.go.
  return newest(endpoint, selected, asked === 0 ? Infinity : most, undefined);
}

/** Source: ValidateListOptions in k8s.io/apimachinery/pkg/apis/meta/internalversion/validation/validation.go. */
function contradictions(options: ListOptions): StatusCause[] {
  const { resourceVersion = "", resourceVersionMatch: match = "", continue: token = "" } = options;
  const causes: StatusCause[] = [];
  const field = "resourceVersionMatch";
  if (match !== "") {
    if (resourceVersion === "")
      causes.push(forbiddenField(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (token !== "") causes.push(forbiddenField(field, "resourceVersionMatch is forbidden when continue is provided"));
    if (match !== "Exact" && match !== "NotOlderThan")
      causes.push(notSupported(field, match, ["Exact", "NotOlderThan", ""]));
    if (match === "Exact" && resourceVersion === "0")
      causes.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (options.sendInitialEvents !== undefined)
    causes.push(forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  return causes;
}

function newest(endpoint: Endpoint, selected: Selected, limit: number, after: string | undefined): ListResult {
  const { cacher } = endpoint;
  const { revision } = cacher;
  const result = pageOf(cacher.state, revision, selected, limit, after);
  if (result.continue !== undefined) cacher.keepState();
  return result;
}

/** The state of `revision`: out of memory where it still is there, as the next pages of a list that just began. */
async function exactly(
  endpoint: Endpoint,
  selected: Selected,
  limit: number,
  revision: Revision,
  after: string | undefined,
): Promise<ListResult> {
  const state = endpoint.cacher.stateAt(revision);
  return state === undefined
    ? storedPageOf(endpoint, selected, limit, revision, after)
    : pageOf(state, revision, selected, limit, after);
}

function pageOf(
  state: EntryList,
  revision: Revision,
  selected: Selected,
  limit: number,
  after: string | undefined,
): ListResult {
  const { start, end } = state.range(selected.prefix, after);
  if (!selected.filtered) {
    const entries = state.slice({ start, end: Math.min(end, start + limit) });
    const remaining = end - start - entries.length;
    return remaining === 0 ? { entries, revision } : partial(entries, revision, selected, remaining);
  }
  const entries: Entry[] = [];
  for (const entry of state.slice({ start, end })) {
    if (entries.length === limit) return partial(entries, revision, selected, undefined);
    if (selected.matches(entry)) entries.push(entry);
  }
  return { entries, revision };
}

/** A page that others follow; `remaining` is known where nothing is filtered. */
function partial(
  entries: readonly Entry[],
  revision: Revision,
  { root }: Selected,
  remaining: number | undefined,
): ListResult {
  const token = tokenOf(revision, root, entries.at(-1)?.key ?? "");
  return { entries, revision, continue: token, ...(remaining === undefined ? {} : { remainingItemCount: remaining }) };
}

/** As the store was at `revision`: read in pages of `limit` until so many match. */
async function storedPageOf(
  endpoint: Endpoint,
  selected: Selected,
  limit: number,
  revision: Revision,
  after: string | undefined,
): Promise<ListResult> {
  const entries: Entry[] = [];
  for (let start = after; ;) {
    const options = {
      revision,
      ...(start === undefined ? {} : { after: start }),
      ...(limit === Infinity ? {} : { limit }),
    };
    const page: Page = await endpoint.attempt("", endpoint.store.list(selected.prefix, options));
    for (const [index, { key, value, revision: written }] of page.items.entries()) {
      const entry = endpoint.codec.decode(key, value, written);
      if (selected.filtered && !selected.matches(entry)) continue;
      entries.push(entry);
      const remaining = page.remaining + page.items.length - index - 1;
      if (entries.length !== limit || remaining === 0) continue;
      return partial(entries, revision, selected, selected.filtered ? undefined : remaining);
    }
    if (page.remaining === 0) return { entries, revision };
    start = page.items.at(-1)?.key;
  }
}

async function continued(
  endpoint: Endpoint,
  selected: Selected,
  limit: number,
  token: string,
  resourceVersion: string,
): Promise<ListResult> {
  const { revision, after } = parseToken(token, selected.root);
  if (resourceVersion !== "" && resourceVersion !== "0")
    throw badRequest("specifying resource version is not allowed when using continue");
  if (revision < 0) {
    await endpoint.attempt("", endpoint.cacher.fresh());
    return newest(endpoint, selected, limit, after);
  }
  try {
    return await exactly(endpoint, selected, limit, revision, after);
  } catch (error) {
    if (!hasReason(error, "Expired")) throw error;
    const token = tokenOf(anyRevision, selected.root, after);
    throw new ApiError("Expired", inconsistentContinue, undefined, { continue: token });
  }
}

/** The words of handleCompactedErrorForPaging in k8s.io/apiserver/pkg/storage/etcd3/errors.go. */
const inconsistentContinue =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** In a token: the list goes on with what there is then. */
const anyRevision = -1 as Revision;
const tokenVersion = "meta.k8s.io/v1";

interface Token {
  readonly v: typeof tokenVersion;
  readonly rv: number;
  /** The last key that was shown, without `root`. */
  readonly start: string;
}

function tokenOf(revision: Revision, root: string, lastKey: string): string {
  const token: Token = { v: tokenVersion, rv: revision, start: lastKey.slice(root.length) };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

/** Source: DecodeContinue in k8s.io/apiserver/pkg/storage/continue.go. Throws BadRequest. */
function parseToken(text: string, root: string): { readonly revision: Revision; readonly after: string } {
  const refuse = (why: string): Error => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  let token: Partial<Record<keyof Token, unknown>>;
  try {
    token = { ...(JSON.parse(Buffer.from(text, "base64url").toString()) as object) };
  } catch {
    throw refuse("it is not what the server gave with the previous page");
  }
  const { v, rv, start } = token;
  if (v !== tokenVersion)
    throw refuse(`server does not recognize this encoded version ${JSON.stringify(typeof v === "string" ? v : "")}`);
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv === 0)
    throw refuse(`incorrect encoded start resourceVersion (version ${tokenVersion})`);
  if (typeof start !== "string" || start === "") throw refuse(`encoded start key empty (version ${tokenVersion})`);
  // A key above or beside the root is none that was shown.
  if (posix.resolve("/", start) !== `/${start}`) throw refuse(start);
  return { revision: rv as Revision, after: root + start };
}
