import { expect, test } from "vitest";
import { secretType } from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { apiVersionOf, groupResource } from "../../crds/meta.ts";
import { credentialsFinalizer } from "../../crds/openstack/external.ts";
import { networks, subnets } from "../../crds/openstack/types.ts";
import { FakeClock, settle } from "../../test/fakes/clock.ts";
import type { Informer, Informers } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import { openstackControllersOnDemand } from "./on-demand.ts";
import { openstackControllers } from "./setup.ts";

type Handler = (old: KubeObject | undefined, next: KubeObject | undefined) => void;

/** Tells of objects when the test says so. */
class ToldInformers implements Informers {
  readonly #kinds = new Map<string, { readonly handlers: Handler[]; readonly objects: KubeObject[] }>();

  for<R extends KubeObject>(type: ResourceType): Informer<R> {
    const { handlers, objects } = this.#kind(type);
    return {
      type,
      synced: Promise.resolve(),
      get: (key) => objects.find((object) => keyOf(object) === key) as R | undefined,
      list: () => objects as R[],
      byIndex: () => [],
      onChange(handler) {
        handlers.push(handler as Handler);
        for (const object of objects) handler(undefined, object as R);
        return { [Symbol.dispose]: () => undefined };
      },
    };
  }

  appear(type: ResourceType, name: string, finalizers: readonly string[] = []): void {
    const { handlers, objects } = this.#kind(type);
    const metadata = { name, namespace: "shop", uid: name, resourceVersion: "1", creationTimestamp: "", finalizers };
    const cloudCredentialsRef = { secretName: "cloud", cloudName: "admin" };
    const object = { apiVersion: apiVersionOf(type), kind: type.kind, metadata, spec: { cloudCredentialsRef } };
    objects.push(object);
    for (const handler of handlers) handler(undefined, object);
  }

  #kind(type: ResourceType) {
    const name = groupResource(type);
    const kind = this.#kinds.get(name) ?? { handlers: [], objects: [] };
    this.#kinds.set(name, kind);
    return kind;
  }
}

const optionsWith = (informers: Informers) => ({
  informers,
  clock: new FakeClock(),
  events: { event: () => undefined },
  client: { updateStatus: unused, patch: unused },
  imageSources: { mayReadFrom: () => false, drivers: { get: () => undefined } },
  resyncMs: 0,
  graceMs: 0,
  random: () => 0,
});

function unused(): never {
  throw new Error("nothing is reconciled here");
}

/** Controllers that were started, what they were woken with, and how often a way to connect was asked for. */
function started() {
  const informers = new ToldInformers();
  const woken: string[] = [];
  let connects = 0;
  const controllers = openstackControllersOnDemand({
    ...optionsWith(informers),
    connect: () => {
      connects++;
      return Promise.resolve(unused);
    },
  });
  const { signal } = new AbortController();
  for (const { name, start } of controllers)
    start((key) => {
      woken.push(`${name} ${key}`);
    }, signal);
  return { informers, woken, connects: () => connects };
}

test("nothing is loaded as long as there is nothing to do", async () => {
  const { informers, connects } = started();
  informers.appear(secretType, "login");
  await settle();
  expect(connects()).toBe(0);
});

test("everything is loaded once, however many objects come at once, and is told of each", async () => {
  const { informers, woken, connects } = started();
  informers.appear(networks, "backend");
  informers.appear(subnets, "web");
  await expect.poll(() => woken).toEqual(["openstack-network shop/backend", "openstack-subnet shop/web"]);
  informers.appear(networks, "later");
  expect(woken.at(-1)).toBe("openstack-network shop/later");
  expect(connects()).toBe(1);
});

test("a Secret that is held from before is let go though there are no objects any more", async () => {
  const { informers, connects } = started();
  informers.appear(secretType, "cloud", [credentialsFinalizer]);
  await expect.poll(connects).toBe(1);
});

test("--controllers knows them by the same names before they are loaded", () => {
  const options = optionsWith(new ToldInformers());
  const named = (controllers: ReturnType<typeof openstackControllers>) =>
    controllers.map(({ name, workers }) => ({ name, workers }));
  expect(named(openstackControllersOnDemand({ ...options, connect: () => Promise.resolve(unused) }))).toEqual(
    named(openstackControllers({ ...options, connect: unused })),
  );
});
