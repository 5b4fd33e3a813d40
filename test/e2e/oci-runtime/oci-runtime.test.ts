/** spec.runtime is checked against what Hosts offer. See README.md. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { run } from "../../lab/commands.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;
const image = "busybox:lab";

interface Shown {
  readonly status?: {
    readonly summary?: string;
    readonly message?: string;
    readonly containerID?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

describe.skipIf(missing)(`OCI runtime${missing ? `: skipped, ${missing}` : ""}`, () => {
  const parts = new AsyncDisposableStack();
  let dockerd: Dockerd;
  let server: StowageServer;

  beforeAll(async () => {
    const runc = (await run("sh", ["-c", "command -v runc"])).trim();
    dockerd = parts.use(await Dockerd.start({ name: "runtimes", extra: ["--add-runtime", `second=${runc}`] }));
    await importBusybox(dockerd.docker, image);
    server = parts.use(await StowageServer.start({ docker: dockerd.endpoint }));
  });
  afterAll(() => parts.disposeAsync());

  const apply = (name: string, runtime: string, ...more: readonly string[]) =>
    server.cli(
      ["apply", "-f", "-", ...more],
      JSON.stringify({
        apiVersion: "stowage.dev/v1alpha1",
        kind: "Container",
        metadata: { name, namespace: "default" },
        spec: { image, imagePullPolicy: "Never", command: ["sleep", "1000000"], runtime },
      }),
    );
  const show = async (name: string): Promise<Shown> =>
    JSON.parse((await server.cli(["get", "ctr", name, "-o", "json"])).stdout) as Shown;

  test("a Host says which it has", async () => {
    await eventually("the Host's runtimes", async () => {
      const { stdout } = await server.cli(["get", "host", "local", "-o", "json"]);
      return (JSON.parse(stdout) as { status?: { runtimes?: string[] } }).status?.runtimes?.includes("second");
    });
  });

  test("a Container runs with the one that it asks for", async () => {
    expect(await apply("other", "second", "--wait")).toMatchObject({ code: 0, stderr: "" });
    const { status } = await show("other");
    const inspect = await dockerd.docker.getContainer(status?.containerID?.replace("docker://", "") ?? "").inspect();
    expect(inspect.HostConfig.Runtime).toBe("second");
  });

  test("one that no Host has is waited for, in words", async () => {
    await apply("kata", "kata");
    const message = await eventually("it is not scheduled", async () => {
      const { status } = await show("kata");
      return status?.conditions?.find(({ type, reason }) => type === "Scheduled" && reason === "Unschedulable")
        ?.message;
    });
    expect(message).toMatch(/runtime.*kata/);
    expect((await show("kata")).status?.containerID).toBeUndefined();
  });
});
