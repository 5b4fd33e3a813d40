import { describe, expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import { ContainerSpec } from "../../crds/container.ts";
import { labels } from "../labels.ts";
import { createBody, HostConfig, hostSideName, inPlace, inPlaceOf, updateBody } from "./translate.ts";

const place = { instance: "i-1", hostName: "local" };
const spec = (fields: object = {}): ContainerSpec => ContainerSpec.parse({ image: "busybox", ...fields });
const container = (fields: object = {}, name = "web"): Container => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: {
    namespace: "shop",
    name,
    uid: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  spec: spec(fields),
});

test("a Container with every field, as the Engine is told", () => {
  const full = container({
    command: ["/bin/httpd"],
    args: ["-f"],
    workingDir: "/srv",
    hostname: "front",
    env: [{ name: "A", value: "1" }, { name: "B" }],
    ports: [
      { containerPort: 80, hostPort: 8080, hostIP: "127.0.0.1" },
      { containerPort: 53, protocol: "UDP", hostPort: 53 },
      { containerPort: 9000 },
    ],
    resources: { limits: { cpu: "1500m", memory: "128Mi" }, requests: { cpu: "250m" } },
    restartPolicy: "OnFailure",
    stopSignal: "SIGINT",
    terminationGracePeriodSeconds: 5,
    tty: true,
    stdin: true,
    user: "1000:1000",
    labels: { team: "front" },
    runtime: "runsc",
  });
  expect(createBody(full, place)).toMatchInlineSnapshot(`
    {
      "Cmd": [
        "-f",
      ],
      "Entrypoint": [
        "/bin/httpd",
      ],
      "Env": [
        "A=1",
        "B=",
      ],
      "ExposedPorts": {
        "53/udp": {},
        "80/tcp": {},
        "9000/tcp": {},
      },
      "HostConfig": {
        "CpuPeriod": 100000,
        "CpuQuota": 150000,
        "CpuShares": 256,
        "Memory": 134217728,
        "MemoryReservation": 134217728,
        "MemorySwap": 134217728,
        "PortBindings": {
          "53/udp": [
            {
              "HostIp": "",
              "HostPort": "53",
            },
          ],
          "80/tcp": [
            {
              "HostIp": "127.0.0.1",
              "HostPort": "8080",
            },
          ],
        },
        "RestartPolicy": {
          "Name": "on-failure",
        },
        "Runtime": "runsc",
      },
      "Hostname": "front",
      "Image": "busybox",
      "Labels": {
        "stowage.dev/config": "",
        "stowage.dev/host": "local",
        "stowage.dev/init-container": "",
        "stowage.dev/instance": "i-1",
        "stowage.dev/name": "web",
        "stowage.dev/namespace": "shop",
        "stowage.dev/spec-hash": "args=16e06b8e46c1;command=c5237bc5b11e;env=21532d2bb38e;hostname=0f26fb408480;image=00d7bbc1ffa3;labels=2b4ca9d06092;ports=53b1670146cb;runtime=f5f0a5a40fdf;stdin=b5bea41b6c62;stopSignal=b17fa433af3d;tty=b5bea41b6c62;user=f221d9765ff6;workingDir=28155cf5f56d",
        "stowage.dev/uid": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "stowage.dev/volumes": "",
        "team": "front",
      },
      "OpenStdin": true,
      "StopSignal": "SIGINT",
      "StopTimeout": 5,
      "Tty": true,
      "User": "1000:1000",
      "WorkingDir": "/srv",
    }
  `);
});

test("a Container of defaults leaves the image's and the Engine's alone", () => {
  expect(createBody(container(), place)).toMatchInlineSnapshot(`
    {
      "Env": [],
      "ExposedPorts": {},
      "HostConfig": {
        "PortBindings": {},
        "RestartPolicy": {
          "Name": "unless-stopped",
        },
      },
      "Hostname": "web",
      "Image": "busybox",
      "Labels": {
        "stowage.dev/config": "",
        "stowage.dev/host": "local",
        "stowage.dev/init-container": "",
        "stowage.dev/instance": "i-1",
        "stowage.dev/name": "web",
        "stowage.dev/namespace": "shop",
        "stowage.dev/spec-hash": "image=00d7bbc1ffa3",
        "stowage.dev/uid": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "stowage.dev/volumes": "",
      },
      "OpenStdin": false,
      "StopTimeout": 30,
      "Tty": false,
    }
  `);
});

test("labels that say who owns it cannot be overridden", () => {
  const body = createBody(container({ labels: { "stowage.dev/uid": "forged", a: "b" } }), place);
  expect(body.Labels).toMatchObject({ "stowage.dev/uid": container().metadata.uid, a: "b" });
});

test("labels that an image has of a container that it was made of say nothing of the new one", () => {
  expect(createBody(container(), place).Labels).toMatchObject({
    [labels.initContainer]: "",
    [labels.config]: "",
    [labels.volumes]: "",
  });
});

