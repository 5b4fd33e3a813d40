/** ServiceAccounts and their tokens. */
import type { JWTPayload } from "jose";
import { decodeJwt, decodeProtectedHeader, importPKCS8, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { secretType, serviceAccountType } from "../../crds/core.ts";
import { EtcdStore } from "../../api/storage/etcd.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import { eventually } from "../lab/stowage.ts";
import type { Answer } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";
import { KubectlUser, kubectlMissing } from "./kubectl-user.ts";

const at = "/api/v1/namespaces/default/serviceaccounts";
const account = (name: string) => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { namespace: "default", name },
});

interface TokenRequest {
  readonly spec: { readonly audiences: readonly string[]; readonly expirationSeconds: number };
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

async function tokenOf(api: ApiOverHttps, name: string, spec: object = {}): Promise<string> {
  const { code, body, text } = await api.post(`${at}/${name}/token`, { spec });
  expect(code, text).toBe(201);
  return (body as unknown as TokenRequest).status.token;
}

const as = (api: ApiOverHttps, token: string, method: string, path: string, body?: unknown): Promise<Answer> =>
  api.request(method, path, { anonymous: true, headers: { authorization: `Bearer ${token}` }, body });

function claimsOf(token: string): JWTPayload & { readonly kid: string } {
  return { ...decodeJwt(token), kid: decodeProtectedHeader(token).kid ?? "" };
}

const configMaps = "/api/v1/namespaces/default/configmaps";
const whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

async function isTaken(api: ApiOverHttps, token: string): Promise<boolean> {
  const { code } = await as(api, token, "POST", whoAmI, {});
  expect([201, 401]).toContain(code);
  return code === 201;
}

describe("a token", () => {
  test("says who somebody is, and lets them do no more than everybody may", async () => {
    await using api = await ApiOverHttps.open();
    const { metadata } = await api.client.create(serviceAccountType, account("bot"));
    const token = await tokenOf(api, "bot");
    const { body } = await as(api, token, "POST", whoAmI, {});
    expect(body.status).toMatchObject({
      userInfo: {
        username: "system:serviceaccount:default:bot",
        uid: (metadata as { uid?: string }).uid,
        groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
      },
    });
    expect((await as(api, token, "GET", "/apis")).code).toBe(200);
    const refused = await as(api, token, "GET", configMaps);
    expect(refused.code).toBe(403);
    expect(refused.body.message).toBe(
      'configmaps is forbidden: User "system:serviceaccount:default:bot" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
  });

  test("is for an hour and for the API server, unless something else is asked for", async () => {
    await using api = await ApiOverHttps.open();
    await api.client.create(serviceAccountType, account("bot"));
    const { body } = await api.post(`${at}/bot/token`, {});
    const { spec, status } = body as unknown as TokenRequest;
    expect(spec.expirationSeconds).toBe(3600);
    const left = Date.parse(status.expirationTimestamp) - Date.now();
    expect(left).toBeGreaterThan(3590_000);
    expect(left).toBeLessThanOrEqual(3600_000);
    const vault = await tokenOf(api, "bot", { audiences: ["vault"], expirationSeconds: 600 });
    expect(await isTaken(api, vault)).toBe(false);
    const review = (audiences: readonly string[]) =>
      api.post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token: vault, audiences } });
    expect((await review(["vault", "other"])).body.status).toMatchObject({ authenticated: true, audiences: ["vault"] });
    const other = (await review(["other"])).body.status as unknown as { authenticated?: boolean; error: string };
    expect(other.authenticated).toBeUndefined();
    expect(other.error).toContain('token audiences ["vault"] is invalid for the target audiences ["other"]');
  });

