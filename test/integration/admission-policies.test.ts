/** ValidatingAdmissionPolicies: what the API refuses because CEL says so. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
const apiVersion = "admissionregistration.k8s.io/v1";
const configMaps = "/api/v1/namespaces/default/configmaps";

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open();
});
afterAll(() => api[Symbol.asyncDispose]());
afterEach(async () => {
  for (const plural of ["validatingadmissionpolicybindings", "validatingadmissionpolicies"])
    await api.delete(`${group}/${plural}`);
  for (const { metadata } of (await api.get(configMaps)).body.items) await api.delete(`${configMaps}/${metadata.name}`);
});

const rule = (resource: string, apiGroup = ""): object => ({
  operations: ["CREATE", "UPDATE"],
  apiGroups: [apiGroup],
  apiVersions: ["*"],
  resources: [resource],
});

interface PolicyOptions {
  readonly spec: object;
  readonly binding?: object;
}

const created = ({ code, body }: Answer): void => {
  expect({ code, message: body.message }).toEqual({ code: 201, message: undefined });
};

/** In force from the next request on. */
async function enforce(name: string, { spec, binding = {} }: PolicyOptions): Promise<void> {
  const matchConstraints = { resourceRules: [rule("configmaps")] };
  created(
    await api.post(`${group}/validatingadmissionpolicies`, {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: { matchConstraints, ...spec },
    }),
  );
  created(
    await api.post(`${group}/validatingadmissionpolicybindings`, {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: `${name}-binding` },
      spec: { policyName: name, validationActions: ["Deny"], ...binding },
    }),
  );
}

const createConfigMap = (name: string, data: object, more: object = {}): Promise<Answer> =>
  api.post(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...more }, data });

const denied = (message: string, name = "a", policy = "p"): string =>
  `configmaps "${name}" is forbidden: ValidatingAdmissionPolicy '${policy}' with binding '${policy}-binding' denied request: ${message}`;

