/**
 * What every kind of openstack.stowage.dev keeps, whatever the cloud: after the scenarios that ORC has for each of its
 * kinds, and those of a crash. Source of the list: k-orc, internal/controllers/<kind>/tests.
 */
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { AnyExternal } from "../../../controllers/openstack/actuator.ts";
import { ApiInProcess } from "../../integration/api-in-process.ts";
import type { Files } from "./files.ts";
import { filesOf } from "./files.ts";
import type { KindScenario, Needed } from "./scenario.ts";
import type { CloudUnderTest, StageOptions } from "./stage.ts";
import { actuatorOf, conditionOf, isUp, letsGo, messageOf, patienceOf, recordsId, Stage } from "./stage.ts";

/** What an object is compared with its cloud by, where a scenario waits for that. */
const often = { resyncPeriod: "1s" };

const absentId = "00000000-0000-4000-8000-000000000000";

/** For one's own runs: OPENSTACK_KINDS=Network,Subnet. */
const wanted = process.env["OPENSTACK_KINDS"]?.split(",");

/**
 * Tests the kinds of `scenarios`, which share one API. `openCloud` is called once, before the first test. Each test has a
 * namespace, and leaves nothing in the cloud: they may run in any order, and alone.
 */
export function kindsContract(scenarios: readonly KindScenario[], openCloud: () => Promise<CloudUnderTest>): void {
  let world: World;
  beforeAll(async () => {
    const cloud = await openCloud();
    const api = await ApiInProcess.open();
    world = { api, cloud, files: filesOf(scenarios) };
    return () => api[Symbol.asyncDispose]();
  });
  for (const scenario of scenarios)
    if (wanted?.includes(scenario.kind.type.kind) !== false) kindContract(scenario, () => world);
}

type World = Pick<StageOptions, "api" | "cloud"> & { readonly files: Files };

