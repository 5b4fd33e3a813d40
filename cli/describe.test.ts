import { expect, test } from "vitest";
import type { KubeObject } from "../crds/meta.ts";
import { describe } from "./describe.ts";

const now = new Date("2026-11-20T12:00:00Z");
const metadata = {
  name: "web",
  namespace: "quickstart",
  uid: "u",
  resourceVersion: "7",
  creationTimestamp: "2026-11-20T11:55:00Z",
  labels: { app: "web", tier: "front" },
};
const of = (object: object): KubeObject => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata,
  ...object,
});

test("shows spec, status, conditions and Events", async () => {
  const container = of({
    spec: { image: "nginx:1", ports: [{ containerPort: 80, hostIP: "127.0.0.1" }], command: ["sh", "-c"], labels: {} },
    status: {
      phase: "Running",
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Started",
          message: "It runs",
          lastTransitionTime: "2026-11-20T11:56:00Z",
        },
      ],
    },
  });
  const event = {
    ...{ apiVersion: "v1", kind: "Event", metadata, type: "Normal", reason: "Started", message: "Started it\n" },
    ...{ count: 3, firstTimestamp: "2026-11-20T11:55:00Z", lastTimestamp: "2026-11-20T11:59:00Z" },
    source: { component: "container" },
  };
  expect(await describe(container, [event], now)).toBe(`Name:         web
Namespace:    quickstart
Labels:       app=web
              tier=front
Annotations:  <none>
API Version:  stowage.dev/v1alpha1
Kind:         Container
Created:      2026-11-20T11:55:00Z (5m ago)
Spec:
  Command:
    sh
    -c
  Image:  nginx:1
  Labels:
  Ports:
    - Container Port:  80
      Host IP:         127.0.0.1
Status:
  Phase:  Running
Conditions:
  Type    Status   Reason    Since   Message
  ----    ------   ------    -----   -------
  Ready   True     Started   4m      It runs
Events:
  Type     Reason    Age                From        Message
  ----     ------    ---                ----        -------
  Normal   Started   60s (x3 over 5m)   container   Started it
`);
});

test("never shows what a Secret holds", async () => {
  const secret = of({
    apiVersion: "v1",
    kind: "Secret",
    data: { password: Buffer.from("hunter2").toString("base64") },
  });
  const text = await describe(secret, [], now);
  expect(text).toContain("Password:  7 bytes");
  expect(text).not.toContain("hunter2");
  expect(text).not.toContain(Buffer.from("hunter2").toString("base64"));
});
