import { expect, test } from "vitest";
import type { ContainerStatus } from "../../crds/container.ts";
import { announceChange } from "./announcement.ts";

const running: ContainerStatus = { phase: "Running", summary: "Running", hostName: "h1", restartCount: 0 };

test.each<{ why: string; before?: ContainerStatus; after: ContainerStatus; want: string }>([
  { why: "a start is told of as a step", before: { phase: "Pending" }, after: running, want: "" },
  { why: "nothing new", after: running, want: "" },
  {
    why: "an end that was wanted",
    after: { ...running, phase: "Succeeded", summary: "Completed", exitCode: 0 },
    want: "Normal Completed The container has ended",
  },
  {
    why: "an end for good",
    after: { ...running, phase: "Failed", summary: "OOMKilled", message: "Too much memory" },
    want: "Warning OOMKilled Too much memory",
  },
  {
    why: "an end that was told of before",
    before: { ...running, phase: "Failed", summary: "Error" },
    after: { ...running, phase: "Failed", summary: "Error" },
    want: "",
  },
  {
    why: "a host that does not answer",
    after: { ...running, phase: "Unknown", summary: "Unknown", message: 'Host "h1" is not ready' },
    want: 'Warning HostUnreachable Host "h1" is not ready',
  },
  {
    why: "a host that answers again",
    before: { ...running, phase: "Unknown" },
    after: running,
    want: 'Normal HostFound Host "h1" answers again',
  },
  {
    why: "a restart by the host",
    after: { ...running, restartCount: 1, lastState: { exitCode: 3, reason: "Error" } },
    want: "Warning Restarted The container ended with exit code 3 (Error) and was started again",
  },
  {
    why: "a restart after a good end",
    after: { ...running, restartCount: 1, lastState: { exitCode: 0, reason: "Completed" } },
    want: "Normal Restarted The container ended with exit code 0 (Completed) and was started again",
  },
  {
    why: "a container that vanished",
    after: { ...running, restartCount: 1, lastState: { reason: "ContainerGone" } },
    want: "Warning ContainerGone The container vanished from its host and was made anew",
  },
  {
    why: "a replacement is told of as such",
    after: { ...running, restartCount: 1, lastState: { reason: "Replaced" } },
    want: "",
  },
  {
    why: "what was stopped by runState and runs again",
    before: { ...running, phase: "Stopped" },
    after: { ...running, restartCount: 1, lastState: { exitCode: 137, reason: "Error" } },
    want: "",
  },
])("$why", ({ before = running, after, want }) => {
  const told = announceChange(before, after).map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  expect(told.join()).toBe(want);
});
