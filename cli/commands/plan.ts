import { Option } from "commander";
import type { Plan, PlanSpec } from "../../crds/plan.ts";
import { plans } from "../../crds/plan.ts";
import type { Configure } from "../command.ts";
import { takesTargets } from "../command.ts";
import type { Connection } from "../connection.ts";
import { ExitCode, UsageError } from "../errors.ts";
import type { TargetOptions } from "../targets.ts";
import type { GlobalOptions, Terminal } from "../terminal.ts";

interface Options extends TargetOptions {
  readonly delete?: boolean;
  readonly output?: "json";
}

export const configure: Configure = (command, terminal) => {
  takesTargets(command)
    .description(
      "Show what applying manifests (-f) would do on the Hosts, or with --delete what deleting would. Writes nothing. Exit code: 0 nothing, 1 something, more: it failed.",
    )
    .option("--delete", "plan the deletion of these objects, named as for delete")
    .addOption(new Option("-o, --output <format>", "for machines").choices(["json"]))
    .action(async (type: string | undefined, names: readonly string[]) => {
      const args = type === undefined ? [] : [type, ...names];
      await run(args, command.optsWithGlobals<Options & GlobalOptions>(), terminal);
    });
};

async function run(args: readonly string[], options: Options & GlobalOptions, terminal: Terminal): Promise<void> {
  if (options.delete !== true && (options.filename === undefined || args.length > 0))
    throw new UsageError("must specify manifests with -f, or with --delete the objects that would be deleted");
  const [{ connect }, { renderPlan }, { apiVersionOf }] = await Promise.all([
    import("../connection.ts"),
    import("../plan-view.ts"),
    import("../../crds/meta.ts"),
  ]);
  await using connection = await connect(options, terminal);
  const spec = await (options.delete === true
    ? specOfDelete(args, options, connection, terminal)
    : specOfApply({ ...options, filename: options.filename ?? [] }, connection, terminal));
  const apiVersion = apiVersionOf(plans);
  const asked = { apiVersion, kind: plans.kind, metadata: {}, spec };
  const { status } = (await connection.client.create(plans, asked)) as unknown as Plan;
  const text =
    options.output === "json"
      ? `${JSON.stringify({ apiVersion, kind: plans.kind, status }, undefined, 2)}\n`
      : renderPlan(status, { colour: terminal.stdout.isTTY === true && terminal.env["NO_COLOR"] === undefined });
  terminal.stdout.write(text);
  if (status.changes) throw new ExitCode(1);
}

async function specOfApply(
  options: Options & GlobalOptions & { readonly filename: readonly string[] },
  connection: Connection,
  terminal: Terminal,
): Promise<PlanSpec> {
  const [{ rehearseManifests }, { draftOf }] = await Promise.all([import("../rehearsal.ts"), import("../apply.ts")]);
  // The server would find the same faults, but does not know in which file and line they are.
  const rehearsed = await rehearseManifests(options, connection, terminal);
  return { apply: rehearsed.map(({ target }) => ({ ...draftOf(target) })) };
}

async function specOfDelete(
  args: readonly string[],
  options: Options,
  connection: Connection,
  terminal: Terminal,
): Promise<PlanSpec> {
  const [{ resolveTargets }, { apiVersionOf }] = await Promise.all([
    import("../targets.ts"),
    import("../../crds/meta.ts"),
  ]);
  const targets = await resolveTargets(args, options, connection, terminal);
  return {
    delete: targets.map(({ type, name: { namespace, name } }) => ({
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
    })),
  };
}
