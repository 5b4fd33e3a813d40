import { expect, test } from "vitest";
import { Volumes, VolumeMounts } from "../../crds/volumes.ts";
import { labels } from "../labels.ts";
import { mountConfig, refuseSubPaths } from "./mounts.ts";

const owner = { instance: "i", hostName: "east", namespace: "default", name: "web", uid: "u-1" };
const own = {
  [labels.instance]: "i",
  [labels.host]: "east",
  [labels.namespace]: "default",
  [labels.name]: "web",
  [labels.uid]: "u-1",
};
const config = (source: object, mount: object = {}): object =>
  mountConfig(
    owner,
    Volumes.parse([{ name: "v", ...source }]),
    VolumeMounts.parse([{ name: "v", mountPath: "/v", ...mount }]),
  );

test.each<[string, object, object, object]>([
  [
    "files",
    { secret: { secretName: "s" } },
    {},
    {
      Type: "volume",
      Source: "stowage-u-1-v",
      Target: "/v",
      ReadOnly: true,
      VolumeOptions: { NoCopy: true, Labels: own },
    },
  ],
  [
    "an empty folder",
    { emptyDir: {} },
    { subPath: "a" },
    {
      Type: "volume",
      Source: "stowage-u-1-v",
      Target: "/v",
      ReadOnly: false,
      VolumeOptions: { NoCopy: true, Labels: own, Subpath: "a" },
    },
  ],
  [
    "memory",
    { emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    {},
    { Type: "tmpfs", Target: "/v", ReadOnly: false, TmpfsOptions: { SizeBytes: 2 ** 20, Mode: 0o1777 } },
  ],
  [
    "a path of the host, also with a colon",
    { hostPath: { path: "/sys/0000:00" } },
    { readOnly: true },
    { Type: "bind", Source: "/sys/0000:00", Target: "/v", ReadOnly: true },
  ],
  [
    "a named volume, which is nobody's",
    { dockerVolume: { name: "kept", driverOptions: { type: "nfs" } } },
    {},
    {
      Type: "volume",
      Source: "kept",
      Target: "/v",
      ReadOnly: false,
      VolumeOptions: { Labels: { [labels.instance]: "i" }, DriverConfig: { Name: "local", Options: { type: "nfs" } } },
    },
  ],
])("%s", (_, source, mount, expected) => {
  expect(config(source, mount)).toEqual({ Mounts: [expected] });
});

test("a folder of the host that may have to be made is a bind", () => {
  expect(config({ hostPath: { path: "/srv", type: "DirectoryOrCreate" } }, { readOnly: true })).toEqual({
    Binds: ["/srv:/v:ro"],
  });
});

test("a copy is no mount", () => {
  expect(config({ configMap: { name: "c" } }, { subPath: "a" })).toEqual({});
});

test("an Engine is asked for a subPath from API 1.45 on", () => {
  const mounts = config({ emptyDir: {} }, { subPath: "a" });
  refuseSubPaths(mounts, "1.45");
  expect(() => {
    refuseSubPaths(mounts, "1.44");
  }).toThrow('Cannot mount subPath "a" at /v: that needs Docker Engine 26 (API 1.45), and this one speaks API 1.44');
  refuseSubPaths(config({ emptyDir: {} }), "1.40");
});
