import { expect, test } from "vitest";
import { secretType } from "../../../crds/core.ts";
import { domains, projects } from "../../../crds/openstack/types.ts";
import { contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { ready } from "../actuator.ts";
import { userActuator } from "./user.ts";

const cloudCredentialsRef = { secretName: "clouds", cloudName: "admin" };
const cloud = () => new ScriptedCloud(() => ({ user: { id: "u1", name: "web", password: "told all the same" } }));
const uid = "u1";
const moment = { now: new Date(0), wasReady: true };
const withSecrets = (service: ScriptedCloud) => ({
  ...contextOf(service),
  secret: (name: string, key: string) => Promise.resolve(`${name}/${key}`),
});
const asAsked = {
  id: "u1",
  name: "web",
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
      'set description to "why", enabled to false, defaultProjectId to "projects/web"',
      'set the password from Secret "other"',
    ],
  },
])("$why", ({ resource, want }) => {
  const changes = userActuator.changes(contextOf(cloud()), resource, asAsked, moment);
  expect(changes.map(({ what }) => what)).toEqual(want);
});

test("a value that changed in its Secret is set, with its mark", async () => {
  const service = cloud();
  const later = { ...withSecrets(service), secretMark: () => "new-mark" };
  const [change] = userActuator.changes(later, { passwordRef: "login" }, asAsked, moment);
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
  const made = await userActuator.create(withSecrets(service), resource);
  expect(service.asked).toEqual([
    {
      method: "POST",
      path: "/users",
      body: {
        user: {
          name: "web",
          description: "",
          enabled: true,
          domain_id: "domains/acme",
          default_project_id: "projects/web",
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
    { id: "theirs", name: "web" },
    { id: "ours", name: "web", stowage_uid: uid },
  ];
  const found = await userActuator.leftBehind(contextOf(new ScriptedCloud(() => ({ users }))), {});
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
  expect(
    userActuator.observe({ ...asAsked, defaultProjectId: "p1", passwordExpiresAt: "2030-01-01T00:00:00" }),
  ).toEqual({
    name: "web",
    description: undefined,
    domainID: "default",
    defaultProjectID: "p1",
    enabled: true,
    passwordExpiresAt: "2030-01-01T00:00:00",
    appliedPasswordRef: "login",
  });
  expect(userActuator.stateOf(asAsked, moment.now)).toEqual(ready);
});
