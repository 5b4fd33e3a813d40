/** Whatever is found on a host, plans lead to what is asked, and touch nothing else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { nextFailure } from "../../controllers/container/failure.ts";
import type { Action, Plan, PlanInput } from "../../controllers/container/plan.ts";
import { plan, planRemoval } from "../../controllers/container/plan.ts";
import { statusOf } from "../../controllers/container/status.ts";
import { allocatedOf } from "../../crds/allocation.ts";
import type { Container } from "../../crds/container.ts";
import { ContainerSpec } from "../../crds/container.ts";
import { hasEnded } from "../../crds/disruption.ts";
import { inPlace } from "../../drivers/docker/translate.ts";
import type { Observed } from "../../drivers/driver.ts";
import { specHash } from "../../drivers/spec-hash.ts";
import { containerOf, observedOf } from "../fakes/objects.ts";

const now = new Date("2026-01-01T00:01:00Z");

const specs = fc
  .record({
    image: fc.constantFrom("web:1", "web:2", "web"),
    args: fc.constantFrom([], ["a"]),
    restartPolicy: fc.constantFrom("Always", "OnFailure", "Never"),
    runState: fc.constantFrom("Running", "Stopped", "Paused"),
    imagePullPolicy: fc.constantFrom("Always", "IfNotPresent", undefined),
    resources: fc.constantFrom({}, { limits: { cpu: "500m" } }),
  })
  .map((fields) => ContainerSpec.parse(fields));

const states = fc.constantFrom("created", "running", "paused", "restarting", "exited", "removing", "dead");

const observations = fc.array(
  fc
    .record({
      spec: specs,
      state: states,
      exitCode: fc.constantFrom(0, 1),
      uid: fc.constantFrom("uid-of-web", "another"),
      startedAt: fc.constantFrom("2026-01-01T00:00:10Z", "2026-01-01T00:00:11Z"),
    })
    .map(({ spec, state, exitCode, uid, startedAt }) =>
      observedOf(spec, {
        state,
        uid,
        ...(state === "created" ? {} : { startedAt }),
        ...(state === "exited" || state === "restarting" ? { exitCode } : {}),
      }),
    ),
  { maxLength: 4 },
);

/** What any of the specs asks for. */
const allocatedResources = { cpu: "500m" };

const inputs = fc
  .record({
    spec: specs,
    phase: fc.constantFrom("Pending", "Running", "Succeeded", "Failed", "Stopped", "Paused", "Unknown", undefined),
    observed: observations.map((all) => all.map((one, index) => ({ ...one, id: `id${index}` }))),
    imagePresent: fc.boolean(),
  })
  .map(({ spec, phase, observed, imagePresent }) =>
    inputOf(
      containerOf(spec, phase === undefined ? {} : { status: { phase, allocatedResources } }),
      observed,
      imagePresent,
    ),
  );

function inputOf(container: Container, observed: readonly Observed[], imagePresent: boolean): PlanInput {
  const wanted = { specHash: specHash(container.spec), inPlace: inPlace(container.spec) };
  return {
    container,
    observed,
    wanted,
    missingImages: new Set(imagePresent ? [] : [container.spec.image]),
    failure: undefined,
    now,
  };
}

/** A host that does as it is told. */
function perform(observed: readonly Observed[], step: Action): readonly Observed[] {
  const change = (id: string, fields: Partial<Observed>): readonly Observed[] =>
    observed.map((one) => (one.id === id ? { ...one, ...fields } : one));
  const began = { startedAt: "2026-01-01T00:00:59Z" };
  switch (step.do) {
    case "pull":
    case "preStop":
    case "postStart":
    case "prepare":
    case "write":
      return observed;
    case "create":
      return [
        ...observed,
        observedOf(step.container.spec, { id: `new${observed.length}`, state: step.start ? "running" : "created" }),
      ];
    case "start":
    case "unpause":
      return change(step.id, { state: "running", ...(step.do === "start" ? began : {}) });
    case "stop":
      return change(step.id, { state: "exited", exitCode: 0 });
    case "pause":
      return change(step.id, { state: "paused" });
    case "remove":
      return observed.filter((one) => one.id !== step.id);
    case "update":
      return change(step.id, { inPlace: step.to });
  }
}

/** What waits for its next run gets it. */
const pass = (one: Observed): Observed => (one.state === "restarting" ? { ...one, state: "running" } : one);

const idsOf = (steps: readonly Action[]): readonly string[] => steps.flatMap((step) => ("id" in step ? [step.id] : []));

