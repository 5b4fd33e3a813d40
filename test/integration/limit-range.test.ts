/** LimitRange: what Containers get by default, and what they may ask for. */
import { expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import { limitRangeType } from "../../crds/core.ts";
import { ApiInProcess } from "./api-in-process.ts";
import { KubectlUser, kubectlMissing } from "./kubectl-user.ts";

const limitRange = (name: string, ...limits: readonly object[]) => ({
  apiVersion: "v1",
  kind: "LimitRange",
  metadata: { namespace: "default", name },
  spec: { limits },
});
const container = (name: string, resources?: object) => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: { namespace: "default", name },
  spec: { image: "busybox", ...(resources && { resources }) },
});

test("a Container that asks for nothing gets what is the default", async () => {
  await using api = await ApiInProcess.open();
  const { client } = api;
  await client.create(
    limitRangeType,
    limitRange("some", { type: "Container", max: { memory: "1Gi" }, defaultRequest: { cpu: "100m", memory: "64Mi" } }),
  );
  const made = await client.create<Container>(containers, container("web"));
  expect(made.spec.resources).toEqual({ requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "1Gi" } });
  expect(made.metadata).toMatchObject({
    annotations: {
      "kubernetes.io/limit-ranger":
        "LimitRanger plugin set: cpu, memory request for container web; memory limit for container web",
    },
  });
  const own = { requests: { cpu: "1" }, limits: { memory: "128Mi" } };
  expect((await client.create<Container>(containers, container("own", own))).spec.resources).toEqual({
    requests: { cpu: "1" },
    limits: { memory: "128Mi" },
  });
});

test.each(["-1", "1e1.5", "1e999999", "1".repeat(1000), -1])(
  "%j cores are refused before limits are looked at",
  async (cpu) => {
    await using api = await ApiInProcess.open();
    const { client } = api;
    await client.create(limitRangeType, limitRange("some", { type: "Container", max: { cpu: "10" } }));
    await expect(client.create(containers, container("odd", { requests: { cpu } }))).rejects.toMatchObject({
      reason: "Invalid",
      message: expect.stringContaining("spec.resources.requests.cpu") as string,
    });
  },
);

test("a Container keeps within the least, the most and the ratio, also when it is changed", async () => {
  await using api = await ApiInProcess.open();
  const { client } = api;
  const limits = { type: "Container", min: { cpu: "100m" }, max: { cpu: "2" }, maxLimitRequestRatio: { memory: "2" } };
  await client.create(limitRangeType, limitRange("strict", limits));
  const resources = (cpu: string, request: string) => ({
    requests: { cpu, memory: request },
    limits: { cpu: "1", memory: "1Gi" },
  });
  const create = (name: string, given: object) => client.create(containers, container(name, given));
  await expect(create("small", resources("50m", "1Gi"))).rejects.toThrow(
    'containers.stowage.dev "small" is forbidden: minimum cpu usage per Container is 100m, but request is 50m',
  );
  await expect(
    create("both", { requests: { cpu: "3", memory: "256Mi" }, limits: { cpu: "4", memory: "1Gi" } }),
  ).rejects.toThrow(
    "[maximum cpu usage per Container is 2, but limit is 4, memory max limit to request ratio per Container is 2, but provided ratio is 4.000000]",
  );
  await create("web", resources("500m", "1Gi"));
  const body = { spec: { resources: { limits: { cpu: "3" } } } };
  await expect(
    client.patch(containers, { namespace: "default", name: "web" }, { type: "merge", body }),
  ).rejects.toThrow("maximum cpu usage per Container is 2, but limit is 3");
});

test("what makes no sense is refused", async () => {
  await using api = await ApiInProcess.open();
  const create = (...limits: readonly object[]) => api.client.create(limitRangeType, limitRange("odd", ...limits));
  await expect(create({ type: "Container", min: { cpu: "2" }, max: { cpu: "1" } })).rejects.toThrow(
    'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
  );
  await expect(create({ type: "Thing" })).rejects.toThrow(
    'spec.limits[0].type: Invalid value: "Thing": must be a standard limit type or fully qualified',
  );
  await expect(create({ type: "Pod", default: { cpu: "1" } })).rejects.toThrow(
    "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
  );
  await expect(create({ type: "PersistentVolumeClaim" })).rejects.toThrow(
    "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
  );
  await expect(create({ type: "Container", max: { cpu: "many" } })).rejects.toThrow(
    'LimitRange in version "v1" cannot be handled as a LimitRange: quantities must match the regular expression',
  );
});

test.skipIf(kubectlMissing !== undefined)("kubectl describes limits, and shows what was filled in", async () => {
  await using user = await KubectlUser.start();
  await user.ok(
    "apply -f -",
    JSON.stringify(limitRange("some", { type: "Container", max: { cpu: "1" }, min: { cpu: "0.1" } })),
  );
  expect(await user.ok("describe limits some")).toMatch(
    /Type +Resource +Min +Max +Default Request +Default Limit +Max Limit\/Request Ratio\n.*\nContainer +cpu +100m +1 +1 +1 +-$/,
  );
  const numbers = limitRange("numbers", { type: "Container", maxLimitRequestRatio: { memory: 4 } });
  expect(await user.ok("apply --server-side -f -", JSON.stringify(numbers))).toBe(
    "limitrange/numbers serverside-applied",
  );
  await user.ok("delete limits numbers");
  await user.ok("apply -f -", JSON.stringify(container("web")));
  await user.ok("apply -f -", JSON.stringify(container("web")));
  expect(await user.ok("get ctr web -o jsonpath={.spec.resources.limits.cpu}")).toBe("1");
  expect(await user.ok("get limits")).toMatch(/^NAME +CREATED AT\nsome +\d{4}-/);
});
