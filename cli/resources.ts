/** Which kinds, and which objects, the words on a command line mean. Source: kubectl's resource.Builder. */
import type { DiscoveredType } from "../api/client/client.ts";
import type { KubeObject, ResourceType } from "../crds/meta.ts";
import { apiVersionOf } from "../crds/meta.ts";
import { preferred } from "../api/client/discovery.ts";
import { CommandError, UsageError } from "./errors.ts";
import { nearMatches } from "./near-matches.ts";

/** Objects of one kind: those with these names, or all that there are. */
export interface Selection {
  readonly type: DiscoveredType;
  readonly names: readonly string[] | undefined;
}

/** `container.stowage.dev`, or `namespace` for the core group: how kubectl names a kind in its output. */
export function kindName(type: Pick<ResourceType, "group" | "kind">): string {
  return type.group === "" ? type.kind.toLowerCase() : `${type.kind.toLowerCase()}.${type.group}`;
}

/** `container.stowage.dev/web`. */
export function objectName(type: Pick<ResourceType, "group" | "kind">, name: string): string {
  return `${kindName(type)}/${name}`;
}

const wordsOf = (type: DiscoveredType): readonly string[] => [type.plural, type.singular, ...type.shortNames];

/**
 * Kinds for one word: plural, singular or short name, also with `.group` or `.version.group` after it, or a category.
 * Throws CommandError, with near matches, when there is none.
 */
export function typesNamed(word: string, types: readonly DiscoveredType[]): readonly DiscoveredType[] {
  const [first = "", ...rest] = word.toLowerCase().split(".");
  const qualifier = rest.join(".");
  const fits = (type: DiscoveredType): boolean =>
    wordsOf(type).includes(first) &&
    (qualifier === "" || qualifier === type.group || qualifier === `${type.version}.${type.group}`);
  const named = types.find(fits);
  if (named !== undefined) return [named];
  const category = preferred(types).filter((type) => type.categories.includes(word) && type.verbs.includes("list"));
  if (category.length > 0) return category;
  const near = nearMatches(first, types.flatMap(wordsOf));
  throw new CommandError(
    `the server doesn't have a resource type "${word}"${near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`}`,
  );
}

/**
 * What `TYPE[,TYPE...] [NAME...]` or `TYPE/NAME...` mean. Throws UsageError when the two are mixed, CommandError when
 * there is no such kind.
 */
export function selectionsOf(args: readonly string[], types: readonly DiscoveredType[]): readonly Selection[] {
  const [first = "", ...names] = args;
  if (args.some((arg) => arg.includes("/"))) return args.map((arg) => pairOf(arg, types));
  const selected = first
    .split(",")
    .filter((word) => word !== "")
    .flatMap((word) => typesNamed(word, types));
  return selected.map((type) => ({ type, names: names.length === 0 ? undefined : names }));
}

function pairOf(arg: string, types: readonly DiscoveredType[]): Selection {
  const [word = "", name = "", ...more] = arg.split("/");
  if (word === "" || name === "" || more.length > 0)
    throw new UsageError(
      `"${arg}" is not TYPE/NAME: name objects as "TYPE NAME..." or, each of them, as "TYPE/NAME", not both ways at once`,
    );
  const [type, ...others] = typesNamed(word, types);
  if (type === undefined || others.length > 0)
    throw new UsageError(`"${word}" stands for several kinds: a name needs one of them`);
  return { type, names: [name] };
}

/** The kind of an object. Undefined when the server has none such. */
export function typeOf(
  object: Pick<KubeObject, "apiVersion" | "kind">,
  types: readonly DiscoveredType[],
): DiscoveredType | undefined {
  return types.find((type) => type.kind === object.kind && apiVersionOf(type) === object.apiVersion);
}
