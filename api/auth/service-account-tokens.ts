/**
 * Tokens of ServiceAccounts: makes them, and tells whose one is.
 * Source: kubernetes/pkg/serviceaccount/{claims,jwt}.go and pkg/registry/core/serviceaccount/storage/token.go.
 */
import {
  calculateJwkThumbprint,
  decodeJwt,
  errors,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importJWK,
  importPKCS8,
  jwtVerify,
  SignJWT,
} from "jose";
import type { CryptoKey, JWK, JWTPayload } from "jose";
import { secretType, serviceAccountType } from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { formatTime } from "../../crds/meta.ts";
import { isJsonObject } from "../../formats/json-object.ts";
import type { Clock } from "../../process/clock.ts";
import type { Client, Name } from "../client/client.ts";
import type { JsonObject } from "../resources/definition.ts";
import { badRequest, conflict, isAlreadyExists, isNotFound, notFound } from "../status.ts";
import type { Answerer, Question } from "../verbs/answer.ts";
import type { TokenAuthenticator, TokenUser } from "./authentication.ts";

/** In `iss`, and the audience of a token that names none. Source: kubeadm's default of --service-account-issuer. */
const tokenIssuer = "https://kubernetes.default.svc.cluster.local";

/** ES256: a key is made in a millisecond, where one for RS256 takes half a second. */
const algorithm = "ES256";
/**
 * How long before and after its time a token is still taken, and how long something that is being deleted still counts:
 * the clocks of servers differ. Source: jwt.DefaultLeeway.
 */
const leewayMs = 60_000;

const keysPath = "/openid/v1/jwks";
const keySecret = { namespace: "kube-system", name: "service-account-signing-key" };
const keySecretKind = "stowage.dev/service-account-signing-key";

interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface SigningKey {
  readonly uid: string;
  readonly id: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

interface Reference {
  readonly name: string;
  readonly uid: string;
}

/** The claim "kubernetes.io". */
interface KubernetesClaim {
  readonly namespace: string;
  readonly serviceaccount: Reference;
  readonly secret?: Reference;
}

interface TokenRequestSpec {
  readonly audiences?: readonly string[] | null;
  readonly expirationSeconds: number;
  readonly boundObjectRef?: null | {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

export interface ServiceAccountTokensOptions {
  readonly client: Pick<Client, "get" | "create">;
  /** What this server knows of an object without asking the store; undefined when that is nothing. */
  readonly cached: (type: ResourceType, name: Name) => Promise<KubeObject | undefined>;
  readonly clock: Clock;
  /** Where this server is reached. */
  readonly url: () => string;
  /** A new RFC 4122 UUID. */
  readonly uuid: () => string;
}

/**
 * Signs with a key that is kept in a Secret in kube-system, so that all servers of one store have the same. It is made
 * with the first token; whoever deletes it makes all tokens worthless.
 */
export class ServiceAccountTokens implements TokenAuthenticator {
  readonly #options: ServiceAccountTokensOptions;
  #key: SigningKey | undefined;

  constructor(options: ServiceAccountTokensOptions) {
    this.#options = options;
  }

  /** Answers a TokenRequest. Throws NotFound, BadRequest, and Conflict when the bound object has another uid. */
  readonly answer: Answerer["answer"] = async ({ object, about }: Question) => {
    const { client, clock, uuid } = this.#options;
    const spec = object["spec"] as JsonObject & TokenRequestSpec;
    const { namespace = "", name } = about;
    const account = await client.get(serviceAccountType, { namespace, name });
    const secret = await this.#boundSecret(namespace, spec.boundObjectRef);
    const audiences = (spec.audiences ?? []).length === 0 ? [tokenIssuer] : [...(spec.audiences ?? [])];
    const now = Math.floor(clock.now().getTime() / 1000);
    const expires = now + spec.expirationSeconds;
    const claim: KubernetesClaim = {
      namespace,
      serviceaccount: { name, uid: account.metadata.uid },
      ...(secret === undefined ? {} : { secret: { name: secret.metadata.name, uid: secret.metadata.uid } }),
    };
    const key = await this.#signingKey();
    const token = await new SignJWT({ "kubernetes.io": { ...claim } })
      .setProtectedHeader({ alg: algorithm, kid: key.id })
      .setIssuer(tokenIssuer)
      .setSubject(userName(namespace, name))
      .setAudience(audiences)
      .setJti(uuid())
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(expires)
      .sign(key.privateKey);
    return {
      metadata: { name, namespace, creationTimestamp: formatTime(new Date(now * 1000)) },
      spec: { ...spec, audiences },
      status: { token, expirationTimestamp: formatTime(new Date(expires * 1000)) },
    };
  };

  async authenticate(token: string, audiences: readonly string[]): Promise<TokenUser | undefined> {
    if (!isOurs(token)) return undefined;
    const wanted = audiences.length === 0 ? [tokenIssuer] : audiences;
    const payload = await this.#verify(token);
    const fitting = wanted.filter((audience) => [payload.aud].flat().includes(audience));
    if (fitting.length === 0)
      throw new Error(
        `token audiences ${JSON.stringify(payload.aud)} is invalid for the target audiences ${JSON.stringify(wanted)}`,
      );
    const claim = payload["kubernetes.io"] as KubernetesClaim;
    await this.#checkStillThere(claim);
    const { namespace, serviceaccount } = claim;
    return {
      audiences: audiences.length === 0 ? [] : fitting,
      user: {
        name: userName(namespace, serviceaccount.name),
        uid: serviceaccount.uid,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
        extra: { "authentication.kubernetes.io/credential-id": [`JTI=${payload.jti ?? ""}`] },
      },
    };
  }

  /**
   * What is served at a path for those who check tokens themselves; undefined for other paths. Source:
   * kubernetes/pkg/serviceaccount/openidmetadata.go.
   */
  async document(path: string): Promise<{ readonly type: string; readonly content: object } | undefined> {
    if (path === keysPath)
      return { type: "application/jwk-set+json", content: { keys: [(await this.#signingKey()).jwk] } };
    if (path !== "/.well-known/openid-configuration") return undefined;
    const content = {
      issuer: tokenIssuer,
      jwks_uri: `${this.#options.url()}${keysPath}`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [algorithm],
    };
    return { type: "application/json", content };
  }

  /** Throws Error, which says why. */
  async #verify(token: string): Promise<JWTPayload> {
    const key = await this.#knownKey();
    if (key === undefined) throw new Error("invalid bearer token");
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [algorithm],
        issuer: tokenIssuer,
        currentDate: this.#options.clock.now(),
        clockTolerance: leewayMs / 1000,
        requiredClaims: ["exp", "sub", "aud"],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new Error("service account token has expired", { cause: error });
      throw new Error("invalid bearer token", { cause: error });
    }
  }

  /** Throws Error, which says what is gone. */
  async #checkStillThere({ namespace, serviceaccount, secret }: KubernetesClaim): Promise<void> {
    const { name, uid } = serviceaccount;
    const account = await this.#find(serviceAccountType, { namespace, name });
    if (account === undefined) throw new Error(`serviceaccounts ${JSON.stringify(name)} not found`);
    if (this.#isGoing(account)) throw new Error(`service account ${namespace}/${name} has been deleted`);
    if (account.metadata.uid !== uid)
      throw new Error(`service account UID (${account.metadata.uid}) does not match claim (${uid})`);
    if (secret === undefined) return;
    const bound = await this.#find(secretType, { namespace, name: secret.name });
    if (bound === undefined || this.#isGoing(bound)) throw new Error("service account token has been invalidated");
    if (bound.metadata.uid !== secret.uid)
      throw new Error(
        `secret UID (${bound.metadata.uid}) does not match service account secret ref claim (${secret.uid})`,
      );
  }

  #isGoing({ metadata }: KubeObject): boolean {
    const { deletionTimestamp } = metadata;
    return (
      deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < this.#options.clock.now().getTime() - leewayMs
    );
  }

  async #boundSecret(namespace: string, ref: TokenRequestSpec["boundObjectRef"]): Promise<KubeObject | undefined> {
    if (ref === undefined || ref === null) return undefined;
    const { apiVersion = "", kind = "", name = "", uid = "" } = ref;
    if (apiVersion !== "v1" || kind !== "Secret") {
      const [version = "", group = ""] = apiVersion.split("/").toReversed();
      throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
    }
    const secret = await this.#options.client.get(secretType, { namespace, name });
    if (uid === "" || uid === secret.metadata.uid) return secret;
    throw conflict(
      { group: "", plural: "Secret" },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }

  /** From what this server knows, or else from the store. */
  async #find(type: ResourceType, name: Name): Promise<KubeObject | undefined> {
    const known = await this.#options.cached(type, name);
    if (known !== undefined) return known;
    try {
      return await this.#options.client.get(type, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #knownKey(): Promise<SigningKey | undefined> {
    const secret = (await this.#find(secretType, keySecret)) as SecretObject | undefined;
    if (secret === undefined) return undefined;
    if (this.#key?.uid !== secret.metadata.uid) this.#key = await readKey(secret);
    return this.#key;
  }

  async #signingKey(): Promise<SigningKey> {
    const known = await this.#knownKey();
    if (known !== undefined) return known;
    const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const pem = Buffer.from(await exportPKCS8(privateKey)).toString("base64");
    try {
      await this.#options.client.create(secretType, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: keySecret,
        ...{ type: keySecretKind, immutable: true, data: { "tls.key": pem } },
      });
    } catch (error) {
      // Another request, or another server, was first: its key holds for all.
      if (!isAlreadyExists(error)) throw error;
    }
    const made = await this.#knownKey();
    if (made === undefined) throw notFound(secretType, keySecret.name);
    return made;
  }
}

const userName = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

/** Whether it claims to be one of ours; who made it is looked at later. */
function isOurs(token: string): boolean {
  try {
    const { iss, "kubernetes.io": claim } = decodeJwt(token);
    return iss === tokenIssuer && isJsonObject(claim);
  } catch {
    return false;
  }
}

async function readKey({ metadata, data = {} }: SecretObject): Promise<SigningKey> {
  const pem = Buffer.from(data["tls.key"] ?? "", "base64").toString();
  const privateKey = await importPKCS8(pem, algorithm, { extractable: true });
  const { d: _private, ...jwk } = await exportJWK(privateKey);
  const publicKey = (await importJWK(jwk, algorithm)) as CryptoKey;
  const id = await calculateJwkThumbprint(jwk);
  return {
    uid: metadata.uid,
    id,
    privateKey,
    publicKey,
    jwk: { use: "sig", kid: id, alg: algorithm, ...jwk },
  };
}
