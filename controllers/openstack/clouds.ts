import { createHmac } from "node:crypto";
import type { Client } from "../../api/client/client.ts";
import { secretType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { CloudCredentialsRef } from "../../crds/openstack/external.ts";
import { credentialsFinalizer } from "../../crds/openstack/external.ts";
import type { Service } from "../../openstack/service.ts";
import type { Cache } from "../runtime/reconciler.ts";
import { WaitingError } from "./actuator.ts";

export interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** One cloud of a clouds.yaml, connected to. */
export interface OpenCloud extends AsyncDisposable {
  readonly service: Service;
  /** Where it is, for people; the same for all who speak to one cloud. */
  readonly place: string;
}

/**
 * Reads `cloudName` out of clouds.yaml and makes a session for it, without a request. Throws an Error that says what is
 * wrong with the text; it never quotes a secret.
 */
export type Connect = (source: {
  readonly cloudsYaml: string;
  readonly cacert: string | undefined;
  readonly cloudName: string;
}) => OpenCloud;

export interface CloudsOptions {
  readonly client: Pick<Client, "patch">;
  readonly secrets: Cache<Secret>;
  readonly connect: Connect;
}

interface Entry {
  /** Of the Secret that it was made from. */
  readonly version: string;
  readonly cloud: OpenCloud;
}

/** A session for each Secret and cloud name that objects speak with, made anew when the Secret changes. */
export class Clouds implements AsyncDisposable {
  readonly #options: CloudsOptions;
  readonly #open = new Map<string, Entry>();

  constructor(options: CloudsOptions) {
    this.#options = options;
  }

  /** Throws WaitingError where the Secret does not have what it takes: its change wakes whoever waits. */
  async open(namespace: string, { secretName, cloudName }: CloudCredentialsRef): Promise<OpenCloud> {
    const secret = this.#secret(namespace, secretName);
    const key = `${namespace}/${secretName}/${cloudName}`;
    const version = `${secret.metadata.uid}/${JSON.stringify(secret.data)}`;
    if (this.#open.get(key)?.version !== version) await this.#hold(secret);
    // Another object may have had it opened meanwhile.
    const known = this.#open.get(key);
    if (known?.version === version) return known.cloud;
    const cloud = this.#connect(secret, cloudName);
    this.#open.set(key, { version, cloud });
    // Lets what is under way end first.
    void known?.cloud[Symbol.asyncDispose]();
    return cloud;
  }

  #connect(secret: Secret, cloudName: string): OpenCloud {
    const { name } = secret.metadata;
    const cloudsYaml = valueOf(secret, "clouds.yaml");
    if (cloudsYaml === undefined) throw new WaitingError(`Secret "${name}" has no key clouds.yaml`);
    try {
      return this.#options.connect({ cloudsYaml, cacert: valueOf(secret, "cacert"), cloudName });
    } catch (error) {
      throw new WaitingError(`Secret "${name}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** One value of a Secret of the namespace. Throws WaitingError where it is not there. */
  secret(namespace: string, name: string, key: string, encoding?: "utf8" | "base64"): Promise<string> {
    return Promise.resolve(this.#value(this.#secret(namespace, name), key, encoding));
  }

  /**
   * A digest of a value, keyed by the uid of its Secret: that is random, and only who reads the Secret comes by it. Those
   * of different owners differ, so that none tells who has the same password. Throws like {@link secret}.
   */
  secretMark(namespace: string, name: string, key: string, owner: string): string {
    const secret = this.#secret(namespace, name);
    const value = this.#value(secret, key);
    return createHmac("sha256", secret.metadata.uid).update(`${owner} ${value}`).digest("base64url");
  }

  /** Another one when the Secret was changed; undefined where there is none. */
  versionOf(namespace: string, name: string): string | undefined {
    return this.#options.secrets.get(`${namespace}/${name}`)?.metadata.resourceVersion;
  }

  #value(secret: Secret, key: string, encoding?: "utf8" | "base64"): string {
    const value = valueOf(secret, key, encoding);
    if (value !== undefined) return value;
    throw new WaitingError(`Waiting for Secret "${secret.metadata.name}" to have the key ${key}`);
  }

  #secret(namespace: string, name: string): Secret {
    const secret = this.#options.secrets.get(`${namespace}/${name}`);
    if (secret === undefined) throw new WaitingError(`Waiting for Secret "${name}" to be created`);
    return secret;
  }

  /** Keeps the Secret as long as objects need it to clean up: see credentials-guard.ts. As good twice as once. */
  async #hold({ apiVersion, kind, metadata }: Secret): Promise<void> {
    const { namespace, name, uid, finalizers = [], deletionTimestamp } = metadata;
    if (finalizers.includes(credentialsFinalizer) || deletionTimestamp !== undefined) return;
    // The uid keeps it from being made anew where it is gone.
    const body = {
      apiVersion,
      kind,
      metadata: { namespace: namespace ?? "", name, uid, finalizers: [credentialsFinalizer] },
    };
    await this.#options.client.patch(secretType, { namespace, name }, { type: "apply", body });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ cloud }) => cloud[Symbol.asyncDispose]()));
    this.#open.clear();
  }
}

function valueOf({ data }: Secret, key: string, encoding: "utf8" | "base64" = "utf8"): string | undefined {
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString(encoding);
}
