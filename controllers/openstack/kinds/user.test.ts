import { expect, test } from "vitest";
import { secretType } from "../../../crds/core.ts";
import { domains } from "../../../crds/openstack/domain.ts";
import { projects } from "../../../crds/openstack/project.ts";
import { contextOf, recordedService } from "../../../test/fakes/actuator-context.ts";
import { ready } from "../actuator.ts";
import { userActuator } from "./user.ts";

const cloudCredentialsRef = { secretName: "clouds", cloudName: "admin" };
const cloud = () => recordedService(() => ({ user: { id: "u1", name: "subject", password: "told all the same" } }));
const uid = "11111111-2222-3333-4444-555555555555";
const asAsked = {
  id: "u1",
  name: "subject",
  domainId: "default",
  enabled: true,
  stowageUid: uid,
  stowagePassword: "login mark-of-login/password",
};

test.each([
  { why: "nothing is to be done where it is as asked", resource: { passwordRef: "login" }, want: [] },
  { why: "a password that nobody asks for stays", resource: {}, want: [] },
  {
    why: "what differs is changed, and the password apart from it",
    resource: { description: "why", enabled: false, defaultProjectRef: "web", passwordRef: "other" },
    want: [
      'set description to "why", enabled to false, defaultProjectId to "projects-web"',
      'set the password from Secret "other"',
    ],
  },
])("$why", ({ resource, want }) => {
  const changes = userActuator.changes(contextOf(cloud()), resource, asAsked);
  expect(changes.map(({ what }) => what)).toEqual(want);
});

test("a value that changed in its Secret is set, with its mark", async () => {
  const service = cloud();
  const later = contextOf(service, { secretMark: () => "new-mark" });
  const [change] = userActuator.changes(later, { passwordRef: "login" }, asAsked);
  const after = await change?.perform(later);
  expect(service.asked).toEqual([
    {
      method: "PATCH",
      path: "/users/u1",
      body: { user: { password: "login/password", stowage_password: "login new-mark" } },
    },
  ]);
  expect(after).not.toHaveProperty("password");
});

test("it is made with our mark and its password", async () => {
  const service = cloud();
  const resource = { domainRef: "acme", defaultProjectRef: "web", passwordRef: "login" };
  const made = await userActuator.create(contextOf(service), resource);
  expect(service.asked).toEqual([
    {
      method: "POST",
      path: "/users",
      body: {
        user: {
          name: "subject",
          description: "",
          enabled: true,
          domain_id: "domains-acme",
          default_project_id: "projects-web",
          password: "login/password",
          stowage_uid: uid,
          stowage_password: "login mark-of-login/password",
        },
      },
    },
  ]);
  expect(JSON.stringify(userActuator.observe(made))).not.toContain("told all the same");
});

test("only one with our mark was left behind by us", async () => {
  const users = [
    { id: "theirs", name: "subject" },
    { id: "ours", name: "subject", stowage_uid: uid },
  ];
  const found = await userActuator.leftBehind(contextOf(recordedService(() => ({ users }))), {}, new Date());
  expect(found.map(({ id }) => id)).toEqual(["ours"]);
});

test("all that is named is told, Secrets too", () => {
  const resource = { domainRef: "acme", defaultProjectRef: "web", passwordRef: "login" };
  expect(userActuator.references({ cloudCredentialsRef, resource })).toEqual([
    { field: "resource.domainRef", type: domains, name: "acme" },
    { field: "resource.defaultProjectRef", type: projects, name: "web" },
    { field: "resource.passwordRef", type: secretType, name: "login" },
  ]);
  expect(userActuator.references({ cloudCredentialsRef, import: { filter: { domainRef: "acme" } } })).toEqual([
    { field: "import.filter.domainRef", type: domains, name: "acme" },
  ]);
});

test("status tells which Secret the password is from, and no more of it", () => {
  expect(userActuator.observe({ ...asAsked, defaultProjectId: "p1", passwordExpiresAt: "2030-01-01T00:00:00" })).toEqual({
    name: "subject",
    description: undefined,
    domainID: "default",
    defaultProjectID: "p1",
    enabled: true,
    passwordExpiresAt: "2030-01-01T00:00:00",
    appliedPasswordRef: "login",
  });
  expect(userActuator.stateOf(asAsked)).toEqual(ready);
});
