import { isIP } from "node:net";
import { resolve } from "node:path";
import { Option } from "commander";
import type { Configure } from "../command.ts";
import { parseDuration } from "../duration.ts";
import { UsageError } from "../errors.ts";
import type { ServerOptions } from "../server/options.ts";
import type { GlobalOptions } from "../terminal.ts";

/** Its options, as the command line has them. */
export interface ServerFlags {
  readonly dataDir: string;
  readonly listen: string;
  readonly tlsSan?: string;
  readonly store: "sqlite" | "etcd";
  readonly etcdEndpoints?: string;
  readonly etcdPrefix: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly controllers: string;
  readonly docker?: string;
  readonly defaultTenancy: "Shared" | "Exclusive";
  readonly openstackResyncPeriod: string;
  readonly imageDownloadNetworks?: string;
  readonly openstackAnswerGrace: string;
  readonly keystoneAuthUrl?: string;
  readonly keystoneCafile?: string;
  readonly instance?: string;
  readonly logFormat: "text" | "json";
  readonly logLevel: "info" | "warn" | "error";
}

export const configure: Configure = (command, terminal) => {
  command
    .description(
      "Run the API and its controllers. When it serves, it prints one line: ready https://HOST:PORT kubeconfig=FILE",
    )
    .option("--data-dir <dir>", "where the embedded store, the certificates and admin.kubeconfig are", "./.stowage")
    .option("--listen <host:port>", "where to serve; port 0 is any free one", "127.0.0.1:7443")
    .option("--tls-san <names>", "further names or addresses for its certificate, with commas: of a load balancer, say")
    .addOption(new Option("--store <type>", "where objects are kept").choices(["sqlite", "etcd"]).default("sqlite"))
    .option("--etcd-endpoints <urls>", "with --store etcd: its addresses, with commas between them")
    .option("--etcd-prefix <prefix>", "with --store etcd: what its keys begin with", "/registry")
    .option("--etcd-cafile <file>", "with --store etcd: the authority of its certificate (PEM)")
    .option("--etcd-certfile <file>", "with --store etcd: our client certificate (PEM)")
    .option("--etcd-keyfile <file>", "with --store etcd: the key of --etcd-certfile (PEM)")
    .option("--controllers <names>", "which run: *, none, or names with commas; -name leaves one out", "*")
    .option(
      "--docker <endpoint>",
      'Engine that becomes Host "local"; none for none (default: the local socket, if it answers)',
    )
    .addOption(
      new Option(
        "--default-tenancy <tenancy>",
        "of Containers that say nothing: Exclusive keeps a host's neighbours to one namespace",
      )
        .choices(["Shared", "Exclusive"])
        .default("Shared"),
    )
    .option(
      "--openstack-resync-period <duration>",
      "how often what is in OpenStack is compared with its object, up to a fifth later; 0 never",
      "10m",
    )
    .option(
      "--image-download-networks <cidrs>",
      "where Images may be downloaded from beside public addresses, with commas: 10.1.0.0/16,fd00:1::/32",
    )
    .option(
      "--openstack-answer-grace <duration>",
      "how long a creation that OpenStack never answered may still be carried out: none is made again before",
      "1m",
    )
    .option("--keystone-auth-url <url>", "the Keystone whose tokens users may sign in with: https://HOST:5000/v3")
    .option("--keystone-cafile <file>", "with --keystone-auth-url: the authority of its certificate (PEM)")
    .option("--instance <id>", "which control plane this is, where several share a host (default: kept in the store)")
    .addOption(new Option("--log-format <format>", "of standard error").choices(["text", "json"]).default("text"))
    .addOption(
      new Option("--log-level <level>", "least important entry to log")
        .choices(["info", "warn", "error"])
        .default("info"),
    )
    .action(async () => {
      const options = serverOptions(command.optsWithGlobals<ServerFlags & GlobalOptions>(), terminal.cwd);
      const { runServer } = await import("../server/server.ts");
      await terminal.untilStopped((signal) => runServer(options, signal));
    });
};

/** Throws UsageError, which names the option, for values that cannot be meant. */
export function serverOptions(options: ServerFlags, cwd: string): ServerOptions {
  return {
    dataDir: resolve(cwd, options.dataDir),
    listen: parseListen(options.listen),
    tlsSan: namesOf(options.tlsSan),
    store: storeOf(options, cwd),
    controllers: options.controllers,
    docker: dockerOf(options.docker),
    defaultTenancy: options.defaultTenancy,
    openstackResyncMs: parseDuration("--openstack-resync-period", options.openstackResyncPeriod),
    imageDownloadNetworks: cidrsOf(options.imageDownloadNetworks),
    openstackGraceMs: parseDuration("--openstack-answer-grace", options.openstackAnswerGrace),
    keystone: keystoneOf(options, cwd),
    instance: instanceOf(options.instance),
    logFormat: options.logFormat,
    logLevel: options.logLevel,
  };
}

