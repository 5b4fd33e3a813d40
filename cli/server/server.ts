/**
 * `stowage server`: the composition root. Opens the store, serves the API over it, and runs the controllers against
 * that API. Only here (and in cli/commands) is the environment read, a client opened, or the clock looked at.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { Gauge, Registry } from "prom-client";
import type { Client } from "../../api/client/client.ts";
import { ManagedClient } from "../../api/client/managed-client.ts";
import { writePrivate } from "../../api/auth/certificates.ts";
import { InUseProtection } from "../../api/admission/in-use-protection.ts";
import { ApiServer } from "../../api/server.ts";
import { isAlreadyExists } from "../../api/status.ts";
import type { Store } from "../../api/storage/store.ts";
import { Compactor } from "../../api/storage/compactor.ts";
import { SqliteStore } from "../../api/storage/sqlite.ts";
import { containerController } from "../../controllers/container/setup.ts";
import { disruptionController } from "../../controllers/disruption/setup.ts";
import { garbageCollector } from "../../controllers/garbage-collector/setup.ts";
import { secretsOf } from "../../controllers/host/secret.ts";
import { hostController } from "../../controllers/host/setup.ts";
import { namespaceController } from "../../controllers/namespace/setup.ts";
import { openstackControllersOnDemand } from "../../controllers/openstack/on-demand.ts";
import { resourceQuotaController } from "../../controllers/resource-quota/setup.ts";
import { serviceAccountController } from "../../controllers/service-account/setup.ts";
import { taintEvictionController } from "../../controllers/taint-eviction/setup.ts";
import type { Clock } from "../../process/clock.ts";
import { systemClock } from "../../process/clock.ts";
import { ApiEventRecorder } from "../../controllers/runtime/events.ts";
import { createInformers } from "../../controllers/runtime/informer.ts";
import { leadWhileElected } from "../../controllers/runtime/leader-election.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import { Manager } from "../../controllers/runtime/manager.ts";
import { schedulerController } from "../../controllers/scheduler/setup.ts";
import type { Container } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { Host } from "../../crds/host.ts";
import { hosts } from "../../crds/host.ts";
import { publicOr } from "../../openstack/glance/networks.ts";
import type { HostDriver } from "../../drivers/driver.ts";
import { HostFeed } from "../../drivers/host-feed.ts";
import { DriverPool } from "../../drivers/pool.ts";
import { adoptable } from "./adoptable.ts";
import { containerLog, logOptions } from "./container-log.ts";
import { lockFolder, makeFolder } from "./data-folder.ts";
import { resolveDigestKey } from "./digest-key.ts";
import { resolveInstance } from "./instance.ts";
import { createLog } from "./log.ts";
import { PrometheusControllers } from "./metrics/controllers.ts";
import { ObjectMetrics } from "./metrics/objects.ts";
import { countSteps } from "./metrics/steps.ts";
import type { ServerOptions } from "./options.ts";
import { planAnswerer } from "./plan/answerer.ts";
import { containerStats, hostStats } from "./stats.ts";

const clock = systemClock;
const defaultSocket = "/var/run/docker.sock";
const localHost = "local";
/** Of the replicas that could run the controllers. */
const leaseName = "stowage-controllers";

