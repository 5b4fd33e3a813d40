/** Semantics of resourceVersion and paging: k8s.io/apiserver/pkg/storage/cacher/cacher.go and continue.go. */
import { z } from "zod";
import type { Entry } from "../codec.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { badRequest, expired, hasReason, invalid } from "../status.ts";
import type { StatusCause } from "../status.ts";
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
  if (token !== "") {
    if (resourceVersion !== "" && resourceVersion !== "0")
      throw badRequest("specifying resource version is not allowed when using continue");
    const { rv, start } = parseToken(token);
    return continued(endpoint, selected, limit, rv as Revision, selected.prefix + start);
  }
  const asked = resourceVersion === "" ? undefined : parseResourceVersion(resourceVersion);
  // A limit with a resourceVersion and no match has always meant that very state.
  const exact = resourceVersionMatch === "Exact" || (resourceVersionMatch === "" && limit > 0 && (asked ?? 0) > 0);
  if (asked !== undefined && exact) return pageOf(endpoint, selected, limit, asked, undefined);
  await endpoint.attempt("", asked === undefined ? endpoint.cacher.fresh() : endpoint.cacher.reached(asked));
  return fromCache(endpoint, selected, limit);
}

/** Source: ValidateListOptions in k8s.io/apimachinery/pkg/apis/meta/internalversion/validation/validation.go. */
function contradictions(options: ListOptions): StatusCause[] {
  const { resourceVersion = "", resourceVersionMatch: match = "", continue: token = "" } = options;
  if (match === "") return [];
  const field = "resourceVersionMatch";
  const forbidden = (why: string): StatusCause => ({
    reason: "FieldValueForbidden",
    message: `Forbidden: ${why}`,
    field,
  });
  if (resourceVersion === "")
    return [forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")];
  if (token !== "") return [forbidden("resourceVersionMatch is forbidden when continue is provided")];
  if (match !== "Exact" && match !== "NotOlderThan") {
    const message = `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`;
    return [{ reason: "FieldValueNotSupported", message, field }];
  }
  return match === "Exact" && resourceVersion === "0"
    ? [forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')]
    : [];
}

function fromCache(endpoint: Endpoint, selected: Selected, limit: number): ListResult {
  const { cacher } = endpoint;
  const { revision } = cacher;
  const all = cacher.list(selected.prefix);
  if (!selected.filtered && (limit === 0 || all.length <= limit)) return { entries: all, revision };
  const entries: Entry[] = [];
  for (const [index, entry] of all.entries()) {
    if (limit > 0 && entries.length === limit) {
      const token = tokenOf(revision, all[index - 1]?.key ?? "", selected.prefix);
      return {
        entries,
        revision,
        continue: token,
        ...(selected.filtered ? {} : { remainingItemCount: all.length - index }),
      };
    }
    if (selected.matches(entry)) entries.push(entry);
  }
  return { entries, revision };
}

async function continued(
  endpoint: Endpoint,
  selected: Selected,
  limit: number,
  revision: Revision,
  after: string,
): Promise<ListResult> {
  try {
    return await pageOf(endpoint, selected, limit, revision, after);
  } catch (error) {
    if (!hasReason(error, "Expired")) throw error;
    // The words of handleCompactedErrorForPaging in k8s.io/apiserver/pkg/storage/etcd3/errors.go.
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
    );
  }
}

/** As the store was at `revision`: read in pages of `limit` until so many match. */
async function pageOf(
  endpoint: Endpoint,
  selected: Selected,
  limit: number,
  revision: Revision,
  after: string | undefined,
): Promise<ListResult> {
  const entries: Entry[] = [];
  for (let start = after; ;) {
    const options = { revision, ...(start === undefined ? {} : { after: start }), ...(limit > 0 ? { limit } : {}) };
    const page: Page = await endpoint.attempt("", endpoint.store.list(selected.prefix, options));
    for (const [index, { key, value, revision: written }] of page.items.entries()) {
      const entry = endpoint.codec.decode(key, value, written);
      if (selected.filtered && !selected.matches(entry)) continue;
      entries.push(entry);
      const remaining = page.remaining + page.items.length - index - 1;
      if (entries.length !== limit || remaining === 0) continue;
      const token = tokenOf(revision, key, selected.prefix);
      return { entries, revision, continue: token, ...(selected.filtered ? {} : { remainingItemCount: remaining }) };
    }
    if (page.remaining === 0) return { entries, revision };
    start = page.items.at(-1)?.key;
  }
}

const Token = z.object({ v: z.literal("meta.k8s.io/v1"), rv: z.int().min(1), start: z.string() });

function tokenOf(revision: Revision, lastKey: string, prefix: string): string {
  const token: z.infer<typeof Token> = { v: "meta.k8s.io/v1", rv: revision, start: lastKey.slice(prefix.length) };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function parseToken(text: string): z.infer<typeof Token> {
  try {
    return Token.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
  } catch {
    throw badRequest("continue key is not valid: use the one that the server gave with the previous page");
  }
}
