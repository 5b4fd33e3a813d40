import { expect, test } from "vitest";
import { OpenStackError } from "../errors.ts";
import type { Service, ServiceRequest } from "../service.ts";
import { validateToken } from "./tokens.ts";

const answering = (answer: unknown, asked: ServiceRequest<unknown>[] = []): Service => ({
  projectId: async () => undefined,
  userId: async () => "u1",
  list: async () => [],
  request: async <T>(request: ServiceRequest<T>) => {
    asked.push(request);
    if (answer instanceof Error) throw answer;
    return request.schema.parse(answer);
  },
});

test("validateToken tells whose it is and what for", async () => {
  const asked: ServiceRequest<unknown>[] = [];
  const token = {
    methods: ["password"],
    expires_at: "2026-01-01T01:00:00.000000Z",
    issued_at: "2026-01-01T00:00:00.000000Z",
    audit_ids: ["x"],
    user: { id: "u1", name: "demo", domain: { id: "default", name: "Default" }, password_expires_at: null },
    project: { id: "p1", name: "alpha", domain: { id: "default", name: "Default" } },
    is_domain: false,
    roles: [{ id: "r1", name: "member" }],
  };
  expect(await validateToken(answering({ token }, asked), "tok")).toEqual({
    methods: ["password"],
    expiresAt: "2026-01-01T01:00:00.000000Z",
    issuedAt: "2026-01-01T00:00:00.000000Z",
    user: { id: "u1", name: "demo", domain: { id: "default", name: "Default" } },
    project: { id: "p1", name: "alpha", domain: { id: "default", name: "Default" } },
    roles: [{ id: "r1", name: "member" }],
  });
  expect(asked[0]).toMatchObject({
    path: "/auth/tokens",
    query: { nocatalog: true },
    headers: { "x-subject-token": "tok" },
  });
});

test("validateToken knows nothing of a token that Keystone does not know", async () => {
  const gone = new OpenStackError({ action: "validate a token", meaning: "NotFound", status: 404, message: "no" });
  expect(await validateToken(answering(gone), "tok")).toBeUndefined();
  await expect(validateToken(answering(gone.as("Forbidden")), "tok")).rejects.toMatchObject({ meaning: "Forbidden" });
});