function kindContract(scenario: KindScenario, worldOf: () => World): void {
  const { kind, needs, minimal, full, fullObserved, updates, refused, filter, dependent, leavesOut = {} } = scenario;
  const unlessLeftOut = (what: keyof typeof leavesOut): typeof test.skip =>
    leavesOut[what] === undefined ? test : test.skip;

  describe(kind.type.kind, () => {
    let count = 0;
    let timeout: number;

    beforeEach(({ task }) => {
      timeout = task.timeout;
    });

    /** A namespace of its own, which is emptied when the test ends. */
    async function open(): Promise<Stage> {
      count++;
      const namespace = `${kind.singular}-${count}`;
      const stage = await Stage.open({ ...worldOf(), namespace, patienceMs: patienceOf({ timeout }) });
      onTestFinished(() => stage[Symbol.asyncDispose](), timeout);
      for (const [name, values] of Object.entries(scenario.secrets ?? {})) await stage.giveSecret(name, values);
      return stage;
    }

    const make = ({ kind: of, name, resource }: Needed, stage: Stage): Promise<AnyExternal> =>
      stage.create(of, name, stage.specOf(of, resource));

    /** The stage with what the kind needs, which need not be there yet. */
    async function openWithNeeds(): Promise<Stage> {
      const stage = await open();
      for (const needed of needs) await make(needed, stage);
      return stage;
    }

    async function makeOne(stage: Stage, name: string, resource: object, more: object = {}): Promise<AnyExternal> {
      await stage.create(kind, name, stage.specOf(kind, resource, more));
      return stage.untilUp(kind, name);
    }

    test("is made with nothing but what is required, and then nothing is left to do", async () => {
      const stage = await openWithNeeds();
      const object = await makeOne(stage, "subject", minimal);
      expect(object.status?.id).toBeTruthy();
      expect(object.status?.creatingSince).toBeUndefined();
      expect(await stage.differences(kind, object)).toEqual([]);
      await stage.delete(kind, "subject");
      await stage.untilGone(kind, "subject");
      expect(await stage.remoteOf(kind, object)).toBeUndefined();
    });

    test("is made with everything, and changed in place", async () => {
      const stage = await openWithNeeds();
      const object = await makeOne(stage, "subject", full);
      expect(object.status?.resource).toMatchObject(fullObserved);
      expect(await stage.differences(kind, object)).toEqual([]);
      for (const { patch, observed } of updates) {
        const { metadata } = await stage.change(kind, "subject", patch);
        const changed = await stage.untilUp(kind, "subject");
        expect(changed.metadata.generation, JSON.stringify(patch)).toBe(metadata.generation);
        expect(changed.status?.id, JSON.stringify(patch)).toBe(object.status?.id);
        expect(changed.status?.resource, JSON.stringify(patch)).toMatchObject(observed);
        expect(await stage.differences(kind, changed), JSON.stringify(patch)).toEqual([]);
      }
    });

    test("what cannot be changed is refused with what to do instead", async () => {
      const stage = await openWithNeeds();
      await stage.create(kind, "subject", stage.specOf(kind, full));
      for (const { patch, message } of refused)
        await expect(stage.change(kind, "subject", patch), JSON.stringify(patch)).rejects.toThrow(message);
      await stage.untilUp(kind, "subject");
    });

    unlessLeftOut("import")("is imported by its id and by a filter, and stays when the import is deleted", async () => {
      const stage = await openWithNeeds();
      const original = await makeOne(stage, "original", full);
      const { id } = original.status ?? {};
      await stage.create(kind, "by-id", stage.importOf({ id }));
      const byId = await stage.untilUp(kind, "by-id");
      expect(byId.status?.id).toBe(id);
      expect(byId.status?.resource).toMatchObject(fullObserved);
      if (filter !== undefined) {
        await stage.create(kind, "by-filter", stage.importOf({ filter: filter.finds }));
        expect((await stage.untilUp(kind, "by-filter")).status?.id).toBe(id);
        await stage.delete(kind, "by-filter");
        await stage.untilGone(kind, "by-filter");
      }
      await stage.delete(kind, "by-id");
      await stage.untilGone(kind, "by-id");
      expect(await stage.remoteOf(kind, original)).toBeDefined();
    });

    unlessLeftOut("import-error")("an import that cannot be says why, and does not go on", async () => {
      const stage = await openWithNeeds();
      const missing = leavesOut["two-alike"] === undefined ? absentId : await unlike(stage);
      await stage.create(kind, "absent", stage.importOf({ id: missing }));
      const absent = await stage.until(
        kind,
        "absent",
        "given up",
        (object) => conditionOf(object, "Progressing")?.status === "False",
      );
      expect(conditionOf(absent, "Progressing")?.reason).toBe("UnrecoverableError");
      expect(messageOf(absent)).toContain(missing);
      expect(conditionOf(absent, "Available")?.status).toBe("False");
      if (filter === undefined || leavesOut["two-alike"] !== undefined) return;
      await makeOne(stage, "first", full);
      await makeOne(stage, "second", full);
      await stage.create(kind, "either", stage.importOf({ filter: filter.finds }));
      const either = await stage.until(
        kind,
        "either",
        "given up",
        (object) => conditionOf(object, "Progressing")?.status === "False",
      );
      expect(conditionOf(either, "Progressing")?.reason).toBe("InvalidConfiguration");
      expect(messageOf(either)).toContain("found more than one matching OpenStack resource during import");
    });

    /** An id of its kind that is gone. */
    async function unlike(stage: Stage): Promise<string> {
      const gone = await makeOne(stage, "short-lived", minimal);
      await stage.delete(kind, "short-lived");
      await stage.untilGone(kind, "short-lived");
      return gone.status?.id ?? absentId;
    }

    if (filter !== undefined)
      unlessLeftOut("import")("an import waits until there is one", async () => {
        const stage = await openWithNeeds();
        const waits = (object: AnyExternal | undefined): boolean =>
          messageOf(object).includes("Waiting for OpenStack resource to be created externally");
        await stage.create(kind, "never", stage.importOf({ filter: filter.findsNothing }, often));
        await stage.create(kind, "later", stage.importOf({ filter: filter.finds }, often));
        const never = await stage.until(kind, "never", "waiting", waits);
        expect(conditionOf(never, "Progressing")).toMatchObject({ status: "True", reason: "Progressing" });
        await stage.until(kind, "later", "waiting", waits);
        const original = await makeOne(stage, "original", full);
        expect((await stage.untilUp(kind, "later")).status?.id).toBe(original.status?.id);
        expect(waits(await stage.get(kind, "never"))).toBe(true);
      });

    if (needs.length > 0) {
      test("waits for what it needs, says so, and goes on at once", async () => {
        const stage = await open();
        const object = await stage.create(kind, "subject", stage.specOf(kind, full));
        const wanted = actuatorOf(kind).references(object.spec);
        const left = new Map(needs.map((needed) => [`${needed.kind.type.kind} "${needed.name}"`, needed]));
        const direct = [...left.keys()].filter((what) =>
          wanted.some(({ type, name }) => what === `${type.kind} "${name}"`),
        );
        while (direct.some((what) => left.has(what))) {
          const named = (message: string): string | undefined =>
            direct.find(
              (what) => message.includes(`${what} (`) && (left.has(what) || !message.includes("to be created")),
            );
          const waiting = await stage.until(
            kind,
            "subject",
            `waiting for one of ${direct.join(", ")}`,
            (now) => named(messageOf(now)) !== undefined,
          );
          expect(conditionOf(waiting, "Progressing")).toMatchObject({ status: "True", reason: "Progressing" });
          const what = named(messageOf(waiting)) ?? "";
          const next = left.get(what) ?? left.values().next().value;
          if (next === undefined) break;
          left.delete(`${next.kind.type.kind} "${next.name}"`);
          await make(next, stage);
        }
        expect(isUp(await stage.get(kind, "subject")) && left.size > 0).toBe(false);
        for (const needed of left.values()) await make(needed, stage);
        await stage.untilUp(kind, "subject");
      });

      test("comes up whatever the order in which all is applied, and goes in any order", async () => {
        const stage = await open();
        await stage.create(kind, "subject", stage.specOf(kind, minimal));
        for (const needed of needs.toReversed()) await make(needed, stage);
        await stage.untilUp(kind, "subject");
        await stage.deleteAll();
      });
    }

    const [drift] = updates;
    if (drift !== undefined)
      unlessLeftOut("resync")("what is changed behind our back is put right", async () => {
        const stage = await openWithNeeds();
        const object = await makeOne(stage, "subject", full, often);
        await stage.drift(kind, object, merged(full, drift.patch) as object);
        for (let last = object; ;) {
          const remote = await stage.remoteOf(kind, last);
          if (remote !== undefined && (await stage.differences(kind, last, remote)).length === 0) {
            expect(actuatorOf(kind).observe(remote)).toMatchObject(fullObserved);
            break;
          }
          const { lastSyncTime } = last.status ?? {};
          last =
            (await stage.until(
              kind,
              "subject",
              "looked at again",
              (now) => isUp(now) && now.status?.lastSyncTime !== lastSyncTime,
            )) ?? last;
        }
      });

    unlessLeftOut("external-deletion")("what is deleted behind our back is made again", async () => {
      const stage = await openWithNeeds();
      for (const { kind: of, name } of needs) await stage.untilUp(of, name);
      const object = await makeOne(stage, "subject", minimal, often);
      await Promise.all(needs.map((needed) => stage.untilUp(needed.kind, needed.name)));
      const before = stage.creations;
      const missed = stage.until(kind, "subject", "found missing", (now) => !isUp(now));
      await Promise.all([missed, stage.remove(kind, object)]);
      const again = await stage.untilUp(kind, "subject");
      expect(await stage.remoteOf(kind, again)).toBeDefined();
      expect(stage.creations).toBe(before + 1);
    });

    if (leavesOut.import === undefined)
      unlessLeftOut("external-deletion")("what was imported and is deleted behind our back is reported", async () => {
        const stage = await openWithNeeds();
        const original = await makeOne(stage, "original", minimal);
        await stage.create(kind, "imported", stage.importOf({ id: original.status?.id }, often));
        await stage.untilUp(kind, "imported");
        await stage.delete(kind, "original");
        await stage.untilGone(kind, "original");
        const lost = await stage.until(
          kind,
          "imported",
          "reported",
          (now) => conditionOf(now, "Progressing")?.reason === "UnrecoverableError",
        );
        expect(messageOf(lost)).toContain("was deleted in the cloud");
        expect(conditionOf(lost, "Available")?.status).toBe("False");
      });

    if (dependent !== undefined)
      test("is not deleted before what uses it", async () => {
        const stage = await openWithNeeds();
        const object = await makeOne(stage, "subject", minimal);
        await make(dependent, stage);
        await stage.untilUp(dependent.kind, dependent.name);
        await stage.delete(kind, "subject");
        const user = `${dependent.kind.type.kind} "${dependent.name}"`;
        const waiting = await stage.until(kind, "subject", `waiting for ${user}`, (now) =>
          messageOf(now).includes(user),
        );
        expect(conditionOf(waiting, "Progressing")).toMatchObject({ status: "True", reason: "Progressing" });
        expect(await stage.remoteOf(kind, object)).toBeDefined();
        await stage.delete(dependent.kind, dependent.name);
        await stage.untilGone(kind, "subject");
        expect(await stage.remoteOf(kind, object)).toBeUndefined();
      });

    if (actuatorOf(kind).resourceOf === undefined)
      test("is left in the cloud where that is asked for", async () => {
        const stage = await openWithNeeds();
        const object = await makeOne(stage, "subject", minimal, { managedOptions: { onDelete: "detach" } });
        await stage.delete(kind, "subject");
        await stage.untilGone(kind, "subject");
        expect(await stage.remoteOf(kind, object)).toBeDefined();
        await stage.remove(kind, object);
      });

    describe("after a kill -9", () => {
      test("what was made and not recorded is adopted, and nothing doubled", async () => {
        const stage = await openWithNeeds();
        await Promise.all(needs.map((needed) => stage.untilUp(needed.kind, needed.name)));
        const before = stage.creations;
        const lost = await stage.killedBefore(recordsId(kind, "subject"), () =>
          stage.create(kind, "subject", stage.specOf(kind, full)),
        );
        expect((await stage.get(kind, "subject"))?.status?.id).toBeUndefined();
        expect(stage.creations).toBe(before + 1);
        stage.start();
        const object = await stage.untilUp(kind, "subject");
        expect(object.status?.id).toBe(lost.status?.id);
        expect(object.status?.resource).toMatchObject(fullObserved);
        expect(stage.creations).toBe(before + 1);
      });

      test("what was made and not recorded is deleted with its object", async () => {
        const stage = await openWithNeeds();
        await Promise.all(needs.map((needed) => stage.untilUp(needed.kind, needed.name)));
        const lost = await stage.killedBefore(recordsId(kind, "subject"), () =>
          stage.create(kind, "subject", stage.specOf(kind, minimal)),
        );
        const object = await stage.get(kind, "subject");
        if (object === undefined) throw new Error("it is gone");
        expect(await stage.remoteOf(kind, object, lost.status?.id)).toBeDefined();
        await stage.delete(kind, "subject");
        stage.start();
        await stage.untilGone(kind, "subject");
        expect(await stage.remoteOf(kind, object, lost.status?.id)).toBeUndefined();
      });

      test("what was deleted and not let go goes", async () => {
        const stage = await openWithNeeds();
        const object = await makeOne(stage, "subject", minimal);
        await stage.killedBefore(letsGo(kind, "subject"), () => stage.delete(kind, "subject"));
        expect(await stage.get(kind, "subject")).toBeDefined();
        expect(await stage.remoteOf(kind, object)).toBeUndefined();
        stage.start();
        await stage.untilGone(kind, "subject");
      });
    });
  });
}

/** A JSON merge patch (RFC 7386). */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, field);
    else result[field] = merged(result[field], value);
  }
  return result;
}
