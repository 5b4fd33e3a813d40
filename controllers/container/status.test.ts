import { describe, expect, test } from "vitest";
import type { ContainerStatus } from "../../crds/container.ts";
import { containerOf, observedOf } from "../../test/fakes/objects.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Sight } from "./status.ts";
import { formatProgress, statusOf, unknownStatus } from "./status.ts";

const now = new Date("2026-01-01T00:01:00Z");
const { spec } = containerOf();

function look(fields: Partial<Sight>): ContainerStatus {
  return statusOf({
    container: containerOf(),
    generation: 1,
    keep: undefined,
    before: undefined,
    problem: undefined,
    now,
    ...fields,
  });
}

const running = look({ keep: observedOf(spec, { state: "running" }) });
const pullFailed = { reason: "ErrImagePull", summary: "ErrImagePull", message: "no such tag" } as const;

describe("what get shows", () => {
  test.each([
    ["nothing on the host yet", {}, undefined, "Pending", "ContainerCreating"],
    ["it runs", {}, observedOf(spec, { state: "running" }), "Running", "Running"],
    ["its first restarts", {}, observedOf(spec, { state: "restarting", exitCode: 1, restarts: 1 }), "Running", "Error"],
    [
      "it restarts again and again",
      {},
      observedOf(spec, { state: "restarting", exitCode: 1, restarts: 5 }),
      "Running",
      "CrashLoopBackOff",
    ],
    [
      "a task that succeeded",
      { restartPolicy: "Never" },
      observedOf(spec, { state: "exited" }),
      "Succeeded",
      "Completed",
    ],
    [
      "a task that failed",
      { restartPolicy: "Never" },
      observedOf(spec, { state: "exited", exitCode: 2 }),
      "Failed",
      "Error",
    ],
    [
      "a task that took too much memory",
      { restartPolicy: "Never" },
      observedOf(spec, { state: "exited", exitCode: 137, oomKilled: true }),
      "Failed",
      "OOMKilled",
    ],
    ["it is stopped", { runState: "Stopped" }, observedOf(spec, { state: "exited" }), "Stopped", "Stopped"],
    ["it is paused", { runState: "Paused" }, observedOf(spec, { state: "paused" }), "Paused", "Paused"],
  ])("%s", (_, fields, keep, phase, summary) => {
    expect(look({ container: containerOf(fields), keep })).toMatchObject({ phase, summary });
  });

  test("a problem in place of what would be normal", () => {
    expect(look({ problem: pullFailed })).toMatchObject({
      phase: "Pending",
      summary: "ErrImagePull",
      message: "no such tag",
    });
  });
});

describe("Ready", () => {
  const ready = (status: ContainerStatus) => findCondition(status.conditions, "Ready");

  test("is True for what runs, and for nothing else", () => {
    expect(ready(running)).toMatchObject({ status: "True", reason: "Running", observedGeneration: 1 });
    expect(ready(look({ keep: observedOf(spec, { state: "restarting" }) }))?.status).toBe("False");
  });

  test("is False with reason Completed once a task is done", () => {
    const container = containerOf({ restartPolicy: "Never" });
    const done = look({ container, keep: observedOf(spec, { state: "exited" }) });
    expect(ready(done)).toMatchObject({ status: "False", reason: "Completed" });
  });

  test("stays what it was for the spec before while the new one cannot be had, so that nobody waits it out too soon", () => {
    const container = containerOf({ image: "web:2" }, { status: running, metadata: { generation: 2 } });
    const status = look({
      container,
      generation: 2,
      keep: observedOf(spec, { state: "running" }),
      problem: pullFailed,
    });
    expect(status).toMatchObject({ phase: "Running", summary: "ErrImagePull", observedGeneration: 2 });
    expect(ready(status)).toMatchObject({ status: "True", observedGeneration: 1 });
    expect(findCondition(status.conditions, "ImageReady")).toMatchObject({ status: "False", observedGeneration: 2 });
  });
});

