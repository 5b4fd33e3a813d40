/** What people are told of a step, in kubelet's words. Source: kubernetes/pkg/kubelet/events/event.go. */
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

/** As `docker ps` shows ids. */
const short = (id: string): string => id.slice(0, 12);
