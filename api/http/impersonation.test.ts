import { expect, test } from "vitest";
import { defaultAuthorizer } from "../auth/authorization.ts";
import { impersonated } from "./impersonation.ts";

const root = { name: "root", groups: ["system:masters"] };
const as = (...headers: readonly string[]) => impersonated(root, ["Host", "a", ...headers], defaultAuthorizer);

// Source of the cases: k8s.io/apiserver/pkg/endpoints/filters/impersonation_test.go.
test.each([
  { why: "nobody", headers: [], want: root },
  {
    why: "a user",
    headers: ["Impersonate-User", "CN=a, b"],
    want: { name: "CN=a, b", groups: ["system:authenticated"] },
  },
  {
    why: "a user with groups",
    headers: ["impersonate-user", "jane", "Impersonate-Group", "a", "Impersonate-Group", "b,c"],
    want: { name: "jane", groups: ["a", "b,c", "system:authenticated"] },
  },
  {
    why: "a stranger",
    headers: ["Impersonate-User", "system:anonymous"],
    want: { name: "system:anonymous", groups: ["system:unauthenticated"] },
  },
  {
    why: "a service account",
    headers: ["Impersonate-User", "system:serviceaccount:shop:web"],
    want: {
      name: "system:serviceaccount:shop:web",
      groups: ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
    },
  },
  {
    why: "with extras and a uid",
    headers: ["Impersonate-User", "jane", "Impersonate-Uid", "1", "Impersonate-Extra-Scopes", "view"],
    want: { name: "jane", uid: "1", groups: ["system:authenticated"], extra: { scopes: ["view"] } },
  },
])("as $why", ({ headers, want }) => {
  expect(as(...headers)).toEqual(want);
});

test("groups without a user are refused", () => {
  expect(() => as("Impersonate-Group", "a")).toThrow("without impersonating a user");
});

test("who may not is told what", () => {
  const jane = { name: "jane", groups: [] };
  expect(() => impersonated(jane, ["Impersonate-User", "root"], defaultAuthorizer)).toThrow(
    'users "root" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
  expect(() => impersonated(jane, ["Impersonate-User", "system:serviceaccount:shop:web"], defaultAuthorizer)).toThrow(
    'serviceaccounts "web" is forbidden: User "jane" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "shop"',
  );
});
