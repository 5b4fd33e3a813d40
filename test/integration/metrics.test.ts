/** What `/metrics` of a whole server tells after known things happened. */
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpClient } from "../../api/client/http.ts";
import { containers } from "../../crds/container.ts";
import { FakeDockerEngine, faultImages } from "../fakes/docker-engine.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import { eventually, StowageServer } from "../lab/stowage.ts";

const image = "busybox:lab";

const containerNamed = (name: string, fields: object = {}) => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: { name, namespace: "default" },
  ...{ spec: { image, imagePullPolicy: "Never", command: ["sleep", "100000"], ...fields } },
});

const scrape = (client: HttpClient): Promise<string> => text(client.stream({ path: "/metrics" }));

/** The value of the one series of that name and these labels, in whatever order. */
function valueOf(scraped: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const line = scraped
    .split("\n")
    .find((one) => (one.startsWith(`${name}{`) || one.startsWith(`${name} `)) && wanted.every((l) => one.includes(l)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}

describe("with a host", () => {
  let engine: FakeDockerEngine;
  let server: StowageServer;
  let client: HttpClient;
  let scraped = "";
  beforeAll(async () => {
    engine = await FakeDockerEngine.start({ images: [image], cpu: 4, memory: 8 * 2 ** 30 });
    server = await StowageServer.start({ docker: engine.endpoint });
    client = await server.client();
    for (const name of ["web", "cache"]) await client.create(containers, containerNamed(name));
    await client.create(containers, containerNamed("broken", { image: faultImages.start }));
    await client.create(containers, containerNamed("nowhere", { placement: { hostName: "elsewhere" } }));
    await eventually("two run, one cannot, one has no host", async () => {
      scraped = await scrape(client);
      const failed = { host: "local", step: "create", reason: "StartError" };
      // The step is counted first, and that it is tried again once that is written down.
      const retries = valueOf(scraped, "workqueue_retries_total", { name: "container", controller: "container" }) ?? 0;
      return (
        retries >= 1 &&
        valueOf(scraped, "stowage_host_containers", { host: "local", phase: "Running" }) === 2 &&
        valueOf(scraped, "stowage_driver_step_failures_total", failed) !== undefined &&
        valueOf(scraped, "stowage_host_containers", { host: "", phase: "Pending" }) === 1
      );
    });
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  test("controllers, under controller-runtime's names", () => {
    const ofQueue = { name: "container", controller: "container" };
    expect(valueOf(scraped, "workqueue_depth", { ...ofQueue, priority: "" })).toBe(0);
    expect(valueOf(scraped, "workqueue_adds_total", ofQueue)).toBeGreaterThanOrEqual(4);
    expect(valueOf(scraped, "workqueue_retries_total", ofQueue)).toBeGreaterThanOrEqual(1);
    expect(valueOf(scraped, "workqueue_unfinished_work_seconds", ofQueue)).toBeGreaterThanOrEqual(0);
    expect(valueOf(scraped, "workqueue_longest_running_processor_seconds", ofQueue)).toBeGreaterThanOrEqual(0);
    const taken = valueOf(scraped, "workqueue_queue_duration_seconds_count", ofQueue);
    expect(taken).toBeGreaterThanOrEqual(4);
    expect(valueOf(scraped, "workqueue_work_duration_seconds_count", ofQueue)).toBeLessThanOrEqual(taken ?? 0);
    expect(valueOf(scraped, "workqueue_queue_duration_seconds_bucket", { le: "1e-8", ...ofQueue })).toBe(0);

    const controller = "host";
    const results = ["success", "error", "requeue_after"].map((result) =>
      valueOf(scraped, "controller_runtime_reconcile_total", { controller, result }),
    );
    expect(results[2]).toBeGreaterThanOrEqual(1);
    expect(valueOf(scraped, "controller_runtime_reconcile_time_seconds_count", { controller })).toBe(
      results.reduce((sum: number, count) => sum + (count ?? 0), 0),
    );
    expect(valueOf(scraped, "controller_runtime_reconcile_errors_total", { controller })).toBe(results[1]);
    expect(valueOf(scraped, "controller_runtime_terminal_reconcile_errors_total", { controller })).toBe(0);
    expect(valueOf(scraped, "controller_runtime_max_concurrent_reconciles", { controller })).toBe(16);
    expect(valueOf(scraped, "controller_runtime_active_workers", { controller })).toBeLessThanOrEqual(16);
  });

  test("Containers, in the style of kube-state-metrics", () => {
    const web = { namespace: "default", container: "web" };
    expect(valueOf(scraped, "stowage_container_info", { ...web, host: "local", image })).toBe(1);
    expect(valueOf(scraped, "stowage_container_status_phase", { ...web, phase: "Running" })).toBe(1);
    expect(valueOf(scraped, "stowage_container_status_ready", { ...web, condition: "true" })).toBe(1);
    expect(valueOf(scraped, "stowage_container_status_restarts_total", web)).toBe(0);
    const broken = { namespace: "default", container: "broken", phase: "Pending" };
    expect(valueOf(scraped, "stowage_container_status_phase", broken)).toBe(1);
  });

  test("Hosts, in the style of kube-state-metrics", () => {
    const host = "local";
    const ready = (status: string) =>
      valueOf(scraped, "stowage_host_status_condition", { host, condition: "Ready", status });
    expect([ready("true"), ready("false"), ready("unknown")]).toEqual([1, 0, 0]);
    expect(valueOf(scraped, "stowage_host_status_capacity", { host, resource: "cpu", unit: "core" })).toBe(4);
    const memory = { host, resource: "memory", unit: "byte" };
    expect(valueOf(scraped, "stowage_host_status_allocatable", memory)).toBeLessThanOrEqual(8 * 2 ** 30);
    expect(valueOf(scraped, "stowage_host_spec_unschedulable", { host })).toBe(0);
    expect(valueOf(scraped, "stowage_host_orphans", { host })).toBe(0);
    expect(valueOf(scraped, "stowage_host_info", { host, engine: "docker", engine_version: "20.10.24" })).toBe(1);
  });

  test("what hosts were told to do", () => {
    expect(valueOf(scraped, "stowage_driver_step_duration_seconds_count", { step: "create" })).toBeGreaterThanOrEqual(
      3,
    );
    expect(valueOf(scraped, "stowage_driver_step_duration_seconds_sum", { step: "create" })).toBeGreaterThan(0);
  });

  test("requests, and the process", () => {
    const created = { verb: "POST", dry_run: "", resource: "containers", code: "201" };
    expect(valueOf(scraped, "apiserver_request_total", created)).toBe(4);
    expect(valueOf(scraped, "process_resident_memory_bytes")).toBeGreaterThan(0);
    // Nobody competes for the embedded store.
    expect(valueOf(scraped, "leader_election_master_status")).toBeUndefined();
  });
});

test("which replica runs the controllers", async ({ skip }) => {
  skip(etcdMissing !== undefined, etcdMissing);
  await using etcd = await Etcd.start();
  const args = ["--store", "etcd", "--etcd-endpoints", etcd.endpoint];
  await using first = await StowageServer.start({ args });
  await using client = await first.client();
  const leads = async (one: HttpClient): Promise<number | undefined> =>
    valueOf(await scrape(one), "leader_election_master_status", { name: "stowage-controllers" });
  await expect.poll(() => leads(client), { timeout: 30_000 }).toBe(1);
  await using second = await StowageServer.start({ args, authorityOf: first });
  await using other = await second.client();
  expect(await leads(other)).toBe(0);
  expect(valueOf(await scrape(other), "workqueue_depth")).toBeUndefined();
});
