import { expect, test } from "vitest";
import type { Probe } from "../../../crds/probes.ts";
import type { HostDriver } from "../../../drivers/driver.ts";
import { StepError } from "../../../drivers/driver.ts";
import { FakeClock } from "../../../test/fakes/clock.ts";
import { containerOf, observedOf } from "../../../test/fakes/objects.ts";
import { Prober } from "./prober.ts";

const startedAt = "2026-01-01T00:00:00Z";

/** A container whose program writes so and fails, and what is told of it. */
function world(output: string) {
  const clock = new FakeClock();
  const told: string[] = [];
  const driver: Pick<HostDriver, "exec" | "connect"> = {
    exec: async () => ({ exitCode: 1, output }),
    connect: () => Promise.reject(new Error("nobody asks for a port")),
  };
  const events = { event: (...[, , , message]: readonly [unknown, unknown, unknown, string]) => told.push(message) };
  const prober = new Prober({ clock, events, random: () => 0 });
  const livenessProbe = { exec: { command: ["check"] }, periodSeconds: 1, failureThreshold: 1 } as Partial<Probe>;
  const container = containerOf({ livenessProbe });
  const keep = observedOf(container.spec, { state: "running", startedAt });
  return { clock, told, driver, prober, container, keep };
}

test("what a probe writes is told without what Secrets have, or had while it ran", async () => {
  const { clock, told, driver, prober, container, keep } = world("cannot log in with hunter1 nor hunter2");
  prober.watch(container, keep, driver, ["hunter1"]);
  prober.watch(container, keep, driver, ["hunter2"]);
  await clock.pass(100);
  expect(told).toEqual(["Liveness probe failed: cannot log in with *** nor ***"]);
  expect(prober.watch(container, keep, driver)?.liveness?.message).toBe("cannot log in with *** nor ***");
});

test("a command that takes too long is killed, and while that fails no other is begun", async () => {
  const { clock, told, driver, prober, container, keep } = world("");
  const done: string[] = [];
  let refusals = 2;
  const kill = async (): Promise<void> => {
    done.push("kill");
    if (refusals-- > 0) throw new StepError("ExecError", "Cannot end a command");
  };
  const exec: HostDriver["exec"] = async () => {
    done.push("exec");
    return { exitCode: undefined, output: "", kill };
  };
  const readinessProbe = { exec: { command: ["check"] }, periodSeconds: 1 } as Partial<Probe>;
  const probed = containerOf({ readinessProbe }, { metadata: container.metadata });
  prober.watch(probed, keep, { ...driver, exec });
  await clock.pass(100);
  expect(done).toEqual(["exec", "kill"]);
  await clock.pass(1_000);
  expect(done).toEqual(["exec", "kill", "kill"]);
  expect(told.at(-1)).toBe("Readiness probe failed: the command before has not ended: Cannot end a command");
  await clock.pass(1_000);
  expect(done).toEqual(["exec", "kill", "kill", "kill", "exec", "kill"]);
});

test("probes of one namespace that hang do not keep those of another waiting", async () => {
  const { clock, told, driver, prober } = world("not well");
  const hangs = { ...driver, exec: () => new Promise<never>(() => undefined) };
  const exec: HostDriver["exec"] = (id, ...rest) => (id.startsWith("hangs") ? hangs : driver).exec(id, ...rest);
  const shared = { ...driver, exec };
  const watch = (namespace: string, name: string): void => {
    const livenessProbe = { exec: { command: ["check"] }, periodSeconds: 1, timeoutSeconds: 3600 } as Partial<Probe>;
    const container = containerOf({ livenessProbe }, { metadata: { namespace, name } });
    prober.watch(container, observedOf(container.spec, { id: name, state: "running", startedAt }), shared);
  };
  for (let index = 0; index < 40; index++) watch("one", `hangs-${index}`);
  await clock.pass(100);
  watch("another", "web");
  await clock.pass(2_000);
  expect(told).toContain("Liveness probe failed: not well");
});

test("what runs in spite of a new spec is probed as before, and not at all where nobody knows how that was", async () => {
  const { clock, told, driver, prober, container, keep } = world("no");
  expect(prober.watchAsBefore("default/web", keep, driver)).toBeUndefined();
  await clock.pass(1_000);
  expect(told).toEqual([]);
  prober.watch(container, keep, driver);
  await clock.pass(100);
  expect(prober.watchAsBefore("default/web", keep, driver)?.liveness?.verdict).toBe(false);
});
