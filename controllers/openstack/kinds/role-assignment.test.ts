import { expect, test } from "vitest";
import {
  roleAssignmentId,
  roleAssignmentOfId,
  roleAssignmentPath,
} from "../../../openstack/keystone/role-assignments.ts";
import { OpenStackError } from "../../../openstack/errors.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { ready } from "../actuator.ts";
import { assignmentOf, roleAssignmentActuator } from "./role-assignment.ts";

const cloudCredentialsRef = { secretName: "clouds", cloudName: "admin" };
const resource = { roleRef: "member", userRef: "eve", projectRef: "web" };
const moment = { now: new Date(0), wasReady: true };
const one = assignmentOf({ roleId: "r1", userId: "u1", projectId: "p1" });
const context = contextOf(new ScriptedCloud(() => undefined));

test.each([
  {
    parts: { roleId: "r", userId: "u", projectId: "p" },
    id: "r:user:u:project:p",
    path: "/projects/p/users/u/roles/r",
  },
  {
    parts: { roleId: "r", groupId: "g", domainId: "d" },
    id: "r:group:g:domain:d",
    path: "/domains/d/groups/g/roles/r",
  },
  {
    parts: { roleId: "r", userId: "u", system: "all" as const },
    id: "r:user:u:system:all",
    path: "/system/users/u/roles/r",
  },
])("$id stands for its parts and back", ({ parts, id, path }) => {
  const assignment = assignmentOf(parts);
  expect(roleAssignmentId(assignment)).toBe(id);
  expect(roleAssignmentOfId(id)).toEqual(assignment);
  expect(roleAssignmentPath(assignment)).toBe(path);
});

test("what is no id of ours stands for nothing", () => {
  expect(roleAssignmentOfId("r:user:u:project")).toBeUndefined();
  expect(roleAssignmentOfId("0123456789abcdef")).toBeUndefined();
});

test("a part that is missing is told", () => {
  expect(() => assignmentOf({ roleId: "r", userId: "u" })).toThrow("a role assignment takes");
});

test("it is assigned by its parts", async () => {
  const cloud = new ScriptedCloud(() => undefined);
  const made = await roleAssignmentActuator.create(contextOf(cloud), resource);
  expect(cloud.asked).toEqual([
    { method: "PUT", path: "/projects/projects%2Fweb/users/users%2Feve/roles/roles%2Fmember" },
  ]);
  expect(roleAssignmentActuator.idOf(made)).toBe("roles/member:user:users/eve:project:projects/web");
});

test("one that is not there is gone", async () => {
  const gone = new ScriptedCloud(() => {
    throw new OpenStackError({ action: "check", meaning: "NotFound", status: 404, message: "no" });
  });
  expect(await roleAssignmentActuator.get(contextOf(gone), "r:user:u:project:p", undefined)).toBeUndefined();
  expect(await roleAssignmentActuator.leftBehind(contextOf(gone), resource)).toEqual([]);
  expect(await roleAssignmentActuator.delete(contextOf(gone), one, resource)).toBe("gone");
});

test("those that are only inherited are not found", async () => {
  const scope = { project: { id: "p1" } };
  const role_assignments = [
    { role: { id: "r1" }, user: { id: "u1" }, scope },
    { role: { id: "r1" }, group: { id: "g1" }, scope: { ...scope, "OS-INHERIT:inherited_to": "projects" } },
  ];
  const cloud = new ScriptedCloud(() => ({ role_assignments }));
  expect(await roleAssignmentActuator.find(contextOf(cloud), { roleRef: "member", projectRef: "web" })).toEqual([one]);
  expect(cloud.asked[0]?.query).toMatchObject({ "role.id": "roles/member", "scope.project.id": "projects/web" });
});

test("all that is named is told", () => {
  const fields = (spec: object) =>
    roleAssignmentActuator.references({ cloudCredentialsRef, ...spec }).map(({ field }) => field);
  expect(fields({ resource })).toEqual(["resource.roleRef", "resource.userRef", "resource.projectRef"]);
  expect(fields({ import: { filter: { groupRef: "ops", domainRef: "acme" } } })).toEqual([
    "import.filter.groupRef",
    "import.filter.domainRef",
  ]);
});

test("status tells its parts; nothing of it changes, and it can be used at once", () => {
  expect(roleAssignmentActuator.observe(one)).toEqual({ roleID: "r1", userID: "u1", projectID: "p1" });
  expect(roleAssignmentActuator.changes(context, resource, one, moment)).toEqual([]);
  expect(roleAssignmentActuator.stateOf(one, moment.now)).toEqual(ready);
});