describe("runs", () => {
  const again = { startedAt: "2026-01-01T00:00:30Z" };

  test("what was killed and started again counts, and how it ended is kept", () => {
    const before = observedOf(spec, { state: "exited", exitCode: 137 });
    const keep = observedOf(spec, { state: "running", ...again });
    const status = look({ container: containerOf({}, { status: running }), before, keep });
    expect(status).toMatchObject({
      restartCount: 1,
      startedAt: again.startedAt,
      lastState: { exitCode: 137, reason: "Error", startedAt: running.startedAt, finishedAt: before.finishedAt },
    });
    expect(status).not.toHaveProperty("exitCode");
  });

  test("what Docker restarted while nobody looked counts as often as Docker says", () => {
    const keep = observedOf(spec, { state: "running", restarts: 4, ...again });
    expect(look({ container: containerOf({}, { status: running }), keep }).restartCount).toBe(4);
  });

  test("never counts down, although Docker begins anew at each start by hand", () => {
    const container = containerOf({}, { status: { ...running, restartCount: 9 } });
    expect(look({ container, keep: observedOf(spec, { state: "running" }) }).restartCount).toBe(9);
    expect(look({ container, keep: observedOf(spec, { state: "running", ...again }) }).restartCount).toBe(10);
  });

  test("a container that vanished and came again", () => {
    const keep = observedOf(spec, { id: "b", state: "running", ...again });
    expect(look({ container: containerOf({}, { status: running }), keep })).toMatchObject({
      containerID: "docker://b",
      restartCount: 1,
      lastState: { containerID: "docker://a", reason: "ContainerGone" },
    });
  });

  test("one that vanished while it was to be stopped is history, too", () => {
    const container = containerOf({ runState: "Stopped" }, { status: running });
    const status = look({ container, keep: undefined });
    expect(status).toMatchObject({
      phase: "Stopped",
      lastState: { containerID: "docker://a", reason: "ContainerGone" },
    });
    expect(status).not.toHaveProperty("containerID");
  });

  test("a replaced container is named, and the new one is no restart", () => {
    const old = observedOf(spec, { state: "running" });
    const activity = { reason: "Replacing", message: "image changed" } as const;
    const replacing = look({ container: containerOf({}, { status: running }), keep: old, before: old, activity });
    expect(replacing).toMatchObject({
      phase: "Pending",
      summary: "Replacing",
      message: "image changed",
      lastState: { containerID: "docker://a", reason: "Replaced" },
    });
    expect(replacing).not.toHaveProperty("containerID");
    const keep = observedOf(spec, { id: "b", state: "running", ...again });
    const replaced = look({ container: containerOf({}, { status: replacing }), before: old, keep });
    expect(replaced).toMatchObject({ restartCount: 0, lastState: { reason: "Replaced" } });
  });

  test("a task whose container was pruned stays as it ended", () => {
    const task = { restartPolicy: "Never" };
    const keep = observedOf(spec, { state: "exited", exitCode: 3 });
    const status = look({ container: containerOf(task), keep });
    expect(look({ container: containerOf(task, { status }) })).toEqual(status);
  });

  test("a task that vanished while it ran has failed, and says what to do", () => {
    const status = look({ container: containerOf({ restartPolicy: "Never" }, { status: running }) });
    expect(status).toMatchObject({ phase: "Failed", summary: "ContainerGone" });
    expect(status.message).toContain("apply it again");
  });
});

describe("what is set aside on its Host", () => {
  const task = containerOf(
    { restartPolicy: "Never", resources: { requests: { memory: "1Gi" } } },
    {
      status: {
        ...{ phase: "Running", hostName: "a", observedGeneration: 1 },
        allocatedResources: { memory: "1Gi" },
      },
    },
  );
  const given = { cpuset: "0", devices: [{ name: "vendor.example/gpu", ids: ["0"], paths: [] }] };
  const full = { ...task, status: { ...task.status, ...given } };
  const ended = observedOf(task.spec, { state: "exited", exitCode: 0 });
  const waits = { reason: "ResizePending", summary: "ResizePending", message: "" } as const;

  test("is given back once it has ended, and not while another run is made ready", () => {
    const over = look({ container: full, keep: ended });
    expect(over).toMatchObject({ phase: "Succeeded", hostName: "a" });
    for (const field of ["allocatedResources", "cpuset", "devices"]) expect(over).not.toHaveProperty(field);
    const activity = { reason: "Pulling", message: "" } as const;
    expect(look({ container: full, keep: ended, activity })).toMatchObject(given);
    expect(look({ container: full, keep: ended, problem: pullFailed })).toMatchObject(given);
    expect(look({ container: full, keep: observedOf(task.spec, { state: "running" }) })).toMatchObject(given);
  });

  test("is asked for with the first word of a spec that it does not cover, and the answer stays", () => {
    const more = { ...task, spec: containerOf({ resources: { requests: { memory: "2Gi" } } }).spec };
    const keep = observedOf(task.spec, { state: "running" });
    const asked = look({ container: more, keep, problem: waits });
    expect(findCondition(asked.conditions, "ResizePending")).toMatchObject({ status: "True", reason: "Deferred" });
    const conditions = (asked.conditions ?? []).map((one) =>
      one.type === "ResizePending" ? { ...one, reason: "Infeasible", message: "no" } : one,
    );
    const answered = look({ container: { ...more, status: { ...asked, conditions } }, keep, problem: waits });
    expect(findCondition(answered.conditions, "ResizePending")).toMatchObject({ reason: "Infeasible", message: "no" });
    const back = look({ container: { ...task, status: answered }, keep });
    expect(findCondition(back.conditions, "ResizePending")).toBeUndefined();
  });

  test("while a task waits for it to run again, it has ended", () => {
    const again = { ...task, status: { phase: "Succeeded", hostName: "a", observedGeneration: 0 } } as const;
    const status = look({ container: again, keep: ended, problem: waits });
    expect(status).toMatchObject({ phase: "Succeeded", summary: "ResizePending" });
    expect(findCondition(status.conditions, "ResizePending")?.status).toBe("True");
    const always = { ...again, spec: containerOf({ resources: { requests: { memory: "1Gi" } } }).spec };
    expect(look({ container: always, keep: ended, problem: waits }).phase).toBe("Succeeded");
  });
});

