import { expect, test } from "vitest";
import { byLine, ScriptedCloud } from "../test/fakes/scripted-cloud.ts";
import { OpenStackError } from "./errors.ts";
import { deleteMarked, listMarked, uidOf } from "./marked.ts";

test.each([
  { why: "a tag of Neutron or Glance", resource: { tags: ["x", "stowage.dev/uid=1"] }, want: "1" },
  { why: "a tag of Nova", resource: { tags: ["stowage.dev:uid=1"] }, want: "1" },
  { why: "metadata", resource: { metadata: { "stowage.dev:uid": "1" } }, want: "1" },
  { why: "extra specs", resource: { description: null, extra_specs: { "stowage.dev:uid": "1" } }, want: "1" },
  { why: "a description that is nothing else", resource: { description: "stowage.dev/uid=1" }, want: "1" },
  { why: "none", resource: { tags: ["uid=1"], metadata: null, description: "see stowage.dev/uid=1" }, want: undefined },
])("the mark is in $why", ({ resource, want }) => {
  expect(uidOf(resource)).toBe(want);
});

const nothing = {
  "GET /servers/detail": { servers: [] },
  "GET /floatingips": { floatingips: [] },
  "GET /trunks": new OpenStackError({ action: "list trunks", meaning: "NotFound", message: "no such extension" }),
  "GET /routers": { routers: [] },
  "GET /ports": { ports: [] },
  "GET /subnets": { subnets: [] },
  "GET /networks": { networks: [] },
  "GET /security-groups": { security_groups: [] },
  "GET /subnetpools": { subnetpools: [] },
  "GET /backups/detail": { backups: [] },
  "GET /snapshots/detail": { snapshots: [] },
  "GET /volumes/detail": { volumes: [] },
  "GET /types": { volume_types: [] },
  "GET /images": { images: [] },
  "GET /flavors/detail": { flavors: [] },
};

test("what is marked is told with those first that hold others, and what could not be looked at", async () => {
  const cloud = new ScriptedCloud(
    byLine({
      ...nothing,
      "GET /networks": {
        networks: [
          { id: "n", name: "net", tags: ["stowage.dev/uid=1"] },
          { id: "theirs", tags: [] },
        ],
      },
      "GET /servers/detail": { servers: [{ id: "s", name: "web", tags: ["stowage.dev:uid=2"] }] },
      "GET /images": new OpenStackError({ action: "list images", meaning: "Unavailable", message: "down" }),
    }),
  );
  const { marked, failures } = await listMarked(cloud);
  expect(marked).toEqual([
    { service: "compute", noun: "server", id: "s", name: "web", uid: "2" },
    { service: "network", noun: "network", id: "n", name: "net", uid: "1" },
  ]);
  expect(failures.map(({ message }) => message)).toEqual(["list images: down"]);
  expect(cloud.asked.find(({ path }) => path === "/ports")?.query).toEqual({ project_id: "home" });
});

test("a router goes with its interfaces, and what is gone is deleted", async () => {
  const cloud = new ScriptedCloud(
    byLine({
      "GET /ports": {
        ports: [
          { id: "inside", device_owner: "network:router_interface" },
          { id: "outside", device_owner: "network:router_gateway" },
        ],
      },
      "DELETE /routers/r": new OpenStackError({ action: "delete", meaning: "NotFound", message: "gone" }),
    }),
  );
  await deleteMarked(cloud, { service: "network", noun: "router", id: "r", name: "", uid: "1" });
  expect(cloud.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /ports",
    "PUT /routers/r/remove_router_interface",
    "DELETE /routers/r",
  ]);
});
