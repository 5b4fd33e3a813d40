import { expect, test } from "vitest";
import { defaultAuthorizer } from "./authorization.ts";
import { authenticatedGroup } from "./authentication.ts";
import { projectAuthorizer, projectGroup, roleGroup } from "./project-rights.ts";

const projects: Readonly<Record<string, string>> = { alpha: "p-alpha", beta: "p-beta", broken: "" };
const authorizer = projectAuthorizer(defaultAuthorizer, (namespace) => projects[namespace]);

const user = (project: string, ...roles: readonly string[]) => ({
  name: "eve",
  groups: [projectGroup(project), ...roles.map(roleGroup), authenticatedGroup],
});
const attempt = (verb: string, plural: string, namespace: string | undefined, group = "openstack.stowage.dev") => ({
  verb,
  path: "",
  resource: { group, plural, namespace, name: "" },
});

test.each([
  { why: "a reader reads", roles: ["reader"], asks: attempt("list", "networks", "alpha"), may: true },
  { why: "a reader writes nothing", roles: ["reader"], asks: attempt("create", "networks", "alpha"), may: false },
  { why: "a reader reads no Secrets", roles: ["reader"], asks: attempt("get", "secrets", "alpha", ""), may: false },
  { why: "a member writes", roles: ["member"], asks: attempt("create", "networks", "alpha"), may: true },
  {
    why: "a member writes Containers",
    roles: ["member"],
    asks: attempt("patch", "containers", "alpha", "stowage.dev"),
    may: true,
  },
  {
    why: "a member writes no Roles",
    roles: ["member"],
    asks: attempt("create", "roles", "alpha", "rbac.authorization.k8s.io"),
    may: false,
  },
  {
    why: "an admin writes Roles",
    roles: ["admin"],
    asks: attempt("create", "roles", "alpha", "rbac.authorization.k8s.io"),
    may: true,
  },
  {
    why: "an admin binds no Namespace",
    roles: ["admin"],
    asks: attempt("update", "namespaces", undefined, ""),
    may: false,
  },
  {
    why: "an admin writes not even its own Namespace",
    roles: ["admin"],
    asks: attempt("patch", "namespaces", "alpha", ""),
    may: false,
  },
  {
    why: "nobody sees all namespaces at once",
    roles: ["admin"],
    asks: attempt("list", "networks", undefined),
    may: false,
  },
  {
    why: "a reader reads its own Namespace",
    roles: ["reader"],
    asks: attempt("get", "namespaces", "alpha", ""),
    may: true,
  },
  {
    why: "an admin reads no other Namespace",
    roles: ["admin"],
    asks: attempt("get", "namespaces", "beta", ""),
    may: false,
  },
  {
    why: "an admin does not list Namespaces",
    roles: ["admin"],
    asks: attempt("list", "namespaces", undefined, ""),
    may: false,
  },
  { why: "nobody sees another project's", roles: ["admin"], asks: attempt("get", "networks", "beta"), may: false },
  {
    why: "nobody sees what is bound to none",
    roles: ["admin"],
    asks: attempt("get", "networks", "default"),
    may: false,
  },
  {
    why: "other roles give nothing",
    roles: ["heat_stack_owner"],
    asks: attempt("get", "networks", "alpha"),
    may: false,
  },
  { why: "no role gives nothing", roles: [], asks: attempt("get", "networks", "alpha"), may: false },
])("$why", ({ roles, asks, may }) => {
  expect(authorizer.decide(user("p-alpha", ...roles), asks).allowed).toBe(may);
});

test("a namespace that is bound to nothing is nobody's", () => {
  expect(authorizer.decide(user("", "admin"), attempt("get", "networks", "broken")).allowed).toBe(false);
});

test("what may be done in a namespace can be asked for", () => {
  const [alpha, beta] = ["alpha", "beta"].map((namespace) => authorizer.rulesFor(user("p-alpha", "reader"), namespace));
  expect(alpha?.length).toBeGreaterThan(beta?.length ?? 0);
});
