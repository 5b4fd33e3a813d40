/** One driver per Host, shared by every controller that works with it. */
import { isDeepStrictEqual } from "node:util";
import type { Host } from "../crds/host.ts";
import { DockerDriver } from "./docker/docker-driver.ts";
import type { DockerDriverOptions } from "./docker/docker-driver.ts";
import type { HostDriver, Step } from "./driver.ts";
import { RefusedCredentialsError } from "./driver.ts";

export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** Reads a Secret's data: values in base64, as the API serves them. Undefined where there is no such Secret. */
export type ReadSecret = (secret: SecretName) => Promise<Readonly<Record<string, string>> | undefined>;

const tlsKeys = ["ca.crt", "tls.crt", "tls.key"] as const;
const sshKeys = ["ssh-privatekey", "known_hosts"] as const;

/** Told of every step that a driver performed; must not throw. `error`: what it threw. */
export type OnStep = (done: {
  readonly hostName: string;
  readonly step: Step["do"];
  readonly seconds: number;
  readonly error: unknown;
}) => void;

interface Entry {
  readonly options: DockerDriverOptions;
  readonly driver: HostDriver;
}

export class DriverPool implements AsyncDisposable {
  readonly #instance: string;
  readonly #onStep: OnStep | undefined;
  readonly #entries = new Map<string, Entry>();

  /** `instance`: which control plane owns what its drivers create. */
  constructor(options: { readonly instance: string; readonly onStep?: OnStep }) {
    this.#instance = options.instance;
    this.#onStep = options.onStep;
  }

  /** The driver that {@link ensure} opened last; undefined for a Host that nobody opened. */
  get(hostName: string): HostDriver | undefined {
    return this.#entries.get(hostName)?.driver;
  }

  /**
   * The Host's driver: the same as before, unless its endpoint, its tls or ssh, or the content of its Secret changed. Then what
   * the old one has under way fails with HostUnreachableError, to be tried again with the new one. Rejects with what
   * `readSecret` rejects with, and with RefusedCredentialsError for a Secret that is not there, or not all of it. Does not
   * connect.
   */
  async ensure(host: Host, readSecret: ReadSecret): Promise<HostDriver> {
    const options = await this.#optionsOf(host, readSecret);
    const current = this.#entries.get(options.hostName);
    if (current !== undefined && isDeepStrictEqual(current.options, options)) return current.driver;
    const driver = this.#watched(DockerDriver.open(options), options.hostName);
    this.#entries.set(options.hostName, { options, driver });
    await current?.driver[Symbol.asyncDispose]();
    return driver;
  }

  /** Closes the Host's driver, if there is one. */
  async remove(hostName: string): Promise<void> {
    const entry = this.#entries.get(hostName);
    this.#entries.delete(hostName);
    await entry?.driver[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((hostName) => this.remove(hostName)));
  }

  /** The driver, which from now on tells of its steps. */
  #watched(driver: HostDriver, hostName: string): HostDriver {
    const onStep = this.#onStep;
    if (onStep === undefined) return driver;
    const perform = driver.perform.bind(driver);
    driver.perform = async (step, signal, onProgress) => {
      const began = performance.now();
      let error: unknown;
      try {
        await perform(step, signal, onProgress);
      } catch (thrown) {
        error = thrown;
        throw thrown;
      } finally {
        onStep({ hostName, step: step.do, seconds: (performance.now() - began) / 1000, error });
      }
    };
    return driver;
  }

  async #optionsOf(host: Host, readSecret: ReadSecret): Promise<DockerDriverOptions> {
    const { endpoint, tls, ssh } = host.spec.docker;
    const options = { hostName: host.metadata.name, instance: this.#instance, endpoint };
    const secretRef = tls?.secretRef ?? ssh?.secretRef;
    if (secretRef === undefined) return options;
    const data = await readSecret(secretRef);
    if (tls === undefined) {
      const [privateKey, knownHosts] = textsOf(secretRef, data, sshKeys);
      return { ...options, ssh: { privateKey, knownHosts } };
    }
    const [ca, cert, key] = textsOf(secretRef, data, tlsKeys);
    const { serverName } = tls;
    return { ...options, tls: { ca, cert, key, ...(serverName === undefined ? {} : { serverName }) } };
  }
}

/** What the Secret has under `keys`, in their order. */
function textsOf<const Keys extends readonly string[]>(
  { namespace, name }: SecretName,
  data: Readonly<Record<string, string>> | undefined,
  keys: Keys,
): { readonly [I in keyof Keys]: string } {
  const missing = keys.filter((key) => data?.[key] === undefined);
  if (missing.length > 0) {
    const what = `Cannot connect: Secret "${namespace}/${name}", which the Host names,`;
    throw new RefusedCredentialsError(
      data === undefined
        ? `${what} does not exist: create it with the keys ${keys.join(", ")}`
        : `${what} lacks ${missing.join(", ")}: add it`,
    );
  }
  return keys.map((key) => Buffer.from(data?.[key] ?? "", "base64").toString()) as {
    readonly [I in keyof Keys]: string;
  };
}
