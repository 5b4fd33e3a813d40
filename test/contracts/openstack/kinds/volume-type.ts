import { volumeTypeKind } from "../../../../crds/openstack/volume-type.ts";
import { volumeKind } from "../../../../crds/openstack/volume.ts";
import type { KindScenario } from "../scenario.ts";

export const volumeTypeScenario: KindScenario = {
  kind: volumeTypeKind,
  services: ["block-storage"],
  needs: [],
  minimal: {},
  full: {
    name: "full-volume-type",
    description: "everything that there is",
    isPublic: false,
    extraSpecs: [
      { name: "test:one", value: "1" },
      { name: "test:two", value: "2" },
    ],
  },
  fullObserved: {
    name: "full-volume-type",
    description: "everything that there is",
    isPublic: false,
    extraSpecs: [
      { name: "test:one", value: "1" },
      { name: "test:two", value: "2" },
    ],
  },
  updates: [
    {
      patch: { name: "renamed-type", description: "another" },
      observed: { name: "renamed-type", description: "another" },
    },
    {
      patch: { extraSpecs: [{ name: "test:two", value: "22" }], isPublic: true },
      observed: { extraSpecs: [{ name: "test:two", value: "22" }], isPublic: true },
    },
    { patch: { description: null, extraSpecs: null }, observed: { description: "", extraSpecs: [] } },
  ],
  refused: [{ patch: { extraSpecs: [{ name: "stowage.dev:uid", value: "mine" }] }, message: "are Stowage's own" }],
  filter: {
    finds: { name: "full-volume-type", isPublic: false },
    findsNothing: { name: "full-volume-type", isPublic: true },
  },
  dependent: { kind: volumeKind, name: "user", resource: { size: 1, volumeTypeRef: "subject" } },
  leavesOut: { "two-alike": "Cinder keeps the names of volume types apart" },
};
