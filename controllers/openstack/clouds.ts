import { createHmac } from "node:crypto";
import type { Client } from "../../api/client/client.ts";
import { secretType } from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import type { Cloud } from "../../crds/openstack/cloud.ts";
import { admits, clouds as cloudType, projectAnnotation } from "../../crds/openstack/cloud.ts";
import type { CloudRef, CredentialsChoice } from "../../crds/openstack/external.ts";
import { credentialsFinalizer } from "../../crds/openstack/external.ts";
import type { Service } from "../../openstack/service.ts";
import type { CloudSurvey } from "../../openstack/session.ts";
import type { Cache } from "../runtime/reconciler.ts";
import { InvalidError, WaitingError } from "./actuator.ts";

export interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** One cloud of a clouds.yaml, connected to. */
export interface OpenCloud extends AsyncDisposable {
  readonly service: Service;
  /** Where it is, for people; the same for all who speak to one cloud. */
  readonly place: string;
  /** Signs in, and looks at what there is. Throws OpenStackError. */
  survey(signal?: AbortSignal): Promise<CloudSurvey>;
}

/** Which cloud of a clouds.yaml is meant, and what it may be used for. */
interface Choice {
  readonly cloudName: string;
  /** Instead of what clouds.yaml says. */
  readonly regionName?: string | undefined;
  /** The id of the one project that may be acted in, whichever clouds.yaml names. */
  readonly onlyProject?: string | undefined;
}

/**
 * Reads `cloudName` out of clouds.yaml and makes a session for it, without a request. Throws an Error that says what is
 * wrong with the text; it never quotes a secret.
 */
export type Connect = (
  source: Choice & { readonly cloudsYaml: string; readonly cacert: string | undefined },
) => OpenCloud;

export interface CloudsOptions {
  readonly client: Pick<Client, "patch">;
  readonly secrets: Cache<Secret>;
  readonly clouds: Cache<Cloud>;
  readonly namespaces: Cache<KubeObject>;
  readonly connect: Connect;
}

/** A Cloud as one namespace may use it. */
interface Lent {
  readonly cloud: Cloud;
  /** The project that the namespace is bound to; undefined where it is bound to none. */
  readonly project: string | undefined;
}

interface Entry {
  /** Of the Secret that it was made from. */
  readonly version: string;
  readonly cloud: OpenCloud;
}

/**
 * A session for each Secret and cloud name that objects speak with, and for each Cloud and project, made anew when the
 * Secret or the Cloud changes.
 */
export class Clouds implements AsyncDisposable {
  readonly #options: CloudsOptions;
  readonly #open = new Map<string, Entry>();

  constructor(options: CloudsOptions) {
    this.#options = options;
  }

