import { Option } from "commander";
import type { Configure } from "../command.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";
import { packageVersion } from "../version.ts";

interface Options {
  readonly client?: boolean;
  readonly output?: "json" | "yaml";
}

interface Versions {
  readonly clientVersion: { readonly gitVersion: string; readonly platform: string };
  readonly serverVersion?: { readonly gitVersion: string };
}

export const configure: Configure = (command, terminal) => {
  command
    .description("Show the versions of this command and of the server.")
    .option("--client", "this command's only; no server is needed")
    .addOption(new Option("-o, --output <format>", "for programs").choices(["json", "yaml"]))
    .action(async () => {
      const options = command.optsWithGlobals<Options & GlobalOptions>();
      await print(await versions(options, terminal), options, terminal);
    });
};

async function versions(options: Options & GlobalOptions, terminal: Terminal): Promise<Versions> {
  const clientVersion = { gitVersion: `v${packageVersion()}`, platform: `${process.platform}/${process.arch}` };
  if (options.client === true) return { clientVersion };
  const { connect } = await import("../connection.ts");
  await using connection = await connect(options, terminal);
  const { body } = await connection.client.request({ path: "/version" });
  return { clientVersion, serverVersion: body as { readonly gitVersion: string } };
}

async function print(all: Versions, { output }: Options, { stdout }: Terminal): Promise<void> {
  if (output === "json") stdout.write(`${JSON.stringify(all, undefined, 2)}\n`);
  else if (output === "yaml") stdout.write((await import("yaml")).stringify(all));
  else {
    stdout.write(`Client Version: ${all.clientVersion.gitVersion}\n`);
    if (all.serverVersion !== undefined) stdout.write(`Server Version: ${all.serverVersion.gitVersion}\n`);
  }
}
