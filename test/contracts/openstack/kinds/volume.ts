import { volumeSnapshotKind } from "../../../../crds/openstack/volume-snapshot.ts";
import { volumeTypeKind } from "../../../../crds/openstack/volume-type.ts";
import { volumeKind } from "../../../../crds/openstack/volume.ts";
import type { KindScenario } from "../scenario.ts";

export const volumeScenario: KindScenario = {
  kind: volumeKind,
  services: ["block-storage"],
  needs: [{ kind: volumeTypeKind, name: "gold", resource: {} }],
  minimal: { size: 1 },
  full: {
    name: "full-volume",
    description: "everything that there is",
    size: 2,
    volumeTypeRef: "gold",
    availabilityZone: "nova",
    metadata: [
      { name: "one", value: "1" },
      { name: "two", value: "2" },
    ],
  },
  fullObserved: {
    name: "full-volume",
    description: "everything that there is",
    size: 2,
    status: "available",
    volumeType: "gold",
    availabilityZone: "nova",
    metadata: [
      { name: "one", value: "1" },
      { name: "two", value: "2" },
    ],
    bootable: false,
  },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    { patch: { size: 3 }, observed: { size: 3, status: "available" } },
    {
      patch: {
        metadata: [
          { name: "two", value: "22" },
          { name: "three", value: "3" },
        ],
      },
      observed: {
        metadata: [
          { name: "three", value: "3" },
          { name: "two", value: "22" },
        ],
      },
    },
    { patch: { description: null, metadata: null }, observed: { description: "", metadata: [] } },
  ],
  refused: [
    { patch: { size: 1 }, message: "size cannot shrink" },
    { patch: { volumeTypeRef: "silver" }, message: "volumeTypeRef cannot be changed" },
    { patch: { availabilityZone: null }, message: "availabilityZone cannot be changed" },
    { patch: { imageRef: "cirros" }, message: "imageRef cannot be changed" },
    { patch: { imageRef: "cirros", snapshotRef: "yesterday" }, message: "starts as one thing at most" },
    { patch: { metadata: [{ name: "stowage.dev:uid", value: "mine" }] }, message: "are Stowage's own" },
  ],
  filter: { finds: { name: "full-volume", size: 2 }, findsNothing: { name: "full-volume", size: 77 } },
  dependent: { kind: volumeSnapshotKind, name: "user", resource: { volumeRef: "subject" } },
};
