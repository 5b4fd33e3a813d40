/** Where a Container belongs by its own word: by the name of a Host or by its labels. */
import { matches, matchesTerm } from "../../../crds/selector.ts";
import { labelsOf } from "../world.ts";
import type { Filter } from "./filter.ts";

export const notNamed = "is not placement.hostName";

/** Source: kubernetes/pkg/scheduler/framework/plugins/nodename. */
const hostName: Filter = {
  name: "HostName",
  makesRoom: false,
  prepare: ({ placement }) => {
    const name = placement?.hostName;
    return name === undefined ? undefined : ({ host }) => (host.metadata.name === name ? undefined : notNamed);
  },
};

const hostSelector: Filter = {
  name: "HostSelector",
  makesRoom: false,
  prepare: ({ placement }) => {
    const selector = placement?.hostSelector;
    return selector === undefined
      ? undefined
      : (candidate) => (matches(selector, labelsOf(candidate)) ? undefined : "does not match placement.hostSelector");
  },
};

/** Kubernetes' own label of a node's zone (corev1.LabelTopologyZone). */
const zoneLabel = "topology.kubernetes.io/zone";

const zone: Filter = {
  name: "Zone",
  makesRoom: false,
  prepare: ({ placement }) => {
    const wanted = placement?.zone;
    return wanted === undefined
      ? undefined
      : (candidate) => (labelsOf(candidate)[zoneLabel] === wanted ? undefined : `is not in zone "${wanted}"`);
  },
};

/** Source: kubernetes/pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go. */
const hostAffinity: Filter = {
  name: "HostAffinity",
  makesRoom: false,
  prepare: ({ placement }) => {
    const required = placement?.affinity?.hostAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    return required === undefined
      ? undefined
      : (candidate) =>
          required.hostSelectorTerms.some((term) => matchesTerm(term, labelsOf(candidate)))
            ? undefined
            : "did not match its host affinity";
  },
};

/** Those that say where a Container belongs, rather than where it fits. */
export const placementFilters: readonly Filter[] = [hostName, hostSelector, zone, hostAffinity];