describe("a host that does not answer", () => {
  const away = (status: ContainerStatus, metadata: object = {}): ContainerStatus =>
    unknownStatus(containerOf({}, { status, metadata }), "HostUnreachable", "gone", now);

  test("leaves unknown what ran", () => {
    const status = away(running);
    expect(status).toMatchObject({ phase: "Unknown", summary: "Unknown", containerID: "docker://a" });
    expect(findCondition(status.conditions, "Ready")).toMatchObject({ status: "Unknown", reason: "HostUnreachable" });
    expect(away(status)).toEqual(status);
  });

  test.each(["Succeeded", "Failed", "Stopped"] as const)("changes nothing about what %s", (phase) => {
    const status = { ...running, phase };
    expect(away(status)).toBe(status);
  });

  test("is why a deleted Container is still there", () => {
    const status = away({ phase: "Succeeded" }, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(status).toMatchObject({ phase: "Succeeded", summary: "Terminating", message: "gone" });
  });
});

test.each([
  [{ current: 3_100_000, total: 6_900_000 }, "44 % (3.1 of 6.9 MB)"],
  [{ current: 3_100_000, total: 0 }, "3.1 MB"],
])("%j reads %s", (progress, text) => {
  expect(formatProgress(progress)).toBe(text);
});

describe("what it had and no longer asks for", () => {
  const keep = observedOf(spec, { state: "running" });
  const releasing = { allocatedResources: { memory: "4Gi" } };
  const container = containerOf({}, { status: { hostName: "a", phase: "Running", releasing } });

  test("is for others once nothing on its Host was made with it", () => {
    expect(look({ container, keep, released: true })).not.toHaveProperty("releasing");
  });

  test("stays its own until then", () => {
    expect(look({ container, keep })).toMatchObject({ releasing });
    expect(look({ container, keep, problem: pullFailed })).toMatchObject({ releasing });
  });
});

describe("what runs in spite of a new spec", () => {
  const keep = observedOf(spec, { state: "running" });
  const { status } = { status: look({ keep }) };
  const lifecycle = { postStart: { exec: { command: ["true"] } } };
  const probe = { exec: { command: ["true"] } };
  const container = containerOf({ image: "web:2", lifecycle, livenessProbe: probe }, { status });
  const problem = { reason: "ResizePending", summary: "ResizePending", message: "Waits for room" } as const;

  test("is as ready as it was, whatever that asks of its health", () => {
    const shown = look({ container, keep, problem, outlives: true });
    expect(findCondition(shown.conditions, "Ready")?.status).toBe("True");
    expect(findCondition(shown.conditions, "Healthy")).toBeUndefined();
  });

  test("is not ready any more where its own probe says so", () => {
    const readiness = { verdict: false, last: false, inRow: 1, message: "no" };
    const verdict = { startedAt: keep.startedAt ?? "", readiness };
    const shown = look({ container, keep, problem, verdict, outlives: true });
    expect(findCondition(shown.conditions, "Ready")).toMatchObject({
      status: "False",
      reason: "ReadinessProbeFailing",
    });
  });
});

test("what has ended and is being replaced is to run, should the container go and nothing be made", () => {
  const task = containerOf({ restartPolicy: "Never" });
  const ended = observedOf(task.spec, { state: "exited", exitCode: 0 });
  const status = look({ container: task, keep: ended });
  expect(status.phase).toBe("Succeeded");
  const activity = { reason: "Replacing", message: "image changed" } as const;
  const container = containerOf({ restartPolicy: "Never", image: "web:2" }, { status });
  const shown = look({ container, keep: ended, before: ended, activity });
  expect(shown).toMatchObject({ phase: "Pending", summary: "Replacing", lastState: { exitCode: 0 } });
  expect(look({ container: { ...container, status: shown }, keep: undefined }).phase).toBe("Pending");
});
