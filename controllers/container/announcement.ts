/** What people are told of a step, in kubelet's words. Source: kubernetes/pkg/kubelet/events/event.go. */
import type { ContainerStatus } from "../../crds/container.ts";
import type { Action, Plan } from "./plan.ts";

export interface Announcement {
  readonly reason: string;
  readonly message: string;
}

/** What is told before a step that takes its time. */
export function announceBefore(step: Action): Announcement | undefined {
  if (step.do === "pull") return { reason: "Pulling", message: `Pulling image "${step.image}"` };
  if (step.do === "stop") return { reason: "Killing", message: `Stopping container ${short(step.id)}` };
  return undefined;
}

/** What is told of a step that is done. */
export function announceAfter(step: Action, made: Plan): readonly Announcement[] {
  switch (step.do) {
    case "pull":
      return [{ reason: "Pulled", message: `Successfully pulled image "${step.image}"` }];
    case "create":
      return created(
        step.initContainer === undefined ? "container" : `init container ${step.initContainer}`,
        step.start,
      );
    case "start":
      return [{ reason: "Started", message: `Started container ${short(step.id)}` }];
    case "pause":
      return [{ reason: "Paused", message: `Paused container ${short(step.id)}` }];
    case "unpause":
      return [{ reason: "Unpaused", message: `Unpaused container ${short(step.id)}` }];
    case "remove":
      return [{ reason: "Removed", message: `Removed container ${short(step.id)}: ${step.why}` }];
    case "update":
      // Nothing of the spec has changed where only the host is told to leave restarts to us.
      if (made.updating.length === 0) return [];
      return [{ reason: "Updated", message: `Updated in place: ${made.updating.join(", ")}` }];
    case "write":
      return [{ reason: "Updated", message: `Updated the files of volume ${step.volumes.join(", ")}` }];
    case "prepare":
    case "postStart":
    case "preStop":
    case "stop":
      return [];
  }
}

function created(what: string, started: boolean): readonly Announcement[] {
  return [
    { reason: "Created", message: `Created ${what}` },
    ...(started ? [{ reason: "Started", message: `Started ${what}` }] : []),
  ];
}

/** What is told of what happened on the host by itself, as the status before and after shows it. */
export function announceChange(before: ContainerStatus, after: ContainerStatus): readonly ChangeAnnouncement[] {
  const told = ended(before, after) ?? answered(before, after) ?? restarted(before, after);
  return told === undefined ? [] : [told];
}

export interface ChangeAnnouncement extends Announcement {
  readonly type: "Normal" | "Warning";
}

/** For good. The reasons are those of `get`: Completed, Error, OOMKilled, ContainerGone. */
function ended(before: ContainerStatus, after: ContainerStatus): ChangeAnnouncement | undefined {
  const { phase, summary = "", message = "" } = after;
  if (phase === before.phase) return undefined;
  if (phase === "Succeeded") return { type: "Normal", reason: "Completed", message: "The container has ended" };
  return phase === "Failed" ? { type: "Warning", reason: summary, message } : undefined;
}

/** Whether its host answers. */
function answered(before: ContainerStatus, after: ContainerStatus): ChangeAnnouncement | undefined {
  const { hostName = "", message = "" } = after;
  if (after.phase === "Unknown" && before.phase !== "Unknown") {
    return { type: "Warning", reason: "HostUnreachable", message };
  }
  if (before.phase !== "Unknown" || after.phase === "Unknown") return undefined;
  return { type: "Normal", reason: "HostFound", message: `Host "${hostName}" answers again` };
}

/** Not by us: what we stopped or replaced was told of as that step. */
function restarted(before: ContainerStatus, after: ContainerStatus): ChangeAnnouncement | undefined {
  const { restartCount = 0, lastState: { exitCode, reason = "Unknown" } = {} } = after;
  if (restartCount <= (before.restartCount ?? 0)) return undefined;
  if (before.phase === "Stopped" || reason === "Replaced") return undefined;
  if (reason === "ContainerGone") {
    return { type: "Warning", reason, message: "The container vanished from its host and was made anew" };
  }
  const how = exitCode === undefined ? "" : ` with exit code ${exitCode}`;
  const type = reason === "Completed" || reason === "Unknown" ? "Normal" : "Warning";
  return { type, reason: "Restarted", message: `The container ended${how} (${reason}) and was started again` };
}

/** As `docker ps` shows ids. */
const short = (id: string): string => id.slice(0, 12);
