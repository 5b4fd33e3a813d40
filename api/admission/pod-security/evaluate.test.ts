import { describe, expect, test } from "vitest";
import { ContainerSpec } from "../../../crds/container.ts";
import { subjectOf } from "./check.ts";
import { details, evaluate } from "./evaluate.ts";
import type { Level } from "./policy.ts";

const said = (level: Level, fields: object): string =>
  details(evaluate(level, subjectOf("web", ContainerSpec.parse({ image: "a", ...fields }))));
const context = (securityContext: object): object => ({ securityContext });

/** What restricted wants said. */
const strict = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

const forbiddenByBaseline: readonly (readonly [string, object, string])[] = [
  [
    "privileged",
    context({ privileged: true }),
    'privileged (container "web" must not set securityContext.privileged=true)',
  ],
  [
    "host namespaces",
    { hostNetwork: true, hostPID: true, hostIPC: true },
    "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)",
  ],
  [
    "hostPath",
    {
      volumes: [
        { name: "a", hostPath: { path: "/etc" } },
        { name: "b", hostPath: { path: "/" } },
      ],
    },
    'hostPath volumes (volumes "a", "b")',
  ],
  [
    "a hostPath in disguise",
    {
      volumes: [
        { name: "a", dockerVolume: { name: "etc", driverOptions: { type: "none", o: "bind", device: "/etc" } } },
      ],
    },
    'dockerVolume options (volume "a" must not set dockerVolume.driverOptions)',
  ],
  [
    "hostPorts",
    { ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 443, hostPort: 443 }, { containerPort: 1 }] },
    'hostPort (container "web" uses hostPorts 443, 8080)',
  ],
  [
    "capabilities",
    context({ capabilities: { add: ["CAP_SYS_ADMIN", "CHOWN", "NET_RAW", "ALL"] } }),
    'non-default capabilities (container "web" must not include "ALL", "CAP_SYS_ADMIN", "NET_RAW" in securityContext.capabilities.add)',
  ],
  [
    "no seccomp",
    context({ seccompProfile: { type: "Unconfined" } }),
    'seccompProfile (container "web" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    "a seccomp profile of one's own, which may allow everything",
    context({ seccompProfile: { type: "Localhost", localhostProfile: "{}" } }),
    'seccompProfile (container "web" must not set securityContext.seccompProfile.type to "Localhost")',
  ],
  [
    "sysctls",
    context({
      sysctls: [
        { name: "kernel.msgmax", value: "1" },
        { name: "net/core/somaxconn", value: "1" },
        { name: "net/ipv4/tcp_syncookies", value: "1" },
      ],
    }),
    "forbidden sysctls (kernel.msgmax, net/core/somaxconn)",
  ],
  [
    "devices",
    { devices: [{ hostPath: "/dev/sda" }] },
    'host devices (container "web" must not use devices "/dev/sda")',
  ],
  [
    "logging drivers that act for it on the host",
    { logging: { driver: "syslog", options: { "syslog-address": "unix:///run/x" } } },
    'logging drivers (container "web" must not use logging driver "syslog")',
  ],
  [
    "several at once, and those of initContainers",
    {
      hostPID: true,
      ...context({ privileged: true }),
      initContainers: [{ name: "init", image: "a", securityContext: { privileged: true } }],
    },
    'host namespaces (hostPID=true), privileged (containers "web", "init" must not set securityContext.privileged=true)',
  ],
];

const allowedByBaseline: readonly (readonly [string, object])[] = [
  ["nothing", {}],
  ["what is said and is the default", { hostNetwork: false, ...context({ privileged: false, capabilities: {} }) }],
  ["default capabilities", context({ capabilities: { add: ["CHOWN", "CAP_KILL"], drop: ["NET_RAW"] } })],
  ["root", context({ runAsUser: 0 })],
  ["ports of the container", { ports: [{ containerPort: 80 }] }],
  ["logs in files", { logging: { driver: "json-file", options: { "max-size": "1m" } } }],
  ["a volume of the Engine", { volumes: [{ name: "a", dockerVolume: { name: "data" } }] }],
  ["safe sysctls", context({ sysctls: [{ name: "net.ipv4.ping_group_range", value: "0 1" }] })],
];

describe("privileged allows", () => {
  test.each(forbiddenByBaseline)("%s", (_, fields) => {
    expect(said("privileged", fields)).toBe("");
  });
});

describe("baseline allows", () => {
  test.each(allowedByBaseline)("%s", (_, fields) => {
    expect(said("baseline", fields)).toBe("");
  });
});

describe("baseline forbids", () => {
  test.each(forbiddenByBaseline)("%s", (_, fields, words) => {
    expect(said("baseline", fields)).toBe(words);
  });
});

describe("restricted", () => {
  test.each(forbiddenByBaseline)("forbids %s, too", (_, fields) => {
    expect(said("restricted", fields)).not.toBe("");
  });

  test("wants four things said, of initContainers too", () => {
    expect(said("restricted", context(strict))).toBe("");
    expect(said("restricted", { initContainers: [{ name: "init", image: "a" }], ...context(strict) })).toBe(
      [
        'allowPrivilegeEscalation != false (container "init" must set securityContext.allowPrivilegeEscalation=false)',
        'unrestricted capabilities (container "init" must set securityContext.capabilities.drop=["ALL"])',
        'runAsNonRoot != true (container "init" must set securityContext.runAsNonRoot=true)',
        'seccompProfile (container "init" must set securityContext.seccompProfile.type to "RuntimeDefault")',
      ].join(", "),
    );
  });

  test.each([
    ["runAsUser 0", context({ ...strict, runAsUser: 0 }), 'runAsUser=0 (container "web" must not set runAsUser=0)'],
    ["user root", { ...context(strict), user: "root:root" }, 'runAsUser=0 (container "web" must not set user to root)'],
    [
      "runAsNonRoot false",
      context({ ...strict, runAsNonRoot: false }),
      'runAsNonRoot != true (container "web" must not set securityContext.runAsNonRoot=false)',
    ],
    [
      "capabilities other than NET_BIND_SERVICE",
      context({ ...strict, capabilities: { drop: ["ALL"], add: ["CHOWN", "NET_BIND_SERVICE"] } }),
      'unrestricted capabilities (container "web" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
    [
      "volumes that other namespaces have too",
      { ...context(strict), volumes: [{ name: "a", dockerVolume: { name: "data" } }] },
      'restricted volume types (volume "a" uses restricted volume type "dockerVolume")',
    ],
  ])("forbids %s", (_, fields, words) => {
    expect(said("restricted", fields)).toBe(words);
  });
});
