import { expect, test } from "vitest";
import { OpenStackError } from "../../../openstack/errors.ts";
import { byLine, contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { InvalidError, ready } from "../actuator.ts";
import { applicationCredentialActuator } from "./application-credential.ts";

const cloudCredentialsRef = { secretName: "clouds", cloudName: "admin" };
const tag = "stowage.dev/uid=u1";
const path = "/users/me/application_credentials";
const told = { id: "a1", name: "web", description: `why ${tag}`, secret: "told once" };
const remote = { id: "a1", name: "web", description: `why ${tag}` };
const reading = (of: string) => ({ path: of, method: "GET", service: "network" }) as const;
const rule = (id: string, of: string) => ({ id, ...reading(of) });
const withSecrets = (cloud: ScriptedCloud) => ({
  ...contextOf(cloud),
  secret: (name: string, key: string) => Promise.resolve(`${name}/${key}`),
});

test("it is made with its secret, its roles and our mark, and the secret is not kept", async () => {
  const mine = (id: string, ...rules: readonly object[]) => ({ ...told, id, access_rules: rules });
  const cloud = new ScriptedCloud(
    byLine({
      [`POST ${path}`]: { application_credential: told },
      "GET /users/me/access_rules": {
        access_rules: [rule("r1", "/v2.0/ports"), rule("r2", "/v2.0/nets"), rule("r3", "/v2.0/subnets")],
      },
      [`GET ${path}`]: { application_credentials: [mine("a2", rule("r2", "/v2.0/nets"))] },
    }),
  );
  const made = await applicationCredentialActuator.create(withSecrets(cloud), {
    description: "why",
    secretRef: "key",
    roleRefs: ["member"],
    accessRules: [reading("/v2.0/ports"), reading("/v2.0/nets"), reading("/v2.0/routers")],
    expiresAt: "2030-01-01T00:00:00Z",
  });
  expect(cloud.asked.filter(({ method }) => method === "POST")).toEqual([
    {
      method: "POST",
      path,
      body: {
        application_credential: {
          name: "web",
          // Somebody else's; r2 is of another of ours.
          description: `why stowage.dev/found-rules=r1 ${tag}`,
          unrestricted: false,
          secret: "key/value",
          roles: [{ id: "roles/member" }],
          access_rules: [reading("/v2.0/ports"), reading("/v2.0/nets"), reading("/v2.0/routers")],
          expires_at: "2030-01-01T00:00:00Z",
        },
      },
    },
  ]);
  expect(made).toEqual(remote);
});

test.each([
  {
    why: "those that were made with it, and none that was there before or that another has by now",
    description: `why stowage.dev/found-rules=r1 ${tag}`,
    want: ["r2", "r3"],
  },
  { why: "none of one that is not ours", description: "why", want: [] },
])("its access rules go with it: $why", async ({ description, want }) => {
  const inUse = new OpenStackError({ action: "delete", meaning: "Forbidden", message: "in use" });
  const cloud = new ScriptedCloud(byLine({ "DELETE /users/me/access_rules/r2": inUse }));
  const accessRules = ["r1", "r2", "r3"].map((id) => ({ id, ...reading(`/${id}`) }));
  const gone = { ...remote, description, accessRules };
  expect(await applicationCredentialActuator.delete(contextOf(cloud), gone, { secretRef: "key" })).toBe("gone");
  expect(cloud.asked.map(({ method, path: at }) => `${method} ${at}`)).toEqual([
    `DELETE ${path}/a1`,
    ...want.map((id) => `DELETE /users/me/access_rules/${id}`),
  ]);
  expect(applicationCredentialActuator.observe(gone)).toMatchObject({ description: "why" });
});

test("it cannot be made for somebody else", async () => {
  const cloud = new ScriptedCloud(() => ({}));
  const making = applicationCredentialActuator.create(contextOf(cloud), { secretRef: "key", userRef: "eve" });
  await expect(making).rejects.toBeInstanceOf(InvalidError);
  expect(cloud.asked).toEqual([]);
});

test("only one with our mark was left behind by us", async () => {
  const application_credentials = [told, { ...told, id: "theirs", description: "why" }];
  const cloud = new ScriptedCloud(() => ({ application_credentials }));
  const found = await applicationCredentialActuator.leftBehind(contextOf(cloud), { secretRef: "key" });
  expect(found.map(({ id }) => id)).toEqual(["a1"]);
});

test("an import is found by what people see of its description", async () => {
  const cloud = new ScriptedCloud(() => ({
    application_credentials: [told, { ...told, id: "other", description: null }],
  }));
  const found = await applicationCredentialActuator.find(contextOf(cloud), { name: "web", description: "why" });
  expect(found.map(({ id }) => id)).toEqual(["a1"]);
  expect(cloud.asked[0]?.query).toEqual({ name: "web" });
});

test("all that is named is told", () => {
  const resource = { userRef: "me", secretRef: "key", roleRefs: ["member", "reader"] };
  const fields = applicationCredentialActuator.references({ cloudCredentialsRef, resource }).map(({ field }) => field);
  expect(fields).toEqual(["resource.userRef", "resource.secretRef", "resource.roleRefs[0]", "resource.roleRefs[1]"]);
});

test("status has neither mark nor secret, and times with their zone", () => {
  const roles = [{ id: "r1", name: "member" }];
  expect(
    applicationCredentialActuator.observe({
      ...remote,
      projectId: "p1",
      roles,
      expiresAt: "2030-01-01T00:00:00.000000",
    }),
  ).toEqual({
    name: "web",
    description: "why",
    projectID: "p1",
    roles: [{ id: "r1", name: "member" }],
    expiresAt: "2030-01-01T00:00:00.000000Z",
  });
  expect(applicationCredentialActuator.observe({ ...remote, description: tag })).toEqual({ name: "web" });
  expect(applicationCredentialActuator.stateOf(remote, new Date(0))).toEqual(ready);
});
