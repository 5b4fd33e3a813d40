import { expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { HostFeed } from "../../drivers/host-feed.ts";
import { FakeClock } from "../../test/fakes/clock.ts";
import { containerOf } from "../../test/fakes/objects.ts";
import type { Informers } from "../runtime/reconciler.ts";
import { schedulerController } from "./setup.ts";

type Listener = (old: KubeObject | undefined, next: KubeObject | undefined) => void;

test("what runs again after it had ended, and says by ResizePending that it asks for more, is looked at", () => {
  let change: Listener = () => undefined;
  const informers = {
    for: (type: ResourceType) => ({
      ...{ get: () => undefined, list: () => [], byIndex: () => [] },
      onChange: (listener: Listener) => {
        if (type === containerType) change = listener;
        return { [Symbol.dispose]: () => undefined };
      },
    }),
  } as unknown as Informers;
  const scheduler = schedulerController({
    ...{ informers, feed: new HostFeed(), tenancy: "Shared", clock: new FakeClock() },
    client: { updateStatus: () => Promise.reject(new Error("not used")) },
    events: { event: () => undefined },
  });
  const woken: string[] = [];
  scheduler.start((key) => woken.push(key), new AbortController().signal);

  const asks = { type: "ResizePending", status: "True", reason: "Deferred", message: "" } as const;
  const ended = containerOf({}, { status: { hostName: "a", phase: "Succeeded" } });
  const runs: Container = {
    ...ended,
    status: { hostName: "a", phase: "Running", conditions: [{ ...asks, lastTransitionTime: "2026-01-01T00:00:00Z" }] },
  };
  change(ended, runs);
  expect(woken).toEqual(["default/web"]);
});
