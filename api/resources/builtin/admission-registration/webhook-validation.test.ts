import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../definition.ts";
import { mutatingWebhookConfigurations } from "./webhook-configuration.ts";

const webhook = (more: object = {}): JsonObject => ({
  name: "check.example.com",
  clientConfig: { url: "https://check.example.com/it" },
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  rules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
  ...more,
});

const configuration = (...webhooks: readonly JsonObject[]): JsonObject => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  metadata: { name: "checks" },
  webhooks,
});

/** `path: message` of everything that is wrong with it. */
function problems(...webhooks: readonly JsonObject[]): readonly string[] {
  const object = structuredClone(configuration(...webhooks));
  mutatingWebhookConfigurations.schema.prune(object);
  mutatingWebhookConfigurations.schema.applyDefaults(object);
  const causes = mutatingWebhookConfigurations.prepareForCreate?.(object, new Date(0)) ?? [];
  return causes.map(({ field, message }) => `${field ?? ""}: ${message ?? ""}`);
}

test("defaults are those of admissionregistration.k8s.io/v1", () => {
  const object = configuration(
    webhook({ clientConfig: { service: { namespace: "default", name: "check" } }, rules: [{ operations: ["*"] }] }),
  );
  mutatingWebhookConfigurations.schema.applyDefaults(object);
  expect(object["webhooks"]).toEqual([
    {
      ...webhook(),
      clientConfig: { service: { namespace: "default", name: "check", port: 443 } },
      rules: [{ operations: ["*"], scope: "*" }],
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      reinvocationPolicy: "Never",
    },
  ]);
});

// The words are those that kube-apiserver 1.20 answered to the same bodies.
describe("what is wrong with a webhook", () => {
  const url = (text: string): object => ({ clientConfig: { url: text } });
  const service = (more: object): object => ({ clientConfig: { service: { namespace: "a", name: "b", ...more } } });
  const rule = (more: object): object => ({
    rules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], ...more }],
  });
  const form = "; desired format: https://host[/path]";
  test.each<readonly [object, readonly string[]]>([
    [{}, []],
    [{ name: "" }, ["name: Required value"]],
    [
      { name: "check" },
      ['name: Invalid value: "check": should be a domain with at least three segments separated by dots'],
    ],
    [{ sideEffects: undefined }, ["sideEffects: Required value: must specify one of None, NoneOnDryRun"]],
    [{ sideEffects: "Some" }, ['sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"']],
    [{ admissionReviewVersions: [] }, ["admissionReviewVersions: Required value: must specify one of v1, v1beta1"]],
    [
      { admissionReviewVersions: ["v2"] },
      ['admissionReviewVersions: Invalid value: []string{"v2"}: must include at least one of v1, v1beta1'],
    ],
    [{ admissionReviewVersions: ["v1", "v1"] }, ['admissionReviewVersions[1]: Invalid value: "v1": duplicate version']],
    [{ timeoutSeconds: 31 }, ["timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"]],
    [{ failurePolicy: "X" }, ['failurePolicy: Unsupported value: "X": supported values: "Fail", "Ignore"']],
    [{ matchPolicy: "X" }, ['matchPolicy: Unsupported value: "X": supported values: "Equivalent", "Exact"']],
    [
      { reinvocationPolicy: "X" },
      ['reinvocationPolicy: Unsupported value: "X": supported values: "IfNeeded", "Never"'],
    ],
    [{ clientConfig: {} }, ["clientConfig: Required value: exactly one of url or service is required"]],
    [url("http://x/y"), [`clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${form}`]],
    [url("https://"), [`clientConfig.url: Invalid value: "": host must be provided${form}`]],
    [
      url("https://u:p@x/y?q=1#f"),
      [
        'clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL',
        'clientConfig.url: Invalid value: "f": fragments are not permitted in the URL',
        'clientConfig.url: Invalid value: "q=1": query parameters are not permitted in the URL',
      ],
    ],
    [
      url("https://x y/"),
      [
        `clientConfig.url: Required value: url must be a valid URL: parse "https://x y/": invalid character " " in host name${form}`,
      ],
    ],
    [
      url("https://x/%zz"),
      [
        `clientConfig.url: Required value: url must be a valid URL: parse "https://x/%zz": invalid URL escape "%zz"${form}`,
      ],
    ],
    [service({ name: "" }), ["clientConfig.service.name: Required value: service name is required"]],
    [
      service({ port: 70_000 }),
      ["clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive"],
    ],
    [service({ path: "xy" }), [`clientConfig.service.path: Invalid value: "xy": must start with a '/'`]],
    [service({ path: "/a//b/" }), ['clientConfig.service.path: Invalid value: "/a//b/": segment[1] may not be empty']],
    [rule({ operations: [] }), ["rules[0].operations: Required value"]],
    [
      rule({ operations: ["*", "CREATE"] }),
      [
        `rules[0].operations: Invalid value: []admissionregistration.OperationType{"*", "CREATE"}: if '*' is present, must not specify other operations`,
      ],
    ],
    [
      rule({ apiGroups: ["*", "a"] }),
      [`rules[0].apiGroups: Invalid value: []string{"*", "a"}: if '*' is present, must not specify other API groups`],
    ],
    [rule({ apiVersions: [""] }), ["rules[0].apiVersions[0]: Required value"]],
    [
      rule({ resources: ["a/*", "a/b"] }),
      [`rules[0].resources[1]: Invalid value: "a/b": if 'a/*' is present, must not specify a/b`],
    ],
    [
      rule({ resources: ["*", "a"] }),
      [
        `rules[0].resources: Invalid value: []string{"*", "a"}: if '*' is present, must not specify other resources without subresources`,
      ],
    ],
    [rule({ scope: "X" }), ['rules[0].scope: Unsupported value: "X": supported values: "*", "Cluster", "Namespaced"']],
    [
      { namespaceSelector: { matchExpressions: [{ key: "a", operator: "In" }] } },
      [
        "namespaceSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      { objectSelector: { matchExpressions: [{ key: "a", operator: "Zap" }] } },
      ['objectSelector.matchExpressions[0].operator: Invalid value: "Zap": not a valid selector operator'],
    ],
    [
      { matchConditions: [{ name: "", expression: "" }] },
      ["matchConditions[0].expression: Required value", "matchConditions[0].name: Required value"],
    ],
    [
      { matchConditions: [{ name: "a", expression: "1" }] },
      ['matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int'],
    ],
  ])("%j", (more, expected) => {
    expect(problems(webhook(more))).toEqual(expected.map((problem) => `webhooks[0].${problem}`));
  });

  test("names are unique, and so are those of conditions", () => {
    const matchConditions = ["a", "a"].map((name) => ({ name, expression: "true" }));
    expect(problems(webhook({ matchConditions }), webhook())).toEqual([
      'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
      'webhooks[1].name: Duplicate value: "check.example.com"',
    ]);
  });
});
