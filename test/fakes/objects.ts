/** Objects as the API hands them out, and containers as a driver shows them, for tests of pure code. */
import type { Container, ContainerStatus } from "../../crds/container.ts";
import { ContainerSpec, containers } from "../../crds/container.ts";
import type { Host, HostStatus } from "../../crds/host.ts";
import { HostSpec, hosts } from "../../crds/host.ts";
import type { ObjectMeta } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { inPlace } from "../../drivers/docker/translate.ts";
import type { Observed } from "../../drivers/driver.ts";
import { specHash } from "../../drivers/spec-hash.ts";

const metadata = (name: string, fields: Partial<ObjectMeta>): ObjectMeta => ({
  name,
  uid: `uid-of-${name}`,
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: "2026-01-01T00:00:00Z",
  ...fields,
});

/** default/web, unless said otherwise. `spec` is completed with the CRD's defaults. */
export function containerOf(
  spec: object = {},
  rest: { readonly status?: ContainerStatus; readonly metadata?: Partial<ObjectMeta> } = {},
): Container {
  return {
    apiVersion: apiVersionOf(containers),
    kind: containers.kind,
    metadata: metadata(rest.metadata?.name ?? "web", { namespace: "default", ...rest.metadata }),
    spec: ContainerSpec.parse({ image: "web:1", ...spec }),
    ...(rest.status === undefined ? {} : { status: rest.status }),
  };
}

/** What a host shows of a container that was made from `spec`. */
export function observedOf(spec: ContainerSpec, fields: Partial<Observed> & Pick<Observed, "state">): Observed {
  const id = fields.id ?? "a";
  const began = fields.state === "created" ? {} : { startedAt: "2026-01-01T00:00:10Z" };
  const over = fields.state === "exited" || fields.state === "restarting";
  return {
    owner: { namespace: "default", name: "web" },
    uid: "uid-of-web",
    id,
    hostSideName: `default_web_${id}`,
    specHash: specHash(spec),
    config: {},
    volumes: [],
    inPlace: inPlace(spec),
    imageID: "sha256:1",
    addresses: fields.state === "running" ? [{ network: "bridge", ip: "172.17.0.2" }] : [],
    ...began,
    ...(over ? { finishedAt: "2026-01-01T00:00:20Z", exitCode: 0 } : {}),
    oomKilled: false,
    error: "",
    restarts: 0,
    ...fields,
  };
}

/** A Host that is ready, with 4 cores and 8Gi, unless said otherwise. */
export function hostOf(
  name: string,
  fields: {
    readonly status?: HostStatus;
    readonly spec?: object;
    readonly metadata?: Partial<ObjectMeta>;
    readonly ready?: boolean;
  } = {},
): Host {
  return {
    apiVersion: apiVersionOf(hosts),
    kind: hosts.kind,
    metadata: metadata(name, fields.metadata ?? {}),
    spec: HostSpec.parse({ docker: { endpoint: `unix:///run/${name}.sock` }, ...fields.spec }),
    status: {
      allocatable: { cpu: "4", memory: "8Gi" },
      runtimes: ["runc"],
      conditions: [
        {
          type: "Ready",
          status: fields.ready === false ? "False" : "True",
          reason: "Test",
          message: "",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
      ],
      ...fields.status,
    },
  };
}
