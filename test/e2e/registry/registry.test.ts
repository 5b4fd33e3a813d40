/** Images from registries: with a password, with TLS, and with tags that move. See README.md. */
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../../../api/client/client.ts";
import type { Container, ContainerStatus } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { eventType, secretType } from "../../../crds/core.ts";
import type { KubeObject } from "../../../crds/meta.ts";
import { apiVersionOf } from "../../../crds/meta.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { LabNetwork } from "../../lab/network.ts";
import { Registry, registryMissing, registryUser } from "../../lab/registry.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing ?? registryMissing;
const namespace = "default";

interface Told extends KubeObject {
  readonly involvedObject: { readonly name: string };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

describe.skipIf(missing)(`registry${missing ? `: skipped, ${missing}` : ""}`, () => {
  const parts = new AsyncDisposableStack();
  let dockerd: Dockerd;
  let open: Registry;
  let closed: Registry;
  let sealed: Registry;
  /** Of an authority that the host has never heard of. */
  let foreign: Registry;
  let server: StowageServer;
  let client: Client;
  /** In the registry that wants a password. */
  let secretImage: string;

  beforeAll(async () => {
    const network = parts.use(await LabNetwork.start());
    sealed = parts.use(await Registry.start({ authenticated: true, tls: network }));
    foreign = parts.use(await Registry.start({ tls: network }));
    dockerd = parts.use(await Dockerd.start({ name: "registry", authorities: sealed.authority }));
    open = parts.use(await Registry.start());
    closed = parts.use(await Registry.start({ authenticated: true }));
    for (const version of ["1", "2"])
      await importBusybox(dockerd.docker, `app:${version}`, { files: { "etc/version": version } });
    secretImage = await closed.push(dockerd.docker, "app:1", "team/app:1");
    server = parts.use(await StowageServer.start({ docker: dockerd.endpoint, args: ["--log-format", "json"] }));
    client = parts.use(await server.client());
  });
  afterAll(() => parts.disposeAsync());

  const add = (name: string, spec: object): Promise<Container> =>
    client.create<Container>(containers, {
      apiVersion: apiVersionOf(containers),
      kind: containers.kind,
      metadata: { namespace, name },
      ...{ spec: { command: ["sleep", "1000000"], terminationGracePeriodSeconds: 0, ...spec } },
    });
  const addSecret = (name: string, type: string, key: string, content: object): Promise<KubeObject> =>
    client.create(secretType, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name },
      ...{ type, stringData: { [key]: JSON.stringify(content) } },
    });
  const login = (password: string): object => ({
    auth: Buffer.from(`${registryUser.username}:${password}`).toString("base64"),
  });
  const statusOf = async (name: string): Promise<ContainerStatus> =>
    (await client.get<Container>(containers, { namespace, name })).status ?? {};
  const comesTo = (name: string, check: (status: ContainerStatus) => boolean): Promise<ContainerStatus> =>
    eventually(name, async () => {
      const status = await statusOf(name);
      return check(status) ? status : undefined;
    });
  const runs = (name: string): Promise<ContainerStatus> => comesTo(name, ({ summary }) => summary === "Running");
  const events = async (name: string): Promise<readonly Told[]> =>
    (await client.list<Told>(eventType, { namespace })).items.filter(
      ({ involvedObject }) => involvedObject.name === name,
    );
  const told = (name: string, reason: string): Promise<Told> =>
    eventually(`${reason} of ${name}`, async () => (await events(name)).find((event) => event.reason === reason));

  describe("that wants a password", () => {
    beforeAll(async () => {
      const { host } = closed;
      const json = ["kubernetes.io/dockerconfigjson", ".dockerconfigjson"] as const;
      await addSecret("good", ...json, {
        auths: { [host]: login("guessed-for-the-whole"), [`${host}/team`]: login(registryUser.password) },
      });
      await addSecret("legacy", "kubernetes.io/dockercfg", ".dockercfg", { [`https://${host}/v2/`]: registryUser });
      await addSecret("wrong", ...json, { auths: { [host]: login("guessed") } });
      await addSecret("elsewhere", ...json, { auths: { "registry.example": login(registryUser.password) } });
      await client.create(secretType, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace, name: "opaque" },
        ...{ stringData: { password: registryUser.password } },
      });
    });

    const pull = (name: string, ...secrets: readonly string[]): Promise<Container> =>
      add(name, {
        image: secretImage,
        imagePullPolicy: "Always",
        imagePullSecrets: secrets.map((secret) => ({ name: secret })),
      });

    test.each(["good", "legacy"])("gives the image to a Container with the Secret %s", async (secret) => {
      await pull(secret, secret);
      expect((await runs(secret)).imageID).toMatch(/^sha256:/);
    });

    test.each<[string, readonly string[]]>([
      ["wrong", ["wrong"]],
      ["elsewhere", ["elsewhere"]],
      ["none", []],
    ])("does not with %s, and says what to do", async (name, secrets) => {
      await pull(name, ...secrets);
      const { message } = await comesTo(
        name,
        ({ summary }) => summary === "ErrImagePull" || summary === "ImagePullBackOff",
      );
      expect(message).toContain(`Cannot pull image "${secretImage}"`);
      expect(message).toContain("check the image's name, and the Secrets of spec.imagePullSecrets");
      expect((await events(name)).map(({ reason }) => reason)).not.toContain("FailedToRetrieveImagePullSecret");
    });

