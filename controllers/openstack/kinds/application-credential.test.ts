import { expect, test } from "vitest";
import { contextOf, recordedService } from "../../../test/fakes/actuator-context.ts";
import { InvalidError, ready } from "../actuator.ts";
import { applicationCredentialActuator } from "./application-credential.ts";

const cloudCredentialsRef = { secretName: "clouds", cloudName: "admin" };
const tag = "stowage.dev/uid=11111111-2222-3333-4444-555555555555";
const path = "/users/own-user/application_credentials";
const told = { id: "a1", name: "subject", description: `why ${tag}`, secret: "told once" };
const remote = { id: "a1", name: "subject", description: `why ${tag}` };

test("it is made with its secret, its roles and our mark, and the secret is not kept", async () => {
  const cloud = recordedService(() => ({ application_credential: told }));
  const made = await applicationCredentialActuator.create(contextOf(cloud), {
    description: "why",
    secretRef: "key",
    roleRefs: ["member"],
    accessRules: [{ path: "/v2.0/ports", method: "GET", service: "network" }],
    expiresAt: "2030-01-01T00:00:00Z",
  });
  expect(cloud.asked).toEqual([
    {
      method: "POST",
      path,
      body: {
        application_credential: {
          name: "subject",
          description: `why ${tag}`,
          unrestricted: false,
          secret: "key/value",
          roles: [{ id: "roles-member" }],
          access_rules: [{ path: "/v2.0/ports", method: "GET", service: "network" }],
          expires_at: "2030-01-01T00:00:00Z",
        },
      },
    },
  ]);
  expect(made).toEqual(remote);
});

test("it cannot be made for somebody else", async () => {
  const cloud = recordedService(() => ({}));
  const making = applicationCredentialActuator.create(contextOf(cloud), { secretRef: "key", userRef: "eve" });
  await expect(making).rejects.toBeInstanceOf(InvalidError);
  expect(cloud.asked).toEqual([]);
});

test("only one with our mark was left behind by us", async () => {
  const application_credentials = [told, { ...told, id: "theirs", description: "why" }];
  const cloud = recordedService(() => ({ application_credentials }));
  const found = await applicationCredentialActuator.leftBehind(contextOf(cloud), { secretRef: "key" }, new Date());
  expect(found.map(({ id }) => id)).toEqual(["a1"]);
});

test("an import is found by what people see of its description", async () => {
  const cloud = recordedService(() => ({ application_credentials: [told, { ...told, id: "other", description: null }] }));
  const found = await applicationCredentialActuator.find(contextOf(cloud), { name: "subject", description: "why" });
  expect(found.map(({ id }) => id)).toEqual(["a1"]);
  expect(cloud.asked[0]?.query).toEqual({ name: "subject" });
});

test("all that is named is told", () => {
  const resource = { userRef: "me", secretRef: "key", roleRefs: ["member", "reader"] };
  const fields = applicationCredentialActuator.references({ cloudCredentialsRef, resource }).map(({ field }) => field);
  expect(fields).toEqual(["resource.userRef", "resource.secretRef", "resource.roleRefs[0]", "resource.roleRefs[1]"]);
});

test("status has neither mark nor secret, and times with their zone", () => {
  const roles = [{ id: "r1", name: "member" }];
  expect(
    applicationCredentialActuator.observe({ ...remote, projectId: "p1", roles, expiresAt: "2030-01-01T00:00:00.000000" }),
  ).toEqual({
    name: "subject",
    description: "why",
    projectID: "p1",
    roles: [{ id: "r1", name: "member" }],
    expiresAt: "2030-01-01T00:00:00.000000Z",
  });
  expect(applicationCredentialActuator.observe({ ...remote, description: tag })).toEqual({ name: "subject" });
  expect(applicationCredentialActuator.stateOf(remote)).toEqual(ready);
});
