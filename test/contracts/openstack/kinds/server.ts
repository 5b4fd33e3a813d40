import { flavorKind } from "../../../../crds/openstack/flavor.ts";
import { imageKind } from "../../../../crds/openstack/image.ts";
import { keyPairKind } from "../../../../crds/openstack/key-pair.ts";
import { networkKind } from "../../../../crds/openstack/network.ts";
import { portKind } from "../../../../crds/openstack/port.ts";
import { serverGroupKind } from "../../../../crds/openstack/server-group.ts";
import { serverKind } from "../../../../crds/openstack/server.ts";
import { volumeKind } from "../../../../crds/openstack/volume.ts";
import type { KindScenario } from "../scenario.ts";
import { imageScenario } from "./image.ts";
import { keyPairScenario } from "./key-pair.ts";

/** Nova's fake driver detaches only what it attached itself after the start, and resizes on its one host. */
export const serverScenario: KindScenario = {
  kind: serverKind,
  services: ["compute", "network", "image", "block-storage"],
  needs: [
    { kind: imageKind, name: "system", resource: imageScenario.minimal },
    { kind: flavorKind, name: "small", resource: { ram: 64, vcpus: 1, disk: 1 } },
    { kind: flavorKind, name: "large", resource: { ram: 128, vcpus: 1, disk: 1 } },
    { kind: networkKind, name: "net", resource: {} },
    { kind: portKind, name: "first", resource: { networkRef: "net" } },
    { kind: portKind, name: "second", resource: { networkRef: "net" } },
    { kind: volumeKind, name: "data", resource: { size: 1 } },
    { kind: keyPairKind, name: "key", resource: keyPairScenario.minimal },
    { kind: serverGroupKind, name: "apart", resource: { policy: "soft-anti-affinity" } },
  ],
  minimal: { imageRef: "system", flavorRef: "small", ports: [] },
  full: {
    name: "full-server",
    imageRef: "system",
    flavorRef: "small",
    ports: [{ portRef: "first" }],
    volumes: [{ volumeRef: "data" }],
    keypairRef: "key",
    serverGroupRef: "apart",
    availabilityZone: "nova",
    tags: ["one", "two"],
    metadata: [{ key: "environment", value: "test" }],
    configDrive: true,
  },
  fullObserved: {
    name: "full-server",
    status: "ACTIVE",
    availabilityZone: "nova",
    metadata: [{ key: "environment", value: "test" }],
    configDrive: true,
  },
  updates: [
    { patch: { name: "renamed", tags: ["three"] }, observed: { name: "renamed" } },
    {
      patch: { metadata: [{ key: "owner", value: "me" }] },
      observed: { metadata: [{ key: "owner", value: "me" }] },
    },
    { patch: { ports: [{ portRef: "first" }, { portRef: "second" }] }, observed: { status: "ACTIVE" } },
    { patch: { ports: [{ portRef: "first" }] }, observed: { status: "ACTIVE" } },
    { patch: { volumes: [] }, observed: { volumes: [] } },
    { patch: { volumes: [{ volumeRef: "data" }] }, observed: { status: "ACTIVE" } },
    { patch: { flavorRef: "large" }, observed: { status: "ACTIVE" } },
  ],
  refused: [
    { patch: { imageRef: "other" }, message: "imageRef cannot be changed" },
    { patch: { keypairRef: null }, message: "keypairRef cannot be changed" },
    { patch: { configDrive: false }, message: "configDrive cannot be changed" },
    { patch: { bootVolume: { volumeRef: "data" } }, message: "exactly one of imageRef and bootVolume" },
  ],
  filter: { finds: { name: "full-server", tags: ["one"] }, findsNothing: { name: "no-such-server" } },
  leavesOut: { "two-alike": "a port is in one server" },
};