function parseListen(text: string): ServerOptions["listen"] {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  const [, host = "", port = ""] = match ?? [];
  if (match === null || Number(port) > 65535)
    throw new UsageError(`--listen "${text}" is not HOST:PORT: write it as 127.0.0.1:7443 or [::1]:7443`);
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

/** Refuses what would make a certificate that no client accepts for any host. */
function namesOf(text = ""): readonly string[] {
  const names = text.split(",").filter((name) => name !== "");
  const wrong = names.find((name) => isIP(name) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name));
  if (wrong !== undefined)
    throw new UsageError(`--tls-san "${wrong}" is not a name or an address: write it as api.example or 192.0.2.7`);
  return names;
}

function cidrsOf(text = ""): ServerOptions["imageDownloadNetworks"] {
  const networks = text.split(",").filter((network) => network !== "");
  return networks.map((network) => {
    const [, address = "", length = ""] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(network) ?? [];
    const [version, prefix] = [isIP(address), Number(length)];
    if (version === 0 || prefix > (version === 4 ? 32 : 128))
      throw new UsageError(`--image-download-networks "${network}" is not a network: write it as 10.1.0.0/16`);
    return { address, prefix };
  });
}

function storeOf(options: ServerFlags, cwd: string): ServerOptions["store"] {
  const { store, etcdPrefix } = options;
  const endpoints = (options.etcdEndpoints ?? "").split(",").filter((endpoint) => endpoint !== "");
  const tls = etcdTls(options, cwd);
  if (store === "sqlite") {
    if (endpoints.length > 0 || tls !== undefined)
      throw new UsageError("--etcd-endpoints is for --store etcd, as are the other --etcd options");
    return { type: "sqlite" };
  }
  if (endpoints.length === 0)
    throw new UsageError("--store etcd needs --etcd-endpoints, such as http://127.0.0.1:2379");
  const wrong = endpoints.find((endpoint) => !/^https?:\/\/[^/]/.test(endpoint) || !URL.canParse(endpoint));
  if (wrong !== undefined)
    throw new UsageError(`--etcd-endpoints "${wrong}" is not a URL such as http://127.0.0.1:2379`);
  if (!etcdPrefix.startsWith("/")) throw new UsageError(`--etcd-prefix "${etcdPrefix}" must begin with a slash`);
  return { type: "etcd", endpoints, prefix: etcdPrefix.replace(/\/+$/, ""), tls };
}

/** The names are kube-apiserver's: k8s.io/apiserver/pkg/server/options/etcd.go. */
function etcdTls({ etcdCafile, etcdCertfile, etcdKeyfile }: ServerFlags, cwd: string) {
  if ((etcdCertfile === undefined) !== (etcdKeyfile === undefined))
    throw new UsageError("--etcd-certfile and --etcd-keyfile go together");
  if (etcdCafile === undefined) {
    if (etcdCertfile !== undefined) throw new UsageError("--etcd-certfile needs --etcd-cafile too");
    return undefined;
  }
  const ca = resolve(cwd, etcdCafile);
  if (etcdCertfile === undefined || etcdKeyfile === undefined) return { ca };
  return { ca, cert: resolve(cwd, etcdCertfile), key: resolve(cwd, etcdKeyfile) };
}

function keystoneOf({ keystoneAuthUrl, keystoneCafile }: ServerFlags, cwd: string): ServerOptions["keystone"] {
  if (keystoneAuthUrl === undefined) {
    if (keystoneCafile !== undefined) throw new UsageError("--keystone-cafile is for --keystone-auth-url");
    return undefined;
  }
  if (!/^https?:\/\/[^/]/.test(keystoneAuthUrl) || !URL.canParse(keystoneAuthUrl))
    throw new UsageError(
      `--keystone-auth-url "${keystoneAuthUrl}" is not a URL such as https://keystone.example:5000/v3`,
    );
  const { protocol, hostname } = new URL(keystoneAuthUrl);
  // Whoever is on the way there would read every user's token, and could say whose it is.
  if (protocol === "http:" && !/^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname))
    throw new UsageError(`--keystone-auth-url "${keystoneAuthUrl}" must be https, except on this machine itself`);
  return { authUrl: keystoneAuthUrl, ca: keystoneCafile === undefined ? undefined : resolve(cwd, keystoneCafile) };
}

function dockerOf(docker: string | undefined): string | undefined {
  // The same as Host.spec.docker.endpoint takes (crds/host.ts).
  if (docker === undefined || docker === "none" || /^(unix:\/\/\/.+|tcp:\/\/[^/\s]+:[0-9]{1,5})$/.test(docker))
    return docker;
  throw new UsageError(
    `--docker "${docker}" is not an Engine: write unix:///var/run/docker.sock, tcp://HOST:PORT or none`,
  );
}

function instanceOf(instance: string | undefined): string | undefined {
  // It becomes the value of a label: k8s.io/apimachinery/pkg/util/validation, IsValidLabelValue.
  if (instance === undefined || /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(instance)) return instance;
  throw new UsageError(`--instance "${instance}" must be 1 to 63 letters, digits, "-", "_" or "."`);
}
