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
  /** What their keys begin with. */
  readonly prefix: string;
  /** Whether there is more to them than the prefix. */
  readonly filtered: boolean;
  /** For an entry under the prefix. */
  matches(entry: Entry): boolean;
}

/** Throws BadRequest when a selector cannot be parsed. */
export function selectionOf(endpoint: Endpoint, options: SelectionOptions): Selected {
  const prefix = endpoint.codec.prefix(options.namespace);
  const { labelSelector = "", fieldSelector = "" } = options;
  const byLabels = labelSelector === "" ? undefined : parseLabelSelector(labelSelector);
  const byFields = fieldSelector === "" ? undefined : parseFieldSelector(fieldSelector, endpoint.definition);
  return {
    prefix,
    filtered: byLabels !== undefined || byFields !== undefined,
    matches: (entry) =>
      (byFields === undefined || byFields.matches(entry.object)) &&
      (byLabels === undefined || byLabels(entry.object.metadata.labels)),
  };
}
