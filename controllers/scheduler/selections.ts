/**
 * Which selectors select a Container, without asking each of them: they are kept by what they ask for first. And how many
 * Containers each selects, kept up to date as these come and go.
 */
import { addTo } from "./counts.ts";
import { matches } from "../../crds/selector.ts";
import type { ContainerSelector, HeldTerm, Selection } from "./world.ts";
import type { Want } from "./want.ts";

/** As many selections are counted at once; whoever asks for one that was given up waits for a count of everything. */
const mostSelections = 1_000;

export function selects({ namespaces, selector }: ContainerSelector, { tenant, labels }: Want): boolean {
  return selector !== undefined && namespaces.includes(tenant) && matches(selector, labels);
}

/** Entries by a selector of theirs. */
class BySelector<E> {
  readonly #entries = new Map<string, Set<E>>();

  add(selector: ContainerSelector, entry: E): void {
    for (const key of keysOf(selector)) {
      const entries = this.#entries.get(key);
      if (entries === undefined) this.#entries.set(key, new Set([entry]));
      else entries.add(entry);
    }
  }

  delete(selector: ContainerSelector, entry: E): void {
    for (const key of keysOf(selector)) {
      const entries = this.#entries.get(key);
      entries?.delete(entry);
      if (entries?.size === 0) this.#entries.delete(key);
    }
  }

  /** All whose selector may select the Container, and some more; each once. */
  *about({ tenant, labels }: Want): Iterable<E> {
    yield* this.#entries.get(bucket(tenant)) ?? [];
    for (const [key, value] of Object.entries(labels)) yield* this.#entries.get(bucket(tenant, key, value)) ?? [];
  }
}

const bucket = (...parts: readonly string[]): string => parts.join("\0");

/** One for each namespace: a Container has one namespace, and one value of a label. */
function keysOf({ namespaces, selector }: ContainerSelector): readonly string[] {
  const [first] = Object.entries(selector?.matchLabels ?? {});
  return [...new Set(namespaces)].map((namespace) => bucket(namespace, ...(first ?? [])));
}

interface Counted {
  readonly selection: Selection;
  readonly byHost: Map<string, number>;
}

export class SelectionCounts {
  /** The one asked for longest ago first. */
  readonly #counted = new Map<string, Counted>();
  readonly #bySelector = new BySelector<Counted>();

  /** Counts `all` when it was not asked before. */
  counts(
    selection: Selection,
    all: () => Iterable<{ readonly hostName: string; readonly want: Want }>,
  ): ReadonlyMap<string, number> {
    const key = JSON.stringify(selection);
    const known = this.#counted.get(key);
    this.#counted.delete(key);
    const counted = known ?? { selection, byHost: new Map<string, number>() };
    this.#counted.set(key, counted);
    if (known === undefined) {
      for (const { hostName, want } of all()) if (isIn(selection, want)) addTo(counted.byHost, hostName, 1);
      this.#bySelector.add(selection.all[0], counted);
      this.#giveUp();
    }
    return counted.byHost;
  }

  take(hostName: string, want: Want, sign: 1 | -1): void {
    for (const { selection, byHost } of this.#bySelector.about(want))
      if (isIn(selection, want)) addTo(byHost, hostName, sign);
  }

  #giveUp(): void {
    const [oldest] = this.#counted;
    if (this.#counted.size <= mostSelections || oldest === undefined) return;
    const [key, counted] = oldest;
    this.#counted.delete(key);
    this.#bySelector.delete(counted.selection.all[0], counted);
  }
}

const isIn = ({ all, staying }: Selection, want: Want): boolean =>
  !(staying === true && want.leaving) && all.every((selector) => selects(selector, want));

type Term = Omit<HeldTerm, "holders">;

/** The terms of bound Containers, each once, with where those are that hold it. */
export class HeldTerms {
  readonly #terms = new Map<string, Term & { readonly holders: Map<string, number> }>();
  readonly #bySelector = new BySelector<HeldTerm>();

  *about(want: Want): Iterable<HeldTerm> {
    for (const term of this.#bySelector.about(want)) if (selects(term, want)) yield term;
  }

  take(hostName: string, want: Want, sign: 1 | -1): void {
    for (const term of termsOf(want)) {
      const key = JSON.stringify(term);
      const known = this.#terms.get(key);
      const held = known ?? { ...term, holders: new Map<string, number>() };
      addTo(held.holders, hostName, sign);
      if (known === undefined) {
        this.#terms.set(key, held);
        this.#bySelector.add(held, held);
      } else if (held.holders.size === 0) {
        this.#terms.delete(key);
        this.#bySelector.delete(held, held);
      }
    }
  }
}

/** What one that needs others near counts for them: HardPodAffinityWeight in kube-scheduler's InterPodAffinityArgs. */
const nearWeight = 1;

function termsOf({ placement, tenant }: Want): readonly Term[] {
  const { containerAffinity: near, containerAntiAffinity: far } = placement?.affinity ?? {};
  if (near === undefined && far === undefined) return [];
  const weighed = (sign: 1 | -1, those: typeof near): readonly Term[] =>
    (those?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, containerAffinityTerm }) => ({
      ...selectorOf(containerAffinityTerm, tenant),
      topologyKey: containerAffinityTerm.topologyKey,
      holds: { away: false, weight: sign * weight },
    }));
  const required = (those: typeof near, holds: Term["holds"]): readonly Term[] =>
    (those?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => ({
      ...selectorOf(term, tenant),
      topologyKey: term.topologyKey,
      holds,
    }));
  return [
    ...required(far, { away: true }),
    ...required(near, { away: false, weight: nearWeight }),
    ...weighed(1, near),
    ...weighed(-1, far),
  ];
}

/** Whom a term of a Container in `namespace` is about. */
export function selectorOf(
  term: { readonly labelSelector?: ContainerSelector["selector"]; readonly namespaces?: readonly string[] | undefined },
  namespace: string,
): ContainerSelector {
  const { namespaces = [], labelSelector } = term;
  // Source: getNamespacesFromPodAffinityTerm in kubernetes/pkg/scheduler/framework/types.go.
  return { namespaces: namespaces.length === 0 ? [namespace] : namespaces, selector: labelSelector };
}
