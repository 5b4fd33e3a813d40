/** OpenStack's APIs by plain fetch, without what openstack/ adds: what any loop over them costs at least. */
import PQueue from "p-queue";
import type { LabAuth } from "../test/lab/openstack.ts";

type Json = Record<string, unknown>;

/** One user's token, and at most so many requests at once. */
export class PlainOpenStack {
  readonly #token: string;
  readonly #endpoints: ReadonlyMap<string, string>;
  readonly #queue: PQueue;

  private constructor(token: string, endpoints: ReadonlyMap<string, string>, concurrency: number) {
    this.#token = token;
    this.#endpoints = endpoints;
    this.#queue = new PQueue({ concurrency });
  }

  static async signIn(auth: LabAuth, concurrency: number): Promise<PlainOpenStack> {
    const { auth_url, username, user_domain_name, password, project_name, project_domain_name } = auth;
    const user = { name: username, domain: { name: user_domain_name }, password };
    const scope = { project: { name: project_name, domain: { name: project_domain_name } } };
    const response = await fetch(`${auth_url}/auth/tokens`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ auth: { identity: { methods: ["password"], password: { user } }, scope } }),
    });
    if (!response.ok) throw new Error(`Keystone answers ${response.status}: ${await response.text()}`);
    const { token } = (await response.json()) as { token: Catalog };
    const endpoints = token.catalog.map(({ type, endpoints: all }): [string, string] => [
      type,
      all.find((endpoint) => endpoint.interface === "public")?.url ?? "",
    ]);
    return new PlainOpenStack(response.headers.get("x-subject-token") ?? "", new Map(endpoints), concurrency);
  }

  /** `path` is below the endpoint of the catalog. Throws for any answer that is no success. */
  async ask(method: "GET" | "POST" | "PUT" | "DELETE", type: string, path: string, body?: object): Promise<Json> {
    return this.#queue.add(async () => {
      const response = await fetch(`${this.#endpoints.get(type) ?? ""}${path}`, {
        method,
        headers: { "x-auth-token": this.#token, "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === "" ? {} : (JSON.parse(text) as Json);
    });
  }

  /** Creates one, and returns its id. `below` is the collection's path, `key` what it is wrapped in. */
  async create(type: string, below: string, key: string, fields: object): Promise<string> {
    const answer = await this.ask("POST", type, below, { [key]: fields });
    return (answer[key] as { readonly id: string }).id;
  }
}

interface Catalog {
  readonly catalog: readonly {
    readonly type: string;
    readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
  }[];
}
