/** A real OpenStack on loopback: Keystone, Glance, Neutron, Cinder, Placement, Nova. test/lab/openstack/README.md has its facts. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { missingCommand } from "./commands.ts";
import { capture } from "./stowage.ts";

export type LabService = "keystone" | "glance" | "neutron" | "cinder" | "placement" | "nova" | "heat";

/** `admin` of the cloud, members of the projects alpha and beta, and one who may only read in alpha. */
export type LabUser = "admin" | "alpha" | "beta" | "reader";

const labUsers: readonly LabUser[] = ["admin", "alpha", "beta", "reader"];

/** What runs unless less is asked for. Heat is for benches. */
export const labServices: readonly LabService[] = ["keystone", "glance", "neutron", "cinder", "placement", "nova"];

/** Where `up` keeps its state: see parts/settings.sh. */
function folder(): string {
  const { OPENSTACK_LAB, STOWAGE_LAB_CACHE, XDG_CACHE_HOME } = process.env;
  if (OPENSTACK_LAB !== undefined && OPENSTACK_LAB !== "") return OPENSTACK_LAB;
  const cache = STOWAGE_LAB_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "stowage-lab");
  return join(cache, "openstack");
}

/** Why no OpenStack can be brought up here; undefined when one can. Installs nothing. */
export function openstackMissing(): string | undefined {
  const missing = missingCommand({
    mariadbd: "mariadb-server",
    "rabbitmq-server": "rabbitmq-server",
    memcached: "memcached",
    uwsgi_python3: "uwsgi-plugin-python3",
    "keystone-manage": "keystone",
    "glance-api": "glance-api",
    "neutron-server": "neutron-server",
    "neutron-linuxbridge-agent": "neutron-linuxbridge-agent",
    "cinder-volume": "cinder-volume",
    "placement-manage": "placement-api",
    "nova-scheduler": "nova-scheduler",
  });
  if (missing !== undefined) return `${missing}: run "npm run test:openstack", which installs it`;
  return process.getuid?.() === 0 ? undefined : "an OpenStack makes network devices and mounts: only root can";
}

/** The process, by its pid, that a lab is brought up for; this one unless {@link sharedBy} says otherwise. */
const ownerVariable = "STOWAGE_OPENSTACK_OWNER";

/** From now on a lab that this process or one that it starts brings up is `pid`'s: it stays until that one takes it down, or ends. */
export function sharedBy(pid: number): void {
  process.env[ownerVariable] = String(pid);
}

/** Takes down the lab that was brought up for this process; any other one stays. */
export async function takeDown(): Promise<void> {
  await script("down", ["--owner", String(process.pid)]);
}

/** Disposing of it takes it down where it was brought up for this process. */
export class OpenStackLab implements AsyncDisposable {
  /** Of Keystone: http://127.0.0.1:5000/v3 */
  readonly authUrl: string;
  readonly #clouds: CloudsYaml["clouds"];

  private constructor({ clouds }: CloudsYaml) {
    this.#clouds = clouds;
    this.authUrl = clouds.admin.auth.auth_url;
  }

  /** Brings up what does not run yet: about 50 s for all, 30 s where their databases are there already. */
  static async start(options: { readonly services?: readonly LabService[] } = {}): Promise<OpenStackLab> {
    const { services = labServices } = options;
    const owner = process.env[ownerVariable] ?? String(process.pid);
    try {
      await script("up", ["--owner", owner], services);
    } catch (error) {
      await takeDown();
      throw error;
    }
    return new OpenStackLab(parse(await readFile(join(folder(), "clouds.yaml"), "utf8")) as CloudsYaml);
  }

  /** The text of a clouds.yaml with a cloud for each of `users`, by the user's name: alpha is the cloud `alpha`. */
  cloudsYaml(...users: readonly LabUser[]): string {
    const some = users.length === 0 ? labUsers : users;
    return stringify({ clouds: Object.fromEntries(some.map((user) => [user, this.#clouds[user]])) });
  }

  /** How one of them signs in. */
  auth(user: LabUser): LabAuth {
    return this.#clouds[user].auth;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await takeDown();
  }
}

/** As clouds.yaml has it. */
export interface LabAuth {
  readonly auth_url: string;
  readonly username: string;
  readonly password: string;
  readonly project_name: string;
  readonly user_domain_name: string;
  readonly project_domain_name: string;
}

interface CloudsYaml {
  readonly clouds: Readonly<Record<LabUser, { readonly auth: LabAuth }>>;
}

async function script(name: "up" | "down", args: readonly string[], services = labServices): Promise<void> {
  const path = fileURLToPath(new URL(`openstack/${name}`, import.meta.url));
  const env = { ...process.env, OPENSTACK_LAB: folder(), OPENSTACK_LAB_SERVICES: services.join(" ") };
  const { code, stdout, stderr } = await capture(path, args, { env });
  if (code !== 0) throw new Error(`test/lab/openstack/${name} ended with ${code}:\n${stdout}${stderr}`);
}
