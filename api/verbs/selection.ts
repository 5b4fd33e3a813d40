/** Which objects a list, a watch or a deletecollection is about. */
import type { Entry } from "../codec.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { parseFieldSelector } from "../selectors/field-selector.ts";
import { parseLabelSelector } from "../selectors/label-selector.ts";

export interface SelectionOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface Selected {
  /** What the keys of their kind and namespace begin with. */
  readonly root: string;
  /** What their own keys begin with: all of the one key that there can be, where a name is asked for. */
  readonly prefix: string;
  /** Whether there is more to them than the prefix. */
  readonly filtered: boolean;
  /** For an entry under the prefix. */
  matches(entry: Entry): boolean;
}

/** Throws BadRequest when a selector cannot be parsed. */
export function selectionOf(endpoint: Endpoint, options: SelectionOptions): Selected {
  const { codec, definition } = endpoint;
  const { namespace } = options;
  const root = codec.prefix(namespace);
  const { labelSelector = "", fieldSelector = "" } = options;
  const byLabels = labelSelector === "" ? undefined : parseLabelSelector(labelSelector);
  const byFields = fieldSelector === "" ? undefined : parseFieldSelector(fieldSelector, definition);
  const single = byFields?.name !== undefined && (namespace !== undefined || !definition.namespaced);
  return {
    root,
    prefix: single ? root + (byFields.name ?? "") : root,
    filtered: byLabels !== undefined || byFields !== undefined,
    matches: (entry) =>
      (byFields === undefined || byFields.matches(entry.object)) &&
      (byLabels === undefined || byLabels(entry.object.metadata.labels)),
  };
}