  test.each([
    {
      why: "too short a time",
      spec: { expirationSeconds: 599 },
      code: 422,
      says: "may not specify a duration less than 10 minutes",
    },
    {
      why: "a bound Pod",
      spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "a" } },
      code: 400,
      says: "cannot bind token to object of type",
    },
    {
      why: "a bound Secret that is not there",
      spec: { boundObjectRef: { apiVersion: "v1", kind: "Secret", name: "a" } },
      code: 404,
      says: 'secrets "a" not found',
    },
  ])("with $why is refused", async ({ spec, code, says }) => {
    await using api = await ApiOverHttps.open();
    await api.client.create(serviceAccountType, account("bot"));
    const answer = await api.post(`${at}/bot/token`, { spec });
    expect(answer.code).toBe(code);
    expect(answer.body.message).toContain(says);
    expect((await api.post(`${at}/nobody/token`, {})).code).toBe(404);
  });

  test("ends with its account, also when another of the same name comes", async () => {
    await using api = await ApiOverHttps.open();
    await api.client.create(serviceAccountType, account("bot"));
    const token = await tokenOf(api, "bot");
    expect(await isTaken(api, token)).toBe(true);
    await api.client.delete(serviceAccountType, { namespace: "default", name: "bot" });
    await eventually("the token is worthless", async () => !(await isTaken(api, token)));
    await api.client.create(serviceAccountType, account("bot"));
    expect(await isTaken(api, token)).toBe(false);
    expect(await isTaken(api, await tokenOf(api, "bot"))).toBe(true);
  });

  test("ends with the Secret that it is bound to", async () => {
    await using api = await ApiOverHttps.open();
    await api.client.create(serviceAccountType, account("bot"));
    await api.client.create(secretType, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "default", name: "lifetime" },
    });
    const token = await tokenOf(api, "bot", { boundObjectRef: { apiVersion: "v1", kind: "Secret", name: "lifetime" } });
    expect(await isTaken(api, token)).toBe(true);
    await api.client.delete(secretType, { namespace: "default", name: "lifetime" });
    await eventually("the token is worthless", async () => !(await isTaken(api, token)));
  });

  test("that was tampered with, made elsewhere or is none is refused", async () => {
    await using api = await ApiOverHttps.open();
    await using elsewhere = await ApiOverHttps.open();
    for (const one of [api, elsewhere]) await one.client.create(serviceAccountType, account("bot"));
    const token = await tokenOf(api, "bot");
    const [head = "", payload = "", signature = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { sub: string };
    const root = Buffer.from(JSON.stringify({ ...claims, sub: "system:serviceaccount:default:root" })).toString(
      "base64url",
    );
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    const bad = [`${head}.${root}.${signature}`, `${none}.${payload}.`, await tokenOf(elsewhere, "bot"), "x", "a.b.c"];
    for (const one of bad) expect(await isTaken(api, one)).toBe(false);
  });

  // So that two servers need not have the same second. Source: jwt.DefaultLeeway.
  test("is good a minute before it begins and after it ends, and no longer", async () => {
    await using api = await ApiOverHttps.open();
    await api.client.create(serviceAccountType, account("bot"));
    const { kid, ...claims } = claimsOf(await tokenOf(api, "bot"));
    const { data } = (await api.get("/api/v1/namespaces/kube-system/secrets/service-account-signing-key")).body;
    const key = await importPKCS8(Buffer.from(data["tls.key"] ?? "", "base64").toString(), "ES256");
    const now = Math.floor(Date.now() / 1000);
    const during = (nbf: number, exp: number) =>
      new SignJWT({ ...claims, nbf, exp }).setProtectedHeader({ alg: "ES256", kid }).sign(key);
    expect(await isTaken(api, await during(now + 40, now + 600))).toBe(true);
    expect(await isTaken(api, await during(now + 90, now + 600))).toBe(false);
    expect(await isTaken(api, await during(now - 600, now - 20))).toBe(true);
    expect(await isTaken(api, await during(now - 600, now - 90))).toBe(false);
  });

  test.skipIf(etcdMissing !== undefined)("is good at every server of one etcd", async () => {
    await using etcd = await Etcd.start();
    const open = () => ApiOverHttps.open({}, () => EtcdStore.open({ endpoints: [etcd.endpoint], prefix: "/registry" }));
    await using one = await open();
    await using other = await open();
    await one.client.create(serviceAccountType, account("bot"));
    const [a, b] = await Promise.all([tokenOf(one, "bot"), tokenOf(other, "bot")]);
    for (const api of [one, other]) for (const token of [a, b]) expect(await isTaken(api, token)).toBe(true);
  });
});

test("others can check tokens by the issuer's documents", async () => {
  await using api = await ApiOverHttps.open();
  await api.client.create(serviceAccountType, account("bot"));
  const token = await tokenOf(api, "bot");
  const { body } = await as(api, token, "GET", "/.well-known/openid-configuration");
  expect(body).toEqual({
    issuer: "https://kubernetes.default.svc.cluster.local",
    jwks_uri: `${api.api.url}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  });
  const keys = await as(api, token, "GET", "/openid/v1/jwks");
  expect(keys.headers["content-type"]).toBe("application/jwk-set+json");
  expect(keys.body).toMatchObject({ keys: [{ kty: "EC", crv: "P-256", alg: "ES256", use: "sig" }] });
  expect(keys.text).not.toContain('"d"');
});

test.skipIf(kubectlMissing !== undefined)("every namespace has an account, and kubectl gets tokens of it", async () => {
  await using user = await KubectlUser.start();
  await user.ok("create namespace shop");
  await user.ok("wait sa/default -n shop --for=create");
  await user.ok("delete sa default -n shop");
  await user.ok("wait sa/default -n shop --for=create");
  const token = await user.ok(
    "create token default -n shop --duration=20m --audience=https://kubernetes.default.svc.cluster.local",
  );
  expect(token.split(".")).toHaveLength(3);
  await user.ok("create serviceaccount bot");
  expect(await user.ok("get sa")).toMatch(/^NAME +SECRETS +AGE\nbot +0 +\d+s\ndefault +0 +\d+s$/);
  expect(await user.ok("describe sa bot")).toContain("Image pull secrets:  <none>");
  await user.ok("delete namespace shop");
  expect(await user.fails("get sa default -n shop")).toContain("NotFound");
});