/** Serves until `signal` aborts, then stops within 10 s. Prints the `ready` line of the command-line contract. */
export async function runServer(options: ServerOptions, signal: AbortSignal): Promise<void> {
  const log = createLog(
    options.logFormat,
    options.logLevel,
    (line) => process.stderr.write(line),
    () => clock.now(),
  );
  const registry = new Registry();
  const metrics = {
    controllers: new PrometheusControllers(registry),
    objects: new ObjectMetrics(registry),
    isLeader: leaderGauge(registry),
  };
  await makeFolder(options.dataDir);
  // Before anything is written there: another server's kubeconfig stays as it is.
  using _folder = options.store.type === "sqlite" ? undefined : lockFolder(options.dataDir);
  await using store = await openStore(options);
  await using _compactor = new Compactor({
    store,
    clock,
    onError: (error) => {
      log.warn("Cannot compact the store; trying again later", { error: describeError(error) });
    },
  });
  await using keystone = await openKeystone(options, clock, log);
  await using api = await ApiServer.open({
    store,
    dataDir: options.dataDir,
    listen: options.listen,
    names: options.tlsSan,
    connectors: {
      "containers.stowage.dev/log": (object, query, aborted) =>
        containerLog(
          api.client,
          openDriver,
          object as Container,
          logOptions(query, clock.now()),
          aborted,
          query.get("container") ?? undefined,
        ),
      "containers.stowage.dev/stats": (object, _, aborted) =>
        containerStats(api.client, openDriver, object as Container, () => clock.now(), aborted),
      "hosts.stowage.dev/stats": (object, _, aborted) =>
        hostStats(openDriver, object as Host, () => clock.now(), aborted),
      "hosts.stowage.dev/adoptable": (object, _query, aborted) => adoptable(openDriver, object as Host, aborted),
    },
    // Where nobody looks after Containers, nobody would let them go.
    plugins: options.controllers === "none" ? [] : [new InUseProtection()],
    answerers: {
      "plans.stowage.dev": planAnswerer({
        client: () => api.client,
        openDriver: (host) => openDriver(host),
        authorizer: () => api.authorizer,
        tenancy: options.defaultTenancy,
        digestKey: () => digestKey,
        clock,
      }),
    },
    authenticators: keystone === undefined ? [] : [keystone.authenticator],
    clock,
    log,
    metrics: () => registry.metrics(),
  });
  const { client } = api;
  const instance = await resolveInstance(client, options.dataDir, options.instance, randomUUID);
  const digestKey = await resolveDigestKey(client, () => randomBytes(32));
  await using drivers = new DriverPool({ instance, onStep: countSteps(registry) });
  const openDriver = (host: Host): Promise<HostDriver> => drivers.ensure(host, secretsOf(client));

  await registerLocalHost(client, options, log);
  await api.listen();
  process.stdout.write(`ready ${api.url} kubeconfig=${join(options.dataDir, "admin.kubeconfig")}\n`);
  log.info("Serving", { url: api.url, store: options.store.type, instance });

  const parts = { options, client, drivers, log, metrics, digestKey };
  const run = (term: AbortSignal): Promise<void> => runControllers(parts, term);
  if (options.store.type === "sqlite") {
    await run(signal); // the store is locked by this process: there is nobody to compete with
  } else {
    const identity = await processIdentity(options.dataDir);
    const lead = async (term: AbortSignal): Promise<void> => {
      metrics.isLeader.set(1);
      try {
        await run(term);
      } finally {
        metrics.isLeader.set(0);
      }
    };
    metrics.isLeader.set(0);
    await leadWhileElected({ client, clock, log, name: leaseName, identity }, lead, signal);
  }
  log.info("Stopping");
}

async function openKeystone({ keystone }: ServerOptions, clock: Clock, log: Log) {
  if (keystone === undefined) return undefined;
  const { keystoneAuthentication } = await import("./keystone-tokens.ts");
  return keystoneAuthentication(keystone, { clock, random: Math.random, log });
}

async function openStore({ store, dataDir }: ServerOptions): Promise<Store> {
  if (store.type === "sqlite") return SqliteStore.open({ path: join(dataDir, "stowage.db") });
  const { EtcdStore } = await import("../../api/storage/etcd.ts");
  return EtcdStore.open({ endpoints: store.endpoints, prefix: store.prefix, ...(await tlsOf(store.tls)) });
}

async function tlsOf(files: { readonly ca: string; readonly cert?: string; readonly key?: string } | undefined) {
  if (files === undefined) return {};
  const ca = await readFile(files.ca, "utf8");
  if (files.cert === undefined || files.key === undefined) return { tls: { ca } };
  return { tls: { ca, cert: await readFile(files.cert, "utf8"), key: await readFile(files.key, "utf8") } };
}

interface ControllerParts {
  readonly options: ServerOptions;
  readonly client: Client;
  readonly drivers: DriverPool;
  readonly log: Log;
  readonly metrics: { readonly controllers: PrometheusControllers; readonly objects: ObjectMetrics };
  readonly digestKey: Uint8Array;
}

