/** Who may import whom: ARCHITECTURE.md's folder rules, kept by `npm run check`. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from, pathNot: "\\.test\\.ts$" },
  to: { path: "^(crds|api|controllers|drivers|openstack|agent|cli|process|formats|scripts|test|bench)/", pathNot: to },
});
const sdk = (name, pkg, owner) => ({
  name,
  comment: `One SDK, one folder: ${pkg} belongs to ${owner}`,
  severity: "error",
  from: { path: "^(crds|api|controllers|drivers|openstack|agent|cli)/", pathNot: `^${owner}|\\.test\\.ts$` },
  to: { path: `node_modules/${pkg}/` },
});
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    only("crds", "^crds/", "^crds/", "crds imports zod and itself only"),
    only("process-is-a-leaf", "^process/", "^process/"),
    only("formats-is-a-leaf", "^formats/", "^formats/"),
    only("api", "^api/", "^(api|crds|process|formats)/", "the API server knows kinds, not what acts on them"),
    only("controllers", "^controllers/", "^(controllers|api/client|api/status\\.ts|crds|drivers|openstack|process)"),
    only(
      "runtime-knows-no-kind",
      "^controllers/runtime/",
      "^(controllers/runtime|api/client|api/status\\.ts|crds/(meta|core)\\.ts|process)",
    ),
    {
      name: "controllers-meet-through-the-api",
      severity: "error",
      from: { path: "^controllers/([^/]+)/", pathNot: "\\.test\\.ts$" },
      to: { path: "^controllers/([^/]+)/", pathNot: "^controllers/($1|runtime)/" },
    },
    only("drivers", "^drivers/", "^(drivers|crds|process)/"),
    only("openstack", "^openstack/", "^(openstack|process)/"),
    only("agent", "^agent/", "^(agent|openstack|process)/"),
    only(
      "cli",
      "^cli/(?!server/)",
      "^(cli|api/client|api/status\\.ts|crds|formats)",
      "only cli/server, a composition root, puts the house together",
    ),
    sdk("etcd3", "etcd3", "api/storage/"),
    sdk("dockerode", "dockerode", "drivers/docker/"),
    sdk("ssh2", "ssh2", "drivers/docker/"),
    sdk("undici", "undici", "openstack/"),
    sdk("x509", "@peculiar/x509", "api/auth/"),
    {
      name: "nothing-imports-test",
      severity: "error",
      from: { pathNot: "^(test|bench)/|\\.test\\.ts$" },
      to: { path: "^test/" },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(node_modules|dist|coverage)/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
