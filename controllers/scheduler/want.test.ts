import { expect, test } from "vitest";
import { wanted } from "../../test/fakes/world.ts";
import { amountsOf } from "../../crds/allocation.ts";

test("amounts are whole, rounded up as Kubernetes does, and exact where binary fractions are not", () => {
  expect(amountsOf({ cpu: "0.57", memory: "1.5Gi" })).toEqual({ milliCpu: 570, memory: 1_610_612_736, storage: 0 });
  expect(amountsOf({ cpu: "70m" })).toMatchObject({ milliCpu: 70 });
  expect(amountsOf({ cpu: "100u", memory: "100m", "ephemeral-storage": "1Ki" })).toEqual({
    milliCpu: 1,
    memory: 1,
    storage: 1024,
  });
});

test("what no machine has leaves sums as they were", () => {
  const { milliCpu, memory } = amountsOf({ cpu: "1e99", memory: "99E" });
  expect(4000 + milliCpu - milliCpu).toBe(4000);
  expect(4096 + memory - memory).toBe(4096);
});

test("limits count where requests are absent", () => {
  const { requests, devices } = wanted({
    resources: { limits: { cpu: "2", memory: "1Ki", "vendor.example/gpu": 2 }, requests: { cpu: "1" } },
  });
  expect(requests).toEqual({ milliCpu: 1000, memory: 1024, storage: 0 });
  expect([...devices]).toEqual([["vendor.example/gpu", 2]]);
});

test("of each amount, the most that the container or an initContainer asks for", () => {
  const init = (name: string, requests: object): object => ({ name, image: "i", resources: { requests } });
  const { requests } = wanted({
    resources: { requests: { cpu: "1", memory: "1Ki" } },
    initContainers: [init("a", { cpu: "2" }), init("b", { memory: "4Ki" })],
  });
  expect(requests).toEqual({ milliCpu: 2000, memory: 4096, storage: 0 });
});

test("tenancy is the cluster's where the Container does not say", () => {
  const standing = { priority: 0, tenancy: "Exclusive" } as const;
  expect(wanted({}, {}, standing).tenancy).toBe("Exclusive");
  expect(wanted({ placement: { tenancy: "Shared" } }, {}, standing).tenancy).toBe("Shared");
});
