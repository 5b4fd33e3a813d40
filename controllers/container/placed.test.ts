import { expect, test } from "vitest";
import { containerOf } from "../../test/fakes/objects.ts";
import { asPlaced } from "./placed.ts";

const gpus = { name: "vendor.example/gpu", ids: ["0", "1"], paths: ["/dev/gpu0", "/dev/gpuctl", "/dev/gpu1"] };

test("what was set aside for it stands in the spec", () => {
  const asked = containerOf({ cpuPolicy: "Dedicated", resources: { limits: { cpu: "2" } } });
  const { spec } = asPlaced({ ...asked, status: { hostName: "a", cpuset: "2-3", devices: [gpus] } });
  expect(spec.cpuset).toBe("2-3");
  expect(spec.devices?.map(({ hostPath }) => hostPath)).toEqual(["/dev/gpu0", "/dev/gpuctl", "/dev/gpu1"]);
});

test("what it names itself stays as it named it", () => {
  const asked = containerOf({ devices: [{ hostPath: "/dev/gpuctl", permissions: "r" }] });
  const { spec } = asPlaced({ ...asked, status: { hostName: "a", devices: [gpus] } });
  expect(spec.devices).toEqual([
    { hostPath: "/dev/gpuctl", permissions: "r" },
    { hostPath: "/dev/gpu0", permissions: "rwm" },
    { hostPath: "/dev/gpu1", permissions: "rwm" },
  ]);
});

test("one that shares its CPUs keeps those that it asks for, or all", () => {
  const asked = containerOf({ cpuset: "0" }, { status: { hostName: "a", cpuset: "2-3" } });
  expect(asPlaced(asked)).toBe(asked);
});
