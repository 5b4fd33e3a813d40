/** What would happen, for people. Pure. */
import { styleText } from "node:util";
import type { Action, PlannedContainer, PlannedObject, PlannedStep, PlanStatus } from "../crds/plan.ts";

interface Look {
  readonly symbol: string;
  readonly colour: "green" | "red" | "yellow" | "cyan";
  readonly verb: string;
  /** As the summary counts them: `2 to create`. */
  readonly counted: string;
}

const looks: Readonly<Record<Exclude<Action, "None">, Look>> = {
  Create: { symbol: "+", colour: "green", verb: "create", counted: "to create" },
  Replace: { symbol: "-/+", colour: "yellow", verb: "replace", counted: "to replace" },
  Move: { symbol: ">", colour: "yellow", verb: "move", counted: "to move" },
  Update: { symbol: "~", colour: "yellow", verb: "update in place", counted: "to update in place" },
  Start: { symbol: "~", colour: "yellow", verb: "start", counted: "to start" },
  Stop: { symbol: "~", colour: "yellow", verb: "stop", counted: "to stop" },
  Pause: { symbol: "~", colour: "yellow", verb: "pause", counted: "to pause" },
  Unpause: { symbol: "~", colour: "yellow", verb: "unpause", counted: "to unpause" },
  Delete: { symbol: "-", colour: "red", verb: "delete", counted: "to delete" },
  Unschedulable: { symbol: "!", colour: "red", verb: "cannot place", counted: "without a Host" },
  Blocked: { symbol: "!", colour: "red", verb: "cannot do", counted: "blocked" },
  Unknown: { symbol: "?", colour: "cyan", verb: "cannot tell about", counted: "unknown" },
};

export interface ViewOptions {
  readonly colour: boolean;
}

/** Ends with a line break. */
export function renderPlan({ objects, containers }: PlanStatus, { colour }: ViewOptions): string {
  const told = containers.filter(({ action, message }) => action !== "None" || message !== undefined);
  const byHost = Map.groupBy(told, ({ hostName }) => hostName ?? "");
  const hosts = [...byHost.keys()].sort();
  const blocks = hosts.flatMap((host) => [
    host === "" ? "No Host" : `Host ${host}`,
    ...(byHost.get(host) ?? []).flatMap((container) => linesOf(container, colour)),
    "",
  ]);
  return `${[...blocks, objectsLine(objects), summaryLine(containers)].join("\n")}\n`;
}

function linesOf(container: PlannedContainer, colour: boolean): readonly string[] {
  const { namespace, name, action, replacing = [], updating = [], toHostName, message, steps } = container;
  const what = `${namespace}/${name}${toHostName === undefined ? "" : ` to Host ${toHostName}`}`;
  if (action === "None") return [`    ${what}: ${message ?? ""}`];
  const look = looks[action];
  const symbol = colour
    ? styleText(look.colour, look.symbol.padStart(3), { validateStream: false })
    : look.symbol.padStart(3);
  const why = [
    ...(replacing.length === 0 ? [] : [`forced by: ${replacing.join(", ")}`]),
    ...updating,
    ...(message === undefined ? [] : [message]),
  ];
  return [
    `${symbol} ${look.verb} ${what}${why.length === 0 ? "" : `: ${why.join("; ")}`}`,
    ...steps.map((step) => `      ${stepLine(step)}`),
  ];
}

/** As `docker ps` shows ids. */
const short = (id = ""): string => id.slice(0, 12);

function stepLine({ do: what, image = "", initContainer, volumes = [], id, why }: PlannedStep): string {
  if (what === "pull") return `pull ${image}`;
  if (what === "create")
    return initContainer === undefined ? `create from ${image}` : `run init container ${initContainer} from ${image}`;
  if (what === "prepare") return "prepare volumes";
  if (what === "write") return `replace the files of ${volumes.join(", ")}`;
  return `${what} ${short(id)}${why === undefined ? "" : `: ${why}`}`;
}

function objectsLine(objects: readonly PlannedObject[]): string {
  const counts = (["Created", "Changed", "Deleted", "Unchanged"] as const)
    .map((change) => [change, objects.filter((object) => object.change === change).length] as const)
    .filter(([, count]) => count > 0)
    .map(([change, count]) => `${count} ${change.toLowerCase()}`);
  return `Objects: ${counts.length === 0 ? "none" : counts.join(", ")}`;
}

function summaryLine(containers: readonly PlannedContainer[]): string {
  const counts = (Object.keys(looks) as (keyof typeof looks)[])
    .map((action) => [looks[action].counted, containers.filter((one) => one.action === action).length] as const)
    .filter(([, count]) => count > 0)
    .map(([counted, count]) => `${count} ${counted}`);
  return `Plan: ${counts.length === 0 ? "nothing to do on any Host" : counts.join(", ")}`;
}