test("the name on the host tells objects of the same name apart", () => {
  expect(hostSideName(container())).toBe("shop_web_0f1e2d3c");
});

test.each([
  ["a".repeat(80), "a".repeat(63)],
  // A host name ends with a letter or digit.
  [`${"a".repeat(62)}.b`, "a".repeat(62)],
  ["web.v1", "web.v1"],
])("host name of %s", (name, hostname) => {
  expect(createBody(container({}, name), place).Hostname).toBe(hostname);
});

describe("resources", () => {
  test.each<[string, object, object]>([
    ["nothing asked for", {}, { cpuLimit: 0, cpuShares: 0, memoryLimit: 0, memoryReservation: 0 }],
    [
      "limits are requests where there are none",
      { limits: { cpu: 2, memory: "1Gi" } },
      { cpuLimit: 2, cpuShares: 2048, memoryLimit: 2 ** 30, memoryReservation: 2 ** 30 },
    ],
    ["requests alone", { requests: { cpu: "100m", memory: "64Mi" } }, { cpuShares: 102, memoryReservation: 2 ** 26 }],
    ["one core is the default weight", { requests: { cpu: 1 } }, { cpuShares: 0 }],
    ["the kernel's least", { limits: { cpu: "1m" } }, { cpuLimit: 0.01, cpuShares: 2 }],
    ["the kernel's most", { requests: { cpu: 1000 } }, { cpuShares: 262_144 }],
    ["a third of a core is a whole number of microseconds", { limits: { cpu: "333.3m" } }, { cpuLimit: 0.3333 }],
    ["a reservation below the Engine's least is none", { requests: { memory: "1Mi" } }, { memoryReservation: 0 }],
    ["half a byte", { limits: { memory: "1500m" } }, { memoryLimit: 2 }],
  ])("%s", (_, resources, expected) => {
    expect(inPlace(spec({ resources }))).toMatchObject(expected);
  });

  // Or every reconciliation would update the container again.
  test.each<[string, object]>([
    ["nothing", {}],
    ["limits", { limits: { cpu: "333.3m", memory: "100M" } }],
    ["requests", { requests: { cpu: "7m", memory: "7Mi" } }],
    ["all", { limits: { cpu: 3, memory: "1Gi" }, requests: { cpu: 1, memory: "10Mi" } }],
  ])("what was created from %s looks as asked", (_, resources) => {
    const wanted = container({ resources });
    const created = HostConfig.parse(createBody(wanted, place).HostConfig);
    expect(inPlaceOf(created)).toEqual(inPlace(wanted.spec));
  });
});

describe("update", () => {
  const limited = inPlace(spec({ resources: { limits: { cpu: 2, memory: "1Gi" } }, restartPolicy: "Never" }));
  const free = inPlace(spec());

  test("tells only what differs", () => {
    expect(updateBody(limited, limited)).toEqual({});
    expect(updateBody({ ...limited, cpuShares: 5 }, limited)).toEqual({ CpuShares: 5 });
  });

  test("raises memory and swap together, or the Engine refuses", () => {
    expect(updateBody(limited, free)).toEqual({
      RestartPolicy: { Name: "no" },
      CpuPeriod: 100_000,
      CpuQuota: 200_000,
      CpuShares: 2048,
      Memory: 2 ** 30,
      MemorySwap: 2 ** 30,
      MemoryReservation: 2 ** 30,
    });
  });

  test("lifts limits with values that mean none, because the Engine ignores zeros", () => {
    const body = updateBody(free, limited);
    expect(Object.values(body)).not.toContain(0);
    const shown = HostConfig.parse({ ...body, RestartPolicy: { Name: "unless-stopped" } });
    expect(inPlaceOf(shown)).toEqual(free);
  });
});

test.each([
  ["a CPU limit set by docker update --cpus", { NanoCpus: 1.5e9 }, { cpuLimit: 1.5 }],
  ["a quota with another period", { CpuPeriod: 50_000, CpuQuota: 25_000 }, { cpuLimit: 0.5 }],
  ["a quota with the default period", { CpuQuota: 25_000 }, { cpuLimit: 0.25 }],
  ["a quota of -1", { CpuQuota: -1 }, { cpuLimit: 0 }],
  ["a memory limit of -1", { Memory: -1 }, { memoryLimit: 0 }],
])("reads %s", (_, config, expected) => {
  expect(inPlaceOf(HostConfig.parse({ RestartPolicy: { Name: "no" }, ...config }))).toMatchObject(expected);
});

test.each([
  ["always", "Always"],
  ["unless-stopped", "Always"],
  ["on-failure", "OnFailure"],
  ["no", "Never"],
  ["", "Never"],
])("reads restart policy %j", (Name, restartPolicy) => {
  expect(inPlaceOf(HostConfig.parse({ RestartPolicy: { Name } })).restartPolicy).toBe(restartPolicy);
});
