/** Containers that are asked to leave their Host, and DisruptionBudgets that let them or do not. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import type { DisruptionBudget, DisruptionBudgetStatus } from "../../crds/disruption-budget.ts";
import { disruptionBudgets } from "../../crds/disruption-budget.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { Answer } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open();
});
afterAll(() => api[Symbol.asyncDispose]());

const at = "/apis/stowage.dev/v1alpha1/namespaces/default";

beforeEach(async () => {
  for (const plural of ["containers", "disruptionbudgets"]) await api.request("DELETE", `${at}/${plural}`);
});

const running: ContainerStatus = {
  phase: "Running",
  hostName: "h1",
  conditions: [
    { type: "Ready", status: "True", reason: "Running", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
  ],
};

async function make(name: string, spec: object = {}, status: ContainerStatus = running): Promise<void> {
  const labels = { app: "web" };
  const { metadata } = await api.client.create<Container>(containers, {
    apiVersion: apiVersionOf(containers),
    kind: containers.kind,
    metadata: { name, namespace: "default", labels },
    ...{ spec: { image: "web:1", ...spec } },
  });
  await api.client.patchStatus(containers, metadata, { type: "merge", body: { status } });
}

async function budget(name: string, status: DisruptionBudgetStatus): Promise<void> {
  const { metadata } = await api.client.create<DisruptionBudget>(disruptionBudgets, {
    apiVersion: apiVersionOf(disruptionBudgets),
    kind: disruptionBudgets.kind,
    metadata: { name, namespace: "default" },
    ...{ spec: { selector: { matchLabels: { app: "web" } }, minAvailable: 1 } },
  });
  const whole = { observedGeneration: metadata.generation, desiredHealthy: 1, currentHealthy: 2, ...status };
  await api.client.patchStatus(disruptionBudgets, metadata, { type: "merge", body: { status: whole } });
}

const evict = (name: string, more: object = {}, query = ""): Promise<Answer> =>
  api.post(`${at}/containers/${name}/eviction${query}`, {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace: "default" },
    ...more,
  });

const statusOf = async (name: string): Promise<ContainerStatus> =>
  (await api.client.get<Container>(containers, { namespace: "default", name })).status ?? {};
const budgetStatus = async (name: string): Promise<DisruptionBudgetStatus> =>
  (await api.client.get<DisruptionBudget>(disruptionBudgets, { namespace: "default", name })).status ?? {};

describe("an eviction", () => {
  test("asks a Container to leave, and says that it did", async () => {
    await make("web");
    const { code, body } = await evict("web");
    expect({ code, body }).toEqual({
      code: 201,
      body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
    });
    expect((await statusOf("web")).eviction).toMatchObject({
      reason: "Evicted",
      message: expect.any(String) as string,
    });
  });

  test("takes down what the budget allows, and ends there", async () => {
    await make("a");
    await make("b");
    await budget("web", { disruptionsAllowed: 1 });
    expect((await evict("a")).code).toBe(201);
    expect(await budgetStatus("web")).toMatchObject({
      disruptionsAllowed: 0,
      disruptedContainers: { a: expect.any(String) as string },
    });
    const { code, body, headers } = await evict("b");
    expect(code).toBe(429);
    expect(body).toMatchObject({
      reason: "TooManyRequests",
      message: "Cannot evict container as it would violate the container's disruption budget.",
      details: {
        causes: [
          {
            reason: "DisruptionBudget",
            message: "The disruption budget web needs 1 healthy containers and has 2 currently",
          },
        ],
      },
    });
    expect(headers["retry-after"]).toBeUndefined();
    expect((await statusOf("b")).eviction).toBeUndefined();
  });

  test("of many at once lets go as many as the budget allows", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
    for (const name of names) await make(name);
    await budget("web", { disruptionsAllowed: 5 });
    const codes = (await Promise.all(names.map((name) => evict(name)))).map(({ code }) => code);
    expect(codes.filter((code) => code === 201)).toHaveLength(5);
    expect(codes.filter((code) => code === 429)).toHaveLength(7);
    const leaving = await Promise.all(names.map(async (name) => (await statusOf(name)).eviction !== undefined));
    expect(leaving.filter(Boolean)).toHaveLength(5);
    expect((await budgetStatus("web")).disruptionsAllowed).toBe(0);
  });

  test("waits for a budget that nobody counted yet", async () => {
    await make("web");
    await budget("web", { disruptionsAllowed: 1, observedGeneration: 0 });
    const { code, headers, body } = await evict("web");
    expect({ code, retryAfter: headers["retry-after"] }).toEqual({ code: 429, retryAfter: "10" });
    expect(body.details.causes).toMatchObject([
      { message: "The disruption budget web is still being processed by the server." },
    ]);
  });

  test("is not possible under two budgets", async () => {
    await make("web");
    await budget("one", { disruptionsAllowed: 1 });
    await budget("two", { disruptionsAllowed: 1 });
    const { code, body } = await evict("web");
    expect({ code, message: body.message }).toEqual({
      code: 500,
      message: "This container has more than one DisruptionBudget, which the eviction subresource does not support.",
    });
  });

  test.each<{ why: string; status: ContainerStatus }>([
    { why: "does not run", status: { ...running, phase: "Pending" } },
    { why: "is not Ready, while enough others are", status: { ...running, conditions: [] } },
  ])("takes nothing from the budget for one that $why", async ({ status }) => {
    await make("web", {}, status);
    await budget("web", { disruptionsAllowed: 0, currentHealthy: 1 });
    expect((await evict("web")).code).toBe(201);
    expect((await statusOf("web")).eviction).toBeDefined();
  });

  test("asked for twice counts once", async () => {
    await make("web");
    await budget("web", { disruptionsAllowed: 2 });
    expect((await evict("web")).code).toBe(201);
    expect((await evict("web")).code).toBe(201);
    expect((await budgetStatus("web")).disruptionsAllowed).toBe(1);
  });

  test.each([
    { how: "in the query", more: {}, query: "?dryRun=All" },
    { how: "in its deleteOptions", more: { deleteOptions: { dryRun: ["All"] } }, query: "" },
  ])("as a dry run $how changes nothing", async ({ more, query }) => {
    await make("web");
    await budget("web", { disruptionsAllowed: 1 });
    expect((await evict("web", more, query)).code).toBe(201);
    expect((await statusOf("web")).eviction).toBeUndefined();
    expect((await budgetStatus("web")).disruptionsAllowed).toBe(1);
  });

  test.each<{ why: string; spec: object; status?: ContainerStatus }>([
    { why: "its placement names this Host", spec: { placement: { hostName: "h1" } } },
    { why: "its data is in a volume of this Host", spec: { volumes: [{ name: "v", dockerVolume: { name: "data" } }] } },
    {
      why: "its restartPolicy is Never, and it has been started",
      spec: { restartPolicy: "Never" },
      status: { ...running, startedAt: "2026-01-01T00:00:00Z" },
    },
  ])("is forbidden where a Container cannot go on elsewhere: $why", async ({ why, spec, status }) => {
    await make("web", spec, status);
    const { code, body } = await evict("web");
    expect({ code, message: body.message }).toEqual({
      code: 403,
      message: `containers.stowage.dev "web" is forbidden: it stays with its Host: ${why}`,
    });
  });

  test("holds to its preconditions, its name and its kind", async () => {
    await make("web");
    expect((await evict("web", { deleteOptions: { preconditions: { uid: "another" } } })).code).toBe(409);
    expect((await evict("web", { metadata: { name: "other" } })).code).toBe(400);
    expect((await evict("web", { kind: "Container" })).code).toBe(400);
    expect((await evict("nosuch")).code).toBe(404);
    expect((await api.get(`${at}/containers/web/eviction`)).code).toBe(405);
    expect((await statusOf("web")).eviction).toBeUndefined();
  });

  test("is discovered", async () => {
    const { body } = await api.get("/apis/stowage.dev/v1alpha1");
    expect(body.resources).toContainEqual({
      name: "containers/eviction",
      singularName: "",
      namespaced: true,
      group: "policy",
      version: "v1",
      kind: "Eviction",
      verbs: ["create"],
    });
  });
});