  /**
   * For an object of `namespace`. Throws WaitingError where the Secret does not have what it takes, or the Cloud does not
   * admit the namespace: their change wakes whoever waits.
   */
  async open(namespace: string, { cloudCredentialsRef, cloudRef }: CredentialsChoice): Promise<OpenCloud> {
    if (cloudRef !== undefined) return this.#openLent(namespace, cloudRef);
    if (cloudCredentialsRef === undefined) throw new InvalidError("cloudCredentialsRef or cloudRef is missing");
    const { secretName, cloudName } = cloudCredentialsRef;
    const secret = this.#secret(namespace, secretName);
    return this.#session(`secret ${namespace}/${secretName}/${cloudName}`, "", secret, { cloudName }, () =>
      this.#hold(secretType, secret),
    );
  }

  /** Tells of the Cloud no more than that: who uses it may be nobody who may read it. */
  async #openLent(namespace: string, cloudRef: CloudRef): Promise<OpenCloud> {
    const { cloud, project } = this.#lent(namespace, cloudRef);
    const { name, uid } = cloud.metadata;
    const { cloudName, regionName } = cloud.spec;
    try {
      const secret = this.#secretOf(cloud);
      const version = JSON.stringify([uid, cloudName, regionName]);
      const choice = { cloudName, regionName, onlyProject: project };
      return await this.#session(`cloud ${name}/${project ?? ""}`, version, secret, choice, async () => {
        await this.#hold(cloudType, cloud);
        await this.#hold(secretType, secret);
      });
    } catch (error) {
      if (!(error instanceof WaitingError)) throw error;
      throw new WaitingError(`Waiting for the credentials of Cloud "${name}" to be put right: its conditions say how`);
    }
  }

  /** One that says the same of a Cloud that is not there and of one that admits others. */
  #lent(namespace: string, { name }: CloudRef): Lent {
    const { clouds, namespaces } = this.#options;
    const [cloud, user] = [clouds.get(name), namespaces.get(namespace)];
    // What is not known of a namespace may be that it is bound.
    if (cloud === undefined || user === undefined || !this.lends(cloud, namespace))
      throw new WaitingError(
        `Waiting for a Cloud "${name}" that admits namespace "${namespace}": name it in spec.namespaces of the Cloud`,
      );
    const project = user.metadata.annotations?.[projectAnnotation];
    if (project === "")
      throw new WaitingError(`Waiting for the annotation ${projectAnnotation} of the namespace to name a project`);
    return { cloud, project };
  }

  /** Whether objects of `namespace` may use the Cloud now. */
  lends({ spec }: Cloud, namespace: string): boolean {
    const user = this.#options.namespaces.get(namespace);
    return user !== undefined && admits(spec, user);
  }

  async #session(
    key: string,
    of: string,
    secret: Secret,
    choice: Choice,
    hold: () => Promise<void>,
  ): Promise<OpenCloud> {
    const version = `${of} ${secret.metadata.uid}/${JSON.stringify(secret.data)}`;
    if (this.#open.get(key)?.version !== version) await hold();
    // Another object may have had it opened meanwhile.
    const known = this.#open.get(key);
    if (known?.version === version) return known.cloud;
    const cloud = this.#connect(secret, choice);
    this.#open.set(key, { version, cloud });
    // Lets what is under way end first.
    void known?.cloud[Symbol.asyncDispose]();
    return cloud;
  }

  #connect(secret: Secret, choice: Choice): OpenCloud {
    const { name } = secret.metadata;
    const cloudsYaml = valueOf(secret, "clouds.yaml");
    if (cloudsYaml === undefined) throw new WaitingError(`Secret "${name}" has no key clouds.yaml`);
    try {
      return this.#options.connect({ cloudsYaml, cacert: valueOf(secret, "cacert"), ...choice });
    } catch (error) {
      throw new WaitingError(`Secret "${name}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /**
   * What a Cloud is like to its own credentials, asked for with a token of its own, so that they are known to be good.
   * Throws OpenStackError, and WaitingError where the Secret does not have what it takes.
   */
  async survey(cloud: Cloud, signal: AbortSignal): Promise<CloudSurvey> {
    const { cloudName, regionName } = cloud.spec;
    await using open = this.#connect(this.#secretOf(cloud), { cloudName, regionName });
    return await open.survey(signal);
  }

  #secretOf({ spec }: Cloud): Secret {
    const { namespace, name } = spec.credentials.secretRef;
    return this.#secret(namespace, name);
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

  /** Another one when what {@link open} comes to may be another. */
  versionOf(namespace: string, { cloudCredentialsRef, cloudRef }: CredentialsChoice): string | undefined {
    const { secrets, clouds, namespaces } = this.#options;
    if (cloudRef === undefined)
      return secrets.get(`${namespace}/${cloudCredentialsRef?.secretName ?? ""}`)?.metadata.resourceVersion;
    const [cloud, user] = [clouds.get(cloudRef.name), namespaces.get(namespace)];
    if (cloud === undefined || user === undefined) return undefined;
    return JSON.stringify([
      ...[cloud.metadata.uid, cloud.metadata.generation, this.secretVersion(cloud)],
      ...[this.lends(cloud, namespace), user.metadata.annotations?.[projectAnnotation]],
    ]);
  }

  /** Another one when the Secret of a Cloud was changed; undefined where there is none. */
  secretVersion({ spec }: Cloud): string | undefined {
    return this.#options.secrets.get(secretKeyOf(spec))?.metadata.resourceVersion;
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

  /** Keeps a Secret or a Cloud as long as objects need it to clean up: see credentials-guard.ts. As good twice as once. */
  async #hold(type: ResourceType, { apiVersion, kind, metadata }: KubeObject): Promise<void> {
    const { namespace, name, uid, finalizers = [], deletionTimestamp } = metadata;
    if (finalizers.includes(credentialsFinalizer) || deletionTimestamp !== undefined) return;
    // The uid keeps it from being made anew where it is gone.
    const body = {
      apiVersion,
      kind,
      metadata: { ...(namespace !== undefined && { namespace }), name, uid, finalizers: [credentialsFinalizer] },
    };
    await this.#options.client.patch(type, { namespace, name }, { type: "apply", body });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ cloud }) => cloud[Symbol.asyncDispose]()));
    this.#open.clear();
  }
}

/** `namespace/name` of the Secret of a Cloud. */
export const secretKeyOf = ({ credentials: { secretRef } }: Cloud["spec"]): string =>
  `${secretRef.namespace}/${secretRef.name}`;

function valueOf({ data }: Secret, key: string, encoding: "utf8" | "base64" = "utf8"): string | undefined {
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString(encoding);
}
