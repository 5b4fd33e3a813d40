/** From what the controllers would do to what a plan says. Pure. */
import type { Action, Plan } from "../../../controllers/container/plan.ts";
import { initSpec } from "../../../crds/container.ts";
import type { Action as PlannedAction, PlannedContainer, PlannedStep } from "../../../crds/plan.ts";

export function described(made: Plan): Pick<PlannedContainer, "action" | "steps"> & Partial<PlannedContainer> {
  const { replacing, problem } = made;
  const written = made.steps.flatMap((step) => (step.do === "write" ? step.volumes : []));
  const updating = [...made.updating, ...written.map((volume) => `files of volume ${volume}`)];
  return {
    action: actionOf(made),
    ...(replacing.length === 0 ? {} : { replacing: [...replacing] }),
    ...(updating.length === 0 ? {} : { updating }),
    ...(problem === undefined ? {} : { message: problem.message }),
    steps: made.steps.map(plannedStep),
  };
}

/** The first of these that is among the steps says what it comes to. */
const byStep: readonly (readonly [Action["do"], PlannedAction])[] = [
  ["update", "Update"],
  ["write", "Update"],
  ["start", "Start"],
  ["unpause", "Unpause"],
  ["pause", "Pause"],
  ["stop", "Stop"],
  ["remove", "Delete"],
];

function actionOf({ steps, keep, problem }: Plan): PlannedAction {
  const does = (what: Action["do"]): boolean => steps.some((step) => step.do === what);
  if (does("create")) return keep === undefined ? "Create" : "Replace";
  if (problem !== undefined) return "Blocked";
  return byStep.find(([what]) => does(what))?.[1] ?? "None";
}

/** Without the spec: values of env may be secret. */
export function plannedStep(step: Action): PlannedStep {
  switch (step.do) {
    case "pull":
      return { do: step.do, image: step.image };
    case "prepare":
      return { do: step.do };
    case "create": {
      const { initContainer, container } = step;
      const init = container.spec.initContainers?.find(({ name }) => name === initContainer);
      if (init === undefined) return { do: step.do, image: container.spec.image };
      return { do: step.do, image: initSpec(container.spec, init).image, initContainer: init.name };
    }
    case "write":
      return { do: step.do, id: step.id, volumes: [...step.volumes] };
    case "remove":
      return { do: step.do, id: step.id, why: step.why };
    case "start":
    case "stop":
    case "pause":
    case "unpause":
    case "update":
    case "preStop":
    case "postStart":
      return { do: step.do, id: step.id };
  }
}
