import type { Configure } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { IssuedCredential } from "../server/keystone-token.ts";
import type { GlobalOptions } from "../terminal.ts";

interface Options {
  readonly osCloud?: string;
}

const group = "client.authentication.k8s.io";

export const configure: Configure = (command, terminal) => {
  command
    .description(
      [
        "Print a Keystone token as kubectl wants it from a credential plugin. In a kubeconfig:",
        "  users: [{name: me, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: stowage,",
        "    args: [keystone-auth], interactiveMode: Never}}}]",
        "The cloud is that of --os-cloud, OS_CLOUD, OS_AUTH_URL and its like, or the only one in clouds.yaml.",
      ].join("\n"),
    )
    .option("--os-cloud <name>", "of clouds.yaml (default: $OS_CLOUD)")
    .action(async () => {
      const { osCloud } = command.optsWithGlobals<Options & GlobalOptions>();
      const apiVersion = wantedVersion(terminal.env["KUBERNETES_EXEC_INFO"]);
      const { issueCredential } = await import("../server/keystone-token.ts");
      const credential = execCredential(apiVersion, await issueCredential(terminal, osCloud));
      terminal.stdout.write(`${JSON.stringify(credential)}\n`);
    });
};

/**
 * The version that kubectl asks in, and wants to be answered in; v1 where nobody asks. Throws CommandError for what is
 * none of it. Source: k8s.io/client-go/plugin/pkg/client/auth/exec/exec.go.
 */
export function wantedVersion(info: string | undefined): string {
  if (info === undefined || info === "") return `${group}/v1`;
  const version = versionIn(info);
  if (version === `${group}/v1` || version === `${group}/v1beta1`) return version;
  throw new CommandError(
    `KUBERNETES_EXEC_INFO asks for ${JSON.stringify(version ?? info)}: write ${group}/v1 in the kubeconfig`,
  );
}

function versionIn(info: string): string | undefined {
  try {
    const { apiVersion } = JSON.parse(info) as { readonly apiVersion?: unknown };
    return typeof apiVersion === "string" ? apiVersion : undefined;
  } catch {
    return undefined;
  }
}

/** Source: k8s.io/client-go/pkg/apis/clientauthentication/v1/types.go; times have whole seconds there. */
export const execCredential = (apiVersion: string, { token, expiresAt }: IssuedCredential): object => ({
  kind: "ExecCredential",
  apiVersion,
  status: { token, expirationTimestamp: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z") },
});
