/** kubectl with webhooks and policies in force. Skips where there is none. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Webhook } from "../lab/webhook.ts";
import { startWebhook } from "../lab/webhook.ts";
import { configMap, kubectlMissing, KubectlUser } from "./kubectl-user.ts";

if (kubectlMissing !== undefined) console.log(`skipped: kubectl with admission, because ${kubectlMissing}`);

/** Labels every Container; denies those of an image called "forbidden". */
function answer(body: unknown): unknown {
  const { uid, object } = (body as { request: { uid: string; object: { spec: { image: string } } } }).request;
  const patch = [{ op: "add", path: "/metadata/labels", value: { "example.com/seen": "yes" } }];
  const response =
    object.spec.image === "forbidden"
      ? { uid, allowed: false, status: { message: "that image is forbidden", code: 403, reason: "Forbidden" } }
      : { uid, allowed: true, patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response };
}

const container = (name: string, image: string): string => `
apiVersion: stowage.dev/v1alpha1
kind: Container
metadata: { name: ${name}, namespace: default }
spec: { image: ${image}, runState: Stopped }
`;

const policy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: short-names }
spec:
  matchConstraints:
    resourceRules: [{ operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [configmaps] }]
  validations:
    - expression: size(object.metadata.name) < 6
      messageExpression: "'the name ' + object.metadata.name + ' is too long'"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: short-names }
spec: { policyName: short-names, validationActions: [Warn] }
`;

describe.skipIf(kubectlMissing !== undefined)("kubectl", () => {
  let folder: string;
  let webhook: Webhook;
  let user: KubectlUser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "stowage-kubectl-admission-"));
    [webhook, user] = await Promise.all([startWebhook(folder, answer), KubectlUser.start()]);
  });
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await webhook[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("applies a webhook, shows it, and meets it", async () => {
    const { url, caBundle } = webhook.clientConfig;
    const configuration = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: containers }
webhooks:
  - name: containers.example.com
    clientConfig: { url: "${url}", caBundle: "${caBundle}" }
    rules: [{ operations: [CREATE], apiGroups: [stowage.dev], apiVersions: ["*"], resources: [containers], scope: "*" }]
    sideEffects: None
    admissionReviewVersions: [v1]
`;
    const created = "mutatingwebhookconfiguration.admissionregistration.k8s.io/containers";
    expect(await user.ok("apply -f -", configuration)).toBe(`${created} created`);
    expect(await user.ok("apply -f -", configuration)).toBe(`${created} unchanged`);
    expect(await user.ok("get mutatingwebhookconfigurations")).toMatch(/^NAME +WEBHOOKS +AGE\ncontainers +1 +\d+s$/);
    expect(await user.ok("describe mutatingwebhookconfiguration containers")).toMatch(/Failure Policy: +Fail/);
    expect(await user.ok("explain mutatingwebhookconfiguration.webhooks.reinvocationPolicy")).toContain("IfNeeded");

    await user.ok("apply -f -", container("web", "nginx"));
    expect(await user.ok("get container web --show-labels --no-headers")).toContain("example.com/seen=yes");
    expect(await user.fails("apply -f -", container("bad", "forbidden"))).toContain(
      'Error from server (Forbidden): error when creating "STDIN": admission webhook "containers.example.com" denied the request: that image is forbidden',
    );
    // What the webhook put in is in force, and not the user's: applying the same again changes nothing.
    expect(await user.ok("apply -f -", container("web", "nginx"))).toBe("container.stowage.dev/web unchanged");
  });

  test("applies a policy, is warned, and is refused", async () => {
    expect(await user.ok("apply -f -", policy)).toContain("short-names created");
    expect(await user.ok("get validatingadmissionpolicies")).toMatch(
      /^NAME +VALIDATIONS +PARAMKIND +AGE\nshort-names +1 +<unset> +\d+s$/,
    );
    expect(await user.ok("get validatingadmissionpolicybindings")).toMatch(
      /^NAME +POLICYNAME +PARAMREF +AGE\nshort-names +short-names +<unset> +\d+s$/,
    );
    const { code, stderr } = await user.run("apply -f -", configMap("long-name", {}));
    const said = "ValidatingAdmissionPolicy 'short-names' with binding 'short-names'";
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `Warning: Validation failed for ${said}: the name long-name is too long\n`,
    });
    const patch = '{"spec":{"validationActions":["Deny"]}}';
    await user.ok(["patch", "validatingadmissionpolicybinding", "short-names", "--type=merge", "-p", patch]);
    expect(await user.fails("create configmap longer-name")).toBe(
      `error: failed to create configmap: configmaps "longer-name" is forbidden: ${said} denied request: the name longer-name is too long`,
    );
    await user.ok("create configmap short");
  });
});