describe("a policy", () => {
  test("refuses what its expressions call false, in its own words", async () => {
    await enforce("p", { spec: { validations: [{ expression: "object.data.size() <= 2" }] } });
    created(await createConfigMap("a", { x: "1", y: "2" }));
    const { code, body } = await api.patch(`${configMaps}/a`, { data: { z: "3" } });
    const message = denied("failed expression: object.data.size() <= 2");
    expect(code).toBe(422);
    expect(body).toMatchObject({
      kind: "Status",
      reason: "Invalid",
      message,
      details: {
        name: "a",
        kind: "configmaps",
        causes: [{ message: message.replace('configmaps "a" is forbidden: ', "") }],
      },
    });
    expect(Object.keys((await api.get(`${configMaps}/a`)).body.data)).toEqual(["x", "y"]);
  });

  test.each([
    ["a message", { message: " too small " }, 422, "Invalid", "too small"],
    [
      "a message made from the object",
      { message: "unused", messageExpression: "'x is ' + object.data.x" },
      422,
      "Invalid",
      "x is 1",
    ],
    [
      "a message that cannot be made",
      { message: "used", messageExpression: "'x is ' + object.data.none" },
      422,
      "Invalid",
      "used",
    ],
    ["a message of two lines", { message: "used", messageExpression: "'one\\ntwo'" }, 422, "Invalid", "used"],
    ["a reason", { reason: "Forbidden", message: "no" }, 403, "Forbidden", "no"],
    ["another reason", { reason: "RequestEntityTooLarge", message: "no" }, 413, "RequestEntityTooLarge", "no"],
  ])("says so with %s", async (_, more, code, reason, message) => {
    await enforce("p", { spec: { validations: [{ expression: "int(object.data.x) > 1", ...more }] } });
    const answer = await createConfigMap("a", { x: "1" });
    expect({ code: answer.code, reason: answer.body.reason, message: answer.body.message }).toEqual({
      code,
      reason,
      message: denied(message),
    });
  });

  test("warns instead where its binding says so", async () => {
    const validations = [{ expression: "false", message: "think again" }, { expression: "1 == 2" }];
    await enforce("p", { spec: { validations }, binding: { validationActions: ["Warn", "Audit"] } });
    const { code, headers } = await createConfigMap("a", {});
    expect(code).toBe(201);
    const warning = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-binding': ";
    expect(headers["warning"]).toBe(`299 - "${warning}think again", 299 - "${warning}failed expression: 1 == 2"`);
  });

  test("that no binding names is not in force", async () => {
    await enforce("p", { spec: { validations: [{ expression: "false" }] } });
    await api.delete(`${group}/validatingadmissionpolicybindings/p-binding`);
    created(await createConfigMap("a", {}));
  });

  test("sees the request, the old object, the namespace, and what the user may do", async () => {
    await api.post("/api/v1/namespaces", { metadata: { name: "tier-1", labels: { tier: "1" } } });
    const holds = [
      "request.operation == 'CREATE' || oldObject.data.x == '1'",
      "request.operation == 'UPDATE' || oldObject == null",
      "request.kind.kind == 'ConfigMap' && request.resource.resource == 'configmaps' && request.requestKind.version == 'v1'",
      "request.name == object.metadata.name && request.namespace == 'tier-1' && !has(request.subResource)",
      "request.userInfo.groups.exists(group, group == 'system:masters') && request.userInfo.username != ''",
      "!request.dryRun && request.options.kind.endsWith('Options')",
      "namespaceObject.metadata.labels.tier == '1' && namespaceObject.metadata.name == request.namespace",
      "authorizer.requestResource.check('delete').allowed()",
      "!authorizer.serviceAccount('default', 'nobody').group('').resource('configmaps').check('create').allowed()",
      "authorizer.path('/healthz').check('get').allowed() && !authorizer.path('/x').check('get').errored()",
      "quantity('1Gi').isGreaterThan(quantity('1M')) && object.metadata.name.matches('^[a-z]+$')",
    ];
    await enforce("p", { spec: { validations: holds.map((expression) => ({ expression })) } });
    const path = "/api/v1/namespaces/tier-1/configmaps";
    created(await api.post(path, { metadata: { name: "a" }, data: { x: "1" } }));
    const { code, body } = await api.patch(`${path}/a`, { data: { x: "2" } });
    expect({ code, message: body.message }).toEqual({ code: 200, message: undefined });
    await api.delete("/api/v1/namespaces/tier-1");
  });

  test("names what it uses often: in order, and only when it is needed", async () => {
    const variables = [
      { name: "words", expression: "object.data.words.split(' ')" },
      { name: "longest", expression: "variables.words.map(word, size(word)).max()" },
      { name: "broken", expression: "object.data.none" },
    ];
    const validations = [
      { expression: "variables.longest < 6", messageExpression: "'longest: ' + string(variables.longest)" },
      { expression: "!('check' in object.data) || variables.broken == ''" },
    ];
    await enforce("p", { spec: { variables, validations } });
    created(await createConfigMap("a", { words: "one two three" }));
    expect((await createConfigMap("b", { words: "fourteen" })).body.message).toBe(denied("longest: 8", "b"));
    expect((await createConfigMap("c", { words: "one", check: "" })).body.message).toBe(
      denied(
        "expression '!('check' in object.data) || variables.broken == ''' resulted in error: composited variable \"broken\" fails to evaluate: no such key: none",
        "c",
      ),
    );
  });

  test("whose expression cannot be evaluated refuses, or not, as its failurePolicy says", async () => {
    const validations = [{ expression: "object.data.none == ''" }];
    await enforce("p", { spec: { validations } });
    expect((await createConfigMap("a", { x: "1" })).body.message).toBe(
      denied("expression 'object.data.none == ''' resulted in error: no such key: none"),
    );
    await api.patch(`${group}/validatingadmissionpolicies/p`, { spec: { failurePolicy: "Ignore" } });
    created(await createConfigMap("a", { x: "1" }));
  });

  test("cannot take all the time there is", async () => {
    const nested =
      "object.data.all(a, object.data.all(b, object.data.all(c, object.data.all(d, a + b + c + d != ''))))";
    await enforce("p", { spec: { validations: [{ expression: nested }] } });
    created(await createConfigMap("a", { x: "1" }));
    const data = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key-${index}`, ""]));
    expect((await createConfigMap("b", data)).body.message).toBe(
      denied("validation failed due to running out of cost budget, no further validation rules will be run", "b"),
    );
  });

  test("is only about what it and its binding match, and its conditions", async () => {
    await enforce("p", {
      spec: {
        validations: [{ expression: "false", message: "never" }],
        matchConstraints: {
          resourceRules: [rule("configmaps"), rule("secrets")],
          excludeResourceRules: [{ ...rule("configmaps"), resourceNames: ["excluded"] }],
          objectSelector: { matchLabels: { strict: "yes" } },
        },
        matchConditions: [{ name: "not-me", expression: "object.metadata.name != 'me'" }],
      },
      binding: { matchResources: { resourceRules: [rule("configmaps")] } },
    });
    const strict = { labels: { strict: "yes" } };
    created(await createConfigMap("plain", {}));
    created(await createConfigMap("excluded", {}, strict));
    created(await createConfigMap("me", {}, strict));
    created(await api.post("/api/v1/namespaces/default/secrets", { metadata: { name: "a", ...strict } }));
    expect((await createConfigMap("a", {}, strict)).body.message).toBe(denied("never"));
  });

  test("evaluates audit annotations, which must be possible", async () => {
    const auditAnnotations = [{ key: "size", valueExpression: "'has ' + string(object.data.size())" }];
    await enforce("p", { spec: { auditAnnotations } });
    created(await createConfigMap("a", { x: "1" }));
    expect((await api.post(configMaps, { metadata: { name: "b" } })).body.message).toContain("no such key: data");
  });

  test("cannot be kept from being taken back", async () => {
    const all = { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] };
    await enforce("p", {
      spec: { validations: [{ expression: "false" }], matchConstraints: { resourceRules: [all] } },
    });
    expect((await createConfigMap("a", {})).code).toBe(422);
    expect((await api.delete(`${group}/validatingadmissionpolicybindings/p-binding`)).code).toBe(200);
    created(await createConfigMap("a", {}));
  });
});

describe("parameters", () => {
  const validations = [
    { expression: "object.data.size() <= int(params.data.max)", messageExpression: "'at most ' + params.data.max" },
  ];
  const paramKind = { apiVersion: "v1", kind: "ConfigMap" };
  const spec = {
    validations,
    paramKind,
    matchConditions: [{ name: "not-limits", expression: "!object.metadata.name.startsWith('limit')" }],
  };

  test("come from a ConfigMap by name", async () => {
    created(await createConfigMap("limit", { max: "1" }));
    const paramRef = { name: "limit", namespace: "default", parameterNotFoundAction: "Deny" };
    await enforce("p", { spec, binding: { paramRef } });
    created(await createConfigMap("a", { x: "1" }));
    expect((await createConfigMap("b", { x: "1", y: "2" })).body.message).toBe(denied("at most 1", "b"));
  });

  test("come from all that a selector finds in the namespace of the object", async () => {
    created(await createConfigMap("limit-1", { max: "3" }, { labels: { limit: "yes" } }));
    created(await createConfigMap("limit-2", { max: "2" }, { labels: { limit: "yes" } }));
    const paramRef = { selector: { matchLabels: { limit: "yes" } }, parameterNotFoundAction: "Deny" };
    await enforce("p", { spec, binding: { paramRef } });
    created(await createConfigMap("a", { x: "1", y: "2" }));
    expect((await createConfigMap("b", { x: "1", y: "2", z: "3" })).body.message).toBe(denied("at most 2", "b"));
  });

  test.each([
    [
      "Deny",
      denied("failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"),
    ],
    ["Allow", undefined],
  ])("that are not there: %s", async (parameterNotFoundAction, message) => {
    const paramRef = { name: "nobody", namespace: "default", parameterNotFoundAction };
    await enforce("p", { spec, binding: { paramRef } });
    expect((await createConfigMap("a", { x: "1", y: "2" })).body.message).toBe(message);
  });

  test("of a custom kind, which may not be served yet", async () => {
    const custom = { apiVersion: "rules.example.com/v1", kind: "ReplicaLimit" };
    const paramRef = { name: "few", parameterNotFoundAction: "Deny" };
    const limit = [{ expression: "object.data.size() <= params.maxEntries" }];
    await enforce("p", { spec: { validations: limit, paramKind: custom }, binding: { paramRef } });
    expect((await createConfigMap("a", {})).body.message).toBe(
      `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'rules.example.com/v1, Kind=ReplicaLimit'`,
    );
    const schema = { openAPIV3Schema: { type: "object", properties: { maxEntries: { type: "integer" } } } };
    created(
      await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "replicalimits.rules.example.com" },
        spec: {
          group: "rules.example.com",
          scope: "Cluster",
          names: { plural: "replicalimits", kind: "ReplicaLimit" },
          versions: [{ name: "v1", served: true, storage: true, schema }],
        },
      }),
    );
    created(
      await api.post("/apis/rules.example.com/v1/replicalimits", {
        ...custom,
        metadata: { name: "few" },
        maxEntries: 1,
      }),
    );
    created(await createConfigMap("a", { x: "1" }));
    expect((await createConfigMap("b", { x: "1", y: "2" })).code).toBe(422);
  });

  test("are null where the binding names none", async () => {
    await enforce("p", { spec: { paramKind, validations: [{ expression: "params == null" }] } });
    created(await createConfigMap("a", {}));
  });
});

describe("what is no policy", () => {
  const spec = { matchConstraints: { resourceRules: [rule("configmaps")] }, validations: [{ expression: "true" }] };
  test.each([
    [
      "an expression that is none",
      { validations: [{ expression: "object.x ==" }] },
      "spec.validations[0].expression",
      "compilation failed: ERROR: <input>:1:",
    ],
    [
      "a name that is not there",
      { validations: [{ expression: "params.x == 1" }] },
      "spec.validations[0].expression",
      "undeclared reference to 'params' (in container '')",
    ],
    [
      "more variables than can be compiled in no time",
      {
        variables: Array.from({ length: 501 }, (_, i) => ({ name: `v${i}`, expression: "1" })),
      },
      "spec.variables",
      "must have at most 500 items",
    ],
    [
      "a variable that comes later",
      {
        variables: [
          { name: "a", expression: "variables.b" },
          { name: "b", expression: "1" },
        ],
      },
      "spec.variables[0].expression",
      "undeclared reference to 'variables'",
    ],
    [
      "a result that is no bool",
      { validations: [{ expression: "'x'" }] },
      "spec.validations[0].expression",
      "must evaluate to bool but got string",
    ],
    [
      "a message that is no string",
      { validations: [{ expression: "true", messageExpression: "1" }] },
      "spec.validations[0].messageExpression",
      "must evaluate to string but got int",
    ],
    [
      "a field of the request that it does not have",
      { validations: [{ expression: "request.x == 1" }] },
      "spec.validations[0].expression",
      "undefined field 'x'",
    ],
    [
      "no validations",
      { validations: [] },
      "spec.validations",
      "Required value: validations or auditAnnotations must contain at least one item",
    ],
    ["no rules", { matchConstraints: {} }, "spec.matchConstraints.resourceRules", "Required value"],
  ])("(%s) is refused", async (_, more, field, message) => {
    const { code, body } = await api.post(`${group}/validatingadmissionpolicies`, {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: "wrong" },
      spec: { ...spec, ...more },
    });
    expect({ code, reason: body.reason }).toEqual({ code: 422, reason: "Invalid" });
    expect(body.details.causes).toContainEqual(
      expect.objectContaining({ field, message: expect.stringContaining(message) as unknown }),
    );
  });
});