test("plans come to an end within three rounds, and then stay empty", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      // What a host is removing is gone some day.
      let observed: readonly Observed[] = input.observed.filter((one) => one.state !== "removing");
      let { container } = input;
      let made: Plan | undefined;
      for (let round = 0; round < 4; round++) {
        made = plan(inputOf(container, observed, true));
        if (made.steps.length === 0) break;
        observed = made.steps.reduce(perform, observed);
      }
      expect(made?.steps).toEqual([]);
      // What is then written down changes nothing about that.
      const status = statusOf({
        container,
        generation: 1,
        keep: made?.keep,
        before: undefined,
        problem: undefined,
        now,
      });
      container = { ...container, status };
      expect(plan(inputOf(container, observed, true)).steps).toEqual([]);
      expect(
        statusOf({ container, generation: 1, keep: made?.keep, before: undefined, problem: undefined, now }),
      ).toEqual(status);
    }),
    { numRuns: 2000 },
  );
});

test("what should run does, unless it has ended; what should not does not", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      let observed: readonly Observed[] = input.observed.filter((one) => one.state !== "removing");
      for (let round = 0; round < 4; round++) {
        observed = plan(inputOf(input.container, observed, true))
          .steps.reduce(perform, observed)
          .map(pass);
      }
      const { keep } = plan(inputOf(input.container, observed, true));
      const { phase } = statusOf({
        container: input.container,
        generation: 1,
        keep,
        before: undefined,
        problem: undefined,
        now,
      });
      const { runState, restartPolicy } = input.container.spec;
      const ends = restartPolicy === "Always" ? [] : ["Succeeded", "Failed"];
      expect([runState, ...ends]).toContain(phase);
      expect(observed.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2000 },
  );
});

test("without room on its Host nothing is made from the spec, and what has ended does not run", () => {
  const amountsOf = ({ inPlace: { restartPolicy: _policy, ...amounts } }: Observed): object => amounts;
  fc.assert(
    fc.property(inputs, (input) => {
      const { phase } = input.container.status ?? {};
      const spec = { ...input.container.spec, resources: { requests: { cpu: "1" } } };
      const before = hasEnded(input.container) ? {} : { allocatedResources };
      let container: Container = {
        ...input.container,
        spec,
        status: { ...(phase && { phase }), observedGeneration: 0, ...before },
      };
      const found = new Map(input.observed.map((one) => [one.id, amountsOf(one)]));
      let observed: readonly Observed[] = input.observed.filter((one) => one.state !== "removing");
      for (let round = 0; round < 4; round++) {
        const { steps, keep, problem } = plan(inputOf(container, observed, true));
        expect(steps.filter((step) => step.do === "create")).toEqual([]);
        const isLive = keep?.state === "running" || keep?.state === "restarting" || keep?.state === "paused";
        if (hasEnded(container) && !isLive) expect(steps.filter((step) => step.do === "start")).toEqual([]);
        observed = steps.reduce(perform, observed);
        for (const one of observed) expect(amountsOf(one)).toEqual(found.get(one.id));
        container = {
          ...container,
          status: statusOf({ container, generation: 1, keep, before: undefined, problem, now }),
        };
        expect(allocatedOf(container).milliCpu).toBeLessThan(1000);
      }
    }),
    { numRuns: 2000 },
  );
});

test("what is to be stopped is neither created nor started", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const spec = { ...input.container.spec, runState: "Stopped" as const };
      const { steps } = plan({ ...input, container: { ...input.container, spec } });
      expect(
        steps.map((step) => step.do).filter((what) => ["pull", "create", "start", "unpause"].includes(what)),
      ).toEqual([]);
    }),
  );
});

test("a plan names no container that it was not shown, and removes none that is kept as it is", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const known = input.observed.map(({ id }) => id);
      const made = plan(input);
      for (const id of idsOf(made.steps)) expect(known).toContain(id);
      for (const id of idsOf(planRemoval(input.container.spec, input.observed, "test"))) expect(known).toContain(id);
      if (made.replacing.length === 0)
        expect(made.steps).not.toContainEqual(expect.objectContaining({ do: "remove", id: made.keep?.id }));
    }),
  );
});

test("nothing that runs is taken away before the image that replaces it is there", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const made = plan(input);
      const pull = made.steps.findIndex((step) => step.do === "pull");
      const stop = made.steps.findIndex((step) => "id" in step && step.id === made.keep?.id);
      if (pull >= 0 && stop >= 0) expect(pull).toBeLessThan(stop);
    }),
  );
});

test("removal leaves nothing", () => {
  fc.assert(
    fc.property(inputs, ({ container, observed }) => {
      const left = planRemoval(container.spec, observed, "test").reduce(perform, observed);
      expect(left.filter((one) => one.state !== "removing")).toEqual([]);
    }),
  );
});

test("retries come ever later, and at least every five minutes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), (times) => {
      let failure = nextFailure(undefined, { reason: "StartError", message: "no" }, 1, now);
      for (let time = 1; time < times; time++) {
        const next = nextFailure(failure, { reason: "StartError", message: "no" }, 1, now);
        expect(next.retryAt.getTime()).toBeGreaterThanOrEqual(failure.retryAt.getTime());
        failure = next;
      }
      expect(failure.retryAt.getTime() - now.getTime()).toBeLessThanOrEqual(300_000);
    }),
  );
});