/** One term: informers and what controllers remember are made anew each time this process is elected. */
async function runControllers(parts: ControllerParts, signal: AbortSignal): Promise<void> {
  const { options, client, drivers, log, metrics, digestKey } = parts;
  const { random } = Math;
  const informers = createInformers(client, clock, log, random);
  const feed = new HostFeed();
  await using recorders = new AsyncDisposableStack();
  /** What a controller writes with, under its own name. */
  const writersOf = (controller: string): { readonly client: Client; readonly events: ApiEventRecorder } => {
    const component = `stowage-${controller}-controller`;
    const named = new ManagedClient(client, component);
    const events = recorders.use(new ApiEventRecorder({ client: named, clock, log, component, random }));
    return { client: named, events };
  };
  const controllers = [
    hostController({ ...writersOf("host"), informers, drivers, feed, clock, random }),
    schedulerController({ ...writersOf("scheduler"), informers, feed, tenancy: options.defaultTenancy, clock }),
    disruptionController({ ...writersOf("disruption"), informers, clock }),
    taintEvictionController({ ...writersOf("taint-eviction"), informers, clock }),
    containerController({ ...writersOf("container"), informers, drivers, feed, clock, random, log, digestKey }),
    namespaceController({ ...writersOf("namespace"), informers, clock }),
    garbageCollector({ ...writersOf("garbage-collector"), informers }),
    serviceAccountController({ ...writersOf("service-account"), informers }),
    resourceQuotaController({ ...writersOf("resource-quota"), informers, clock }),
    ...openstackControllersOnDemand({
      ...writersOf("openstack"),
      informers,
      clock,
      connect: async () => (await import("../../openstack/connect.ts")).connectWith({ clock, random, log }),
      imageSources: { mayReadFrom: publicOr(options.imageDownloadNetworks), drivers },
      resyncMs: options.openstackResyncMs,
      graceMs: options.openstackGraceMs,
      random,
    }),
  ];
  using _seen = metrics.objects.watch({
    containers: informers.for<Container>(containers),
    hosts: informers.for<Host>(hosts),
  });
  await new Manager({
    informers,
    clock,
    log,
    metrics: metrics.controllers,
    controllers,
    select: options.controllers,
  }).run(signal);
}

/** Source: k8s.io/component-base/metrics/prometheus/clientgo/leaderelection/metrics.go. */
function leaderGauge(registry: Registry): Pick<Gauge.Internal<"name">, "set"> {
  const gauge = new Gauge({
    name: "leader_election_master_status",
    help: "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.",
    labelNames: ["name"],
    registers: [registry],
  });
  return gauge.labels(leaseName);
}

/**
 * Who this process is when leaders are elected: the same after a restart on the same data folder, so that it takes its
 * own Lease back at once instead of waiting until it expires. One process at a time uses a data folder: see lockFolder.
 */
async function processIdentity(dataDir: string): Promise<string> {
  const file = join(dataDir, "identity");
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const identity = `${hostname()}_${randomUUID()}`;
    await writePrivate(file, `${identity}\n`); // whole or not at all: an empty one would be nobody's
    return identity;
  }
}

async function answers(socket: string): Promise<boolean> {
  const connection = connect(socket);
  try {
    await once(connection, "connect");
    return true;
  } catch {
    return false;
  } finally {
    connection.destroy();
  }
}

/**
 * Makes the Engine that `--docker` names the Host "local": undefined stands for the local socket, when something answers
 * there, "none" for none. A Host "local" that is there already is pointed at what `--docker` names, when it names one.
 */
async function registerLocalHost(client: Client, { docker, store }: ServerOptions, log: Log): Promise<void> {
  if (docker === "none" || (docker === undefined && !(await answers(defaultSocket)))) return;
  const endpoint = docker ?? `unix://${defaultSocket}`;
  if (store.type === "etcd" && endpoint.startsWith("unix://")) {
    log.warn(
      'Host "local" is the Engine of whichever server runs the controllers: where servers run on several machines, give each --docker none and declare Hosts with tcp:// endpoints',
      { endpoint },
    );
  }
  try {
    await client.create(hosts, {
      apiVersion: apiVersionOf(hosts),
      kind: hosts.kind,
      metadata: { name: localHost },
      ...{ spec: { docker: { endpoint } } },
    });
    log.info("Registered the local Engine", { host: localHost, endpoint });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    if (docker === undefined) return;
    await client.patch(hosts, { name: localHost }, { type: "merge", body: { spec: { docker: { endpoint } } } });
  }
}
