/** What a user of one server does and sees, for end-to-end scenarios. */
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { findCondition } from "../../controllers/runtime/conditions.ts";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import type { Condition } from "../../crds/meta.ts";
import type { StowageServer } from "./stowage.ts";
import { eventually } from "./stowage.ts";

export class Scenario {
  readonly #server: StowageServer;

  constructor(server: StowageServer) {
    this.#server = server;
  }

  /** `stowage apply`; throws what it says where it fails. */
  async apply(file: string): Promise<void> {
    const { code, stderr } = await this.#server.cli(["apply", "-f", "-"], await readFile(file, "utf8"));
    if (code !== 0) throw new Error(`stowage apply -f ${file} ended with ${code}: ${stderr}`);
  }

  /** `stowage apply` of what is there, with other fields in its spec. */
  async change(name: string, fields: object): Promise<void> {
    const { apiVersion, kind, metadata, spec } = await this.container(name);
    const changed = {
      apiVersion,
      kind,
      metadata: { name, namespace: metadata.namespace },
      spec: { ...spec, ...fields },
    };
    const { code, stderr } = await this.#server.cli(["apply", "-f", "-"], JSON.stringify(changed));
    if (code !== 0) throw new Error(`stowage apply of ${name} ended with ${code}: ${stderr}`);
  }

  async delete(name: string): Promise<void> {
    const { code, stderr } = await this.#server.cli(["delete", "container", name]);
    if (code !== 0) throw new Error(`stowage delete container ${name} ended with ${code}: ${stderr}`);
  }

  async container(name: string): Promise<Container> {
    const { code, stdout, stderr } = await this.#server.cli(["get", "container", name, "-o", "json"]);
    if (code !== 0) throw new Error(`stowage get container ${name} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Container;
  }

  /** The status once it says all of what is expected. */
  shows(name: string, expected: Partial<ContainerStatus>): Promise<ContainerStatus> {
    return eventually(`${name} shows ${JSON.stringify(expected)}`, async () => {
      const status = (await this.container(name)).status ?? {};
      const keys = Object.keys(expected) as (keyof ContainerStatus)[];
      return keys.every((key) => isDeepStrictEqual(status[key], expected[key])) ? status : undefined;
    });
  }

  /** The status once one of its conditions says what is expected, and `also` holds. */
  is(
    name: string,
    type: string,
    expected: Partial<Condition>,
    also: (status: ContainerStatus) => boolean = () => true,
  ): Promise<ContainerStatus> {
    return eventually(`${name} is ${type}: ${JSON.stringify(expected)}`, async () => {
      const status = (await this.container(name)).status ?? {};
      const condition = findCondition(status.conditions, type);
      const keys = Object.keys(expected) as (keyof Condition)[];
      return condition !== undefined && keys.every((key) => condition[key] === expected[key]) && also(status)
        ? status
        : undefined;
    });
  }

  /** Returns once an Event about a Container says this. */
  async told(name: string, reason: string, message: string): Promise<void> {
    const args = ["get", "events", "-o", "json", "--field-selector", `involvedObject.name=${name},reason=${reason}`];
    await eventually(`"${message}" is told of ${name}`, async () => {
      const { stdout } = await this.#server.cli(args);
      const { items } = JSON.parse(stdout) as { items: readonly { readonly message: string }[] };
      return items.some((event) => event.message === message);
    });
  }

  async logs(name: string, ...args: readonly string[]): Promise<string> {
    return (await this.#server.cli(["logs", name, ...args])).stdout;
  }
}