    test.each([
      ["absent", 'Secret "absent" does not exist in namespace "default"'],
      ["opaque", 'Secret "opaque": it has neither of the keys .dockerconfigjson and .dockercfg'],
    ])("is asked all the same where the Secret is %s, with a warning", async (secret, problem) => {
      await pull(`with-${secret}`, secret);
      expect(await told(`with-${secret}`, "FailedToRetrieveImagePullSecret")).toMatchObject({
        type: "Warning",
        message: `Unable to retrieve some image pull secrets; attempting to pull the image may not succeed: ${problem}`,
      });
      await comesTo(`with-${secret}`, ({ summary }) => summary === "ErrImagePull" || summary === "ImagePullBackOff");
      await pull(`also-${secret}`, secret, "good");
      await runs(`also-${secret}`);
    });

    test("hears the password, and nobody else does", async () => {
      await runs("good");
      const lists = await Promise.all([containers, eventType].map((type) => client.list(type)));
      const metrics = await server.kubectl(["get", "--raw", "/metrics"]);
      const described = await server.cli(["describe", "ctr", "wrong"]);
      const logged = await Promise.all(
        (await dockerd.docker.listContainers({ all: true, filters: { label: ["stowage.dev/uid"] } })).map(
          async ({ Id }) => JSON.stringify(await dockerd.docker.getContainer(Id).inspect()),
        ),
      );
      const said = [server.log, JSON.stringify(lists), metrics.stdout, described.stdout, ...logged].join("\n");
      expect(said).toContain("FailedToRetrieveImagePullSecret");
      const { password } = registryUser;
      for (const secret of [password, "guessed", ...["guessed", password].map((one) => base64Of(one))])
        expect(said.includes(secret)).toBe(false);
    });
    const base64Of = (password: string): string =>
      Buffer.from(`${registryUser.username}:${password}`).toString("base64").replace(/=+$/, "");
  });

  describe("with TLS", () => {
    test("and a password gives the image to a Container with its Secret", async () => {
      const image = await sealed.push(dockerd.docker, "app:1", "team/app:1");
      const auths = { [sealed.host]: login(registryUser.password) };
      await addSecret("sealed", "kubernetes.io/dockerconfigjson", ".dockerconfigjson", { auths });
      await add("sealed", { image, imagePullPolicy: "Always", imagePullSecrets: [{ name: "sealed" }] });
      expect((await runs("sealed")).imageID).toMatch(/^sha256:/);
    });

    test("is not believed where the host does not know its authority, and what to do is said", async () => {
      const image = `${foreign.host}/team/app:1`;
      await add("foreign", { image });
      const { message } = await comesTo(
        "foreign",
        ({ summary }) => summary === "ErrImagePull" || summary === "ImagePullBackOff",
      );
      expect(message).toContain(`Cannot pull image "${image}"`);
      expect(message).toContain("the host does not trust the registry's certificate");
    });
  });

  describe("whose tag moves", () => {
    const versionOf = async ({ containerID = "" }: ContainerStatus): Promise<string> => {
      const container = dockerd.docker.getContainer(containerID.replace("docker://", ""));
      const exec = await container.exec({ Cmd: ["cat", "/etc/version"], AttachStdout: true, Tty: true });
      return (await text(await exec.start({ Tty: true }))).trim();
    };

    test("a Container follows it, and stays when nothing moved or nobody answers", async () => {
      const image = await open.push(dockerd.docker, "app:1", "team/moving:stable");
      await add("follower", { image, imageUpdatePolicy: { intervalSeconds: 10 } });
      await add("settler", { image });
      const [follower, settler] = [await runs("follower"), await runs("settler")];
      // Another follower whose image moves first: by then this one has been asked about, too.
      const other = await open.push(dockerd.docker, "app:1", "team/other:stable");
      await add("other", { image: other, imageUpdatePolicy: { intervalSeconds: 10 } });
      const before = await runs("other");
      await open.push(dockerd.docker, "app:2", "team/other:stable");
      const moved = await comesTo(
        "other",
        ({ containerID, summary }) => containerID !== before.containerID && summary === "Running",
      );
      expect(await versionOf(moved)).toBe("2");
      expect(before.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(moved.imageDigest).not.toBe(before.imageDigest);
      expect((await told("other", "Replacing")).message).toBe(`Replacing: image moved to ${moved.imageDigest ?? ""}`);
      expect(await statusOf("follower")).toEqual(follower);

      await open.push(dockerd.docker, "app:2", "team/moving:stable");
      const followed = await comesTo(
        "follower",
        ({ containerID, summary }) => containerID !== follower.containerID && summary === "Running",
      );
      expect(await versionOf(followed)).toBe("2");
      expect((await statusOf("settler")).containerID).toBe(settler.containerID);

      await open[Symbol.asyncDispose]();
      expect((await told("follower", "ImageCheckFailed")).message).toContain(
        "check that the host can reach the registry",
      );
      expect(await statusOf("follower")).toEqual(followed);
      expect((await events("follower")).filter(({ reason }) => reason === "Replacing")).toHaveLength(1);
    });
  });
});
