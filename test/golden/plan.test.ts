/** Whole plans, as people read them: plan/<case>.input.yaml -> plan/<case>.output.txt. UPDATE_GOLDEN=1 writes them. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { plan } from "../../controllers/container/plan.ts";
import type { Action, Plan, Wanted } from "../../controllers/container/plan.ts";
import type { ContainerStatus } from "../../crds/container.ts";
import { ContainerSpec } from "../../crds/container.ts";
import { inPlace } from "../../drivers/docker/translate.ts";
import type { Observed, StepErrorReason } from "../../drivers/driver.ts";
import { specHash } from "../../drivers/spec-hash.ts";
import { containerOf, observedOf } from "../fakes/objects.ts";

interface Input {
  readonly why: string;
  readonly spec: object;
  readonly status?: ContainerStatus;
  /** `from`: how the spec that it was made from differed. */
  readonly observed?: readonly (Partial<Observed> & Pick<Observed, "state"> & { readonly from?: object })[];
  readonly imagePresent?: boolean;
  /** Digest that the tag stands for by now. */
  readonly movedTo?: string;
  readonly wanted?: Pick<Wanted, "config" | "files" | "missing">;
  /** What the volumes of the container that is kept hold. */
  readonly files?: Readonly<Record<string, string>>;
  readonly failure?: {
    readonly reason: StepErrorReason;
    readonly message: string;
    readonly retryInSeconds: number;
    readonly generation?: number;
  };
}

const folder = join(import.meta.dirname, "plan");
const now = new Date("2026-01-01T00:01:00Z");

const cases = readdirSync(folder)
  .filter((file) => file.endsWith(".input.yaml"))
  .map((file) => {
    const name = file.replace(".input.yaml", "");
    return { name, input: parse(readFileSync(join(folder, file), "utf8")) as Input };
  })
  .map(({ name, input }) => ({ name, input, why: input.why }));

test.each(cases)("$name: $why", ({ name, input }) => {
  const output = join(folder, `${name}.output.txt`);
  const text = render(planOf(input));
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(output, text);
  expect(text).toBe(readFileSync(output, "utf8"));
});

function planOf(input: Input): Plan {
  const { spec, status, observed = [], imagePresent = true, movedTo, failure, wanted, files } = input;
  const container = containerOf(spec, status === undefined ? {} : { status });
  return plan({
    container,
    observed: observed.map(({ from, ...fields }) => {
      const madeFrom = ContainerSpec.parse({ ...container.spec, ...from });
      return observedOf(madeFrom, { ...fields, inPlace: { ...inPlace(madeFrom), ...fields.inPlace } });
    }),
    wanted: { specHash: specHash(container.spec), inPlace: inPlace(container.spec), ...wanted },
    missingImages: new Set(imagePresent ? [] : [container.spec.image]),
    movedTo,
    ...(files === undefined ? {} : { files }),
    failure: failure && {
      generation: failure.generation ?? container.metadata.generation,
      count: 1,
      problem: { reason: failure.reason, summary: failure.reason, message: failure.message },
      retryAt: new Date(now.getTime() + failure.retryInSeconds * 1000),
    },
    now,
  });
}

function render(made: Plan): string {
  const lines = [
    ...(made.replacing.length === 0 ? [] : [`replaces because of: ${made.replacing.join(", ")}`]),
    ...(made.why === undefined || made.replacing.length > 0 ? [] : [`replaces: ${made.why}`]),
    ...(made.updating.length === 0 ? [] : [`updates: ${made.updating.join(", ")}`]),
    ...made.steps.map(renderStep),
    ...(made.steps.length === 0 ? ["nothing to do"] : []),
    ...(made.problem === undefined ? [] : [`problem: ${made.problem.summary}: ${made.problem.message}`]),
    ...(made.retryAfterMs === undefined ? [] : [`looks again after ${made.retryAfterMs / 1000} s`]),
  ];
  return `${lines.join("\n")}\n`;
}

function renderStep(step: Action): string {
  switch (step.do) {
    case "pull":
      return `pull ${step.image}${step.always ? ", even if it is there" : ""}`;
    case "prepare":
      return "prepare volumes";
    case "write":
      return `write the files of ${step.volumes.join(", ")} of ${step.id}`;
    case "create":
      if (step.initContainer !== undefined) return `create and start init container ${step.initContainer}`;
      return `create${step.start ? " and start" : ""}, image ${step.container.spec.image}`;
    case "stop":
      return `stop ${step.id}, ${step.graceSeconds} s of grace`;
    case "remove":
      return `remove ${[step.id, ...(step.volumes ?? [])].join(", ")}: ${step.why}`;
    case "update":
      return `update ${step.id}, restartPolicy ${step.to.restartPolicy}`;
    case "preStop":
      return `run preStop in ${step.id}, within ${step.graceSeconds} s`;
    case "postStart":
      return `run postStart in ${step.id}`;
    case "start":
    case "pause":
    case "unpause":
      return `${step.do} ${step.id}`;
  }
}
