/** kubectl's commands that change single objects: create, patch, label, annotate, scale, set, delete. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configMap, kubectlMissing, KubectlUser } from "./kubectl-user.ts";

const boats = JSON.stringify({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "boats.test.example" },
  spec: {
    group: "test.example",
    scope: "Namespaced",
    names: { plural: "boats", singular: "boat", kind: "Boat", listKind: "BoatList", shortNames: ["bt"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
        },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", properties: { replicas: { type: "integer" }, sail: { type: "string" } } },
              status: { type: "object", properties: { replicas: { type: "integer" } } },
            },
          },
        },
      },
    ],
  },
});
const boat = (name: string, spec: object = { replicas: 1 }, metadata: object = {}): string =>
  JSON.stringify({ apiVersion: "test.example/v1", kind: "Boat", metadata: { name, ...metadata }, spec });

describe.skipIf(kubectlMissing)(`kubectl${kubectlMissing ? `: skipped, ${kubectlMissing}` : ""}`, () => {
  let user: KubectlUser;
  beforeAll(async () => {
    user = await KubectlUser.start();
    await user.ok("create -f -", boats);
    await user.ok("wait --for=condition=Established crd/boats.test.example");
  });
  afterAll(() => user[Symbol.asyncDispose]());

  test.each([
    { made: "namespace/made", command: "namespace made" },
    { made: "configmap/from-literal", command: "configmap from-literal --from-literal=a=1" },
    { made: "secret/generic", command: "secret generic generic --from-literal=a=1 --type=example.com/kind" },
    {
      made: "secret/registry",
      command: "secret docker-registry registry --docker-server=r.example --docker-username=u --docker-password=p",
    },
    { made: "serviceaccount/robot", command: "serviceaccount robot" },
    { made: "quota/small", command: "quota small --hard=count/configmaps=100", stored: "resourcequota/small" },
    { made: "role.rbac.authorization.k8s.io/reader", command: "role reader --verb=get,list --resource=configmaps" },
    {
      made: "rolebinding.rbac.authorization.k8s.io/readers",
      command: "rolebinding readers --role=reader --user=ann --serviceaccount=default:robot",
    },
    { made: "clusterrole.rbac.authorization.k8s.io/all", command: "clusterrole all --verb=get --resource=namespaces" },
    {
      made: "clusterrolebinding.rbac.authorization.k8s.io/everyone",
      command: "clusterrolebinding everyone --clusterrole=all --group=people",
    },
    {
      made: "priorityclass.scheduling.k8s.io/urgent",
      command: "priorityclass urgent --value=1000 --description=first",
    },
  ])("create $command", async ({ made, command, stored = made }) => {
    expect(await user.ok(`create ${command} --dry-run=server -o name`)).toBe(stored);
    expect(await user.ok(`create ${command} --dry-run=client -o yaml`)).toContain("apiVersion: ");
    expect(await user.fails(`get ${stored}`)).toContain("(NotFound)");
    expect(await user.ok(`create ${command}`)).toBe(`${made.replace(/^quota/, "resourcequota")} created`);
    expect(await user.ok(`get ${stored} -o name`)).toBe(stored);
    expect(await user.fails(`create ${command}`)).toContain("already exists");
  });

  test("create configmap and secret from files, folders and env files", async () => {
    const file = await user.file("from/colour", "blue");
    await user.file("from/bytes", "\u0000\u0001");
    const env = await user.file("settings.env", "size=L\n# nothing\nshape=round\n");
    const folder = file.replace("/colour", "");
    await user.ok(`create configmap from-file --from-file=${folder} --from-file=other=${file}`);
    expect(await user.json("get cm from-file")).toMatchObject({
      data: { colour: "blue", other: "blue", bytes: "\u0000\u0001" },
    });
    await user.ok(`create configmap from-env --from-env-file=${env}`);
    expect(await user.json("get cm from-env")).toMatchObject({ data: { size: "L", shape: "round" } });
    await user.ok(`create secret generic from-file --from-file=${file}`);
    expect(await user.json("get secret from-file")).toMatchObject({
      data: { colour: Buffer.from("blue").toString("base64") },
    });
  });

  test("create secret tls checks that certificate and key fit", async () => {
    const at = (name: string): string => `${user.server.dataDir}/pki/${name}`;
    await user.ok(`create secret tls web --cert=${at("admin.crt")} --key=${at("admin.key")}`);
    expect(await user.ok("get secret web -o jsonpath={.type}")).toBe("kubernetes.io/tls");
    expect(await user.fails(`create secret tls odd --cert=${at("admin.crt")} --key=${at("ca.key")}`)).toContain(
      "private key does not match",
    );
  });

  test("create token gives one that the server knows", async () => {
    await user.ok("create serviceaccount visitor");
    const token = await user.ok("create token visitor --duration=10m");
    // Without KUBECONFIG: the token alone says who asks.
    const { stdout } = await user.run([
      "auth",
      "whoami",
      "-o",
      "jsonpath={.status.userInfo.username}",
      "--token",
      token,
      "--client-certificate=",
      "--client-key=",
    ]);
    expect(["system:serviceaccount:default:visitor", "stowage-admin"]).toContain(stdout);
    const anonymous = await user.run(
      ["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", "--kubeconfig=/dev/null"].concat([
        "--server",
        user.server.url,
        "--certificate-authority",
        `${user.server.dataDir}/pki/ca.crt`,
        "--token",
        token,
      ]),
    );
    expect(anonymous).toEqual({ code: 0, stdout: "system:serviceaccount:default:visitor", stderr: "" });
  });

  test("create takes several documents, lists and generateName, and saves its manifest on request", async () => {
    const list = {
      apiVersion: "v1",
      kind: "List",
      items: ["l1", "l2"].map((name) => JSON.parse(configMap(name, {})) as object),
    };
    expect(await user.ok("create -f -", JSON.stringify(list))).toBe("configmap/l1 created\nconfigmap/l2 created");
    const nameless = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "any-" } });
    expect(await user.ok("create -f - -o name", nameless)).toMatch(/^configmap\/any-[a-z0-9]{5}$/);
    await user.ok("create -f - --save-config", configMap("saved", {}));
    expect(await user.ok("apply view-last-applied cm saved")).toContain("name: saved");
    expect(await user.ok("create --raw /api/v1/namespaces/default/configmaps -f -", configMap("raw", {}))).toContain(
      '"uid":',
    );
  });

  test("patch: strategic, merge, JSON, of a subresource, by file, as a dry run", async () => {
    await user.ok("create -f -", configMap("patched", { a: "1", b: "1" }, { finalizers: ["example.com/x"] }));
    const patch = (...more: readonly string[]) => user.ok(["patch", "cm", "patched", ...more]);
    expect(await patch("-p", '{"metadata":{"finalizers":["example.com/y"]}}')).toBe("configmap/patched patched");
    expect(await user.ok("get cm patched -o jsonpath={.metadata.finalizers}")).toBe(
      '["example.com/y","example.com/x"]',
    );
    await patch("--type=merge", "-p", '{"data":{"a":null},"metadata":{"finalizers":null}}');
    await patch(
      "--type=json",
      "-p",
      '[{"op":"test","path":"/data/b","value":"1"},{"op":"add","path":"/data/c","value":"1"}]',
    );
    const file = await user.file("patch.yaml", "data: { d: '1' }\n");
    await patch("--patch-file", file);
    expect(await patch("-p", '{"data":{"e":"1"}}', "--dry-run=server", "-o", "jsonpath={.data.e}")).toBe("1");
    expect(await user.ok("get cm patched -o jsonpath={.data}")).toBe('{"b":"1","c":"1","d":"1"}');
    expect(await patch("-p", "{}")).toBe("configmap/patched patched (no change)");
    expect(
      await user.fails(["patch", "cm", "patched", "--type=json", "-p", '[{"op":"test","path":"/data/b","value":"2"}]']),
    ).toMatch(/test|Invalid/);
    await user.ok("create -f -", boat("patched"));
    await user.ok([
      "patch",
      "boat",
      "patched",
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"replicas":3},"spec":{"sail":"red"}}',
    ]);
    expect(await user.ok("get boat patched -o jsonpath={.status.replicas}{.spec.sail}")).toBe("3");
  });

  test("label and annotate: set, refuse to overwrite, overwrite, remove, list, of all or selected ones", async () => {
    for (const name of ["l-a", "l-b"]) await user.ok("create -f -", configMap(name, {}, { labels: { set: "l" } }));
    expect(await user.ok("label cm l-a tier=front")).toBe("configmap/l-a labeled");
    expect(await user.fails("label cm l-a tier=back")).toContain(
      "already has a value (front), and --overwrite is false",
    );
    expect(await user.ok("label cm l-a tier=back --overwrite")).toBe("configmap/l-a labeled");
    expect((await user.ok("label cm l-a --list")).split("\n").toSorted()).toEqual(["set=l", "tier=back"]);
    expect(await user.ok("label cm -l set=l zone=b")).toBe("configmap/l-a labeled\nconfigmap/l-b labeled");
    expect(await user.ok("label cm l-a tier-")).toBe("configmap/l-a unlabeled");
    expect(await user.fails("label cm l-a tier=a/b")).toContain("invalid label value");
    expect(await user.ok("label cm l-a x=y --dry-run=server -o jsonpath={.metadata.labels.x}")).toBe("y");
    expect(await user.ok("annotate cm l-a note=hello")).toBe("configmap/l-a annotated");
    expect(await user.fails("annotate cm l-a note=bye --overwrite --resource-version=1")).toContain(
      "the object has been modified",
    );
    expect(await user.ok("annotate cm l-a note=bye --overwrite")).toBe("configmap/l-a annotated");
    expect(await user.ok("annotate cm l-a --list")).toBe("note=bye");
    expect(await user.ok("annotate cm l-a note-")).toBe("configmap/l-a annotated");
    expect(await user.ok("get cm -l set=l,zone=b -L zone --no-headers")).toMatch(/^l-a +0 +\d+s +b\nl-b +0 +\d+s +b$/);
  });

  test("set subject adds to who has a role, and takes away", async () => {
    await user.ok("create rolebinding crew --role=reader --user=ann");
    expect(await user.ok("set subject rolebinding crew --user=ben --serviceaccount=default:cook")).toContain(
      "subjects updated",
    );
    expect(await user.ok("get rolebinding crew -o jsonpath={.subjects[*].name}")).toBe("ann ben cook");
  });

  test("scale: a kind of the user's own, with preconditions", async () => {
    await user.ok("create -f -", boat("fleet", { replicas: 2, sail: "red" }));
    expect(await user.ok("scale boat/fleet --replicas=5")).toBe("boat.test.example/fleet scaled");
    expect(await user.ok("get boat fleet -o jsonpath={.spec.replicas}")).toBe("5");
    expect(await user.fails("scale boat/fleet --current-replicas=2 --replicas=1")).toContain(
      "Expected replicas to be 2, was 5",
    );
    expect(await user.ok("get boat fleet --subresource=scale -o jsonpath={.spec.replicas}")).toBe("5");
    expect(await user.fails("scale cm/l-a --replicas=1")).toMatch(/could not find the requested resource|NotFound/);
  });

  test("delete: by name, selector, all, file and raw; --wait, --now, --force, --grace-period, --ignore-not-found, --dry-run", async () => {
    const make = (name: string, metadata: object = {}) => user.ok("create -n made -f -", configMap(name, {}, metadata));
    await user.run("create namespace made");
    for (const name of ["d1", "d2", "d3", "d4", "d5", "d6"]) await make(name, { labels: { n: name } });
    expect(await user.ok("delete cm d1 -n made --dry-run=server")).toBe('configmap "d1" deleted (server dry run)');
    expect(await user.ok("delete cm d1 -n made")).toBe('configmap "d1" deleted');
    expect(await user.ok("delete cm -l n=d2 -n made --now")).toBe('configmap "d2" deleted');
    const forced = await user.run("delete cm d3 -n made --force --grace-period=0");
    expect(forced).toMatchObject({ code: 0, stdout: 'configmap "d3" force deleted\n' });
    expect(await user.ok("delete -f - -n made", configMap("d4", {}))).toBe('configmap "d4" deleted');
    await user.ok("delete --raw /api/v1/namespaces/made/configmaps/d5");
    expect(await user.fails("delete cm d5 -n made")).toContain("(NotFound)");
    expect(await user.ok("delete cm d5 -n made --ignore-not-found")).toBe("");
    await make("held", { finalizers: ["example.com/held"] });
    expect(await user.ok("delete cm held -n made --wait=false")).toBe('configmap "held" deleted');
    expect(await user.fails("delete cm held -n made --timeout=1s")).toContain("timed out waiting for the condition");
    await user.ok(["patch", "cm", "held", "-n", "made", "-p", '{"metadata":{"finalizers":null}}', "--type=merge"]);
    expect(await user.ok("delete cm --all -n made")).toBe('configmap "d6" deleted');
  });

  test.each([
    { cascade: "background", child: undefined },
    { cascade: "foreground", child: undefined },
    { cascade: "orphan", child: "configmap/child-orphan" },
  ])("delete --cascade=$cascade", async ({ cascade, child }) => {
    const [owner, name] = [`owner-${cascade}`, `child-${cascade}`];
    await user.ok("create -f -", boat(owner));
    const uid = await user.ok(`get boat ${owner} -o jsonpath={.metadata.uid}`);
    const ownerReferences = [
      { apiVersion: "test.example/v1", kind: "Boat", name: owner, uid, blockOwnerDeletion: true },
    ];
    await user.ok("create -f -", configMap(name, {}, { ownerReferences }));
    expect(await user.ok(`delete boat ${owner} --cascade=${cascade}`)).toBe(`boat.test.example "${owner}" deleted`);
    if (child === undefined) await user.ok(`wait --for=delete cm/${name} --timeout=30s`);
    else expect(await user.ok(`get cm ${name} -o name`)).toBe(child);
  });

  test("commands whose kinds are not here say so", async () => {
    const without = "the server doesn't have a resource type \"";
    for (const command of ["logs web", "exec web -- ls", "attach web", "cp web:/a /tmp/b", "port-forward web 80"]) {
      expect(await user.fails(command), command).toMatch(/pods|requested resource/);
    }
    for (const command of ["drain web", "cordon web", "uncordon web", "taint nodes web a=b:NoSchedule"]) {
      expect(await user.fails(command), command).toContain(`${without}nodes"`);
    }
    expect(await user.fails("rollout status deployment/web")).toContain(`${without}deployment"`);
    expect(await user.fails("set image deployment/web web=nginx")).toContain(`${without}deployment"`);
    expect(await user.fails("autoscale deployment web --max=2")).toContain(`${without}deployment"`);
    expect(await user.fails("expose deployment web --port=80")).toContain(`${without}deployment"`);
    expect(await user.fails("run web --image=nginx")).toMatch(/could not find the requested resource|pods|no matches/);
    expect(await user.fails("debug web --image=busybox")).toMatch(/pods|resource/);
    expect(await user.fails("create deployment web --image=nginx")).toMatch(
      /could not find the requested resource|no matches/,
    );
    expect(await user.fails("certificate approve web")).toMatch(/certificatesigningrequests|resource/);
    expect(await user.fails("get apiservices")).toContain(`${without}apiservices"`);
    expect(await user.fails("top pods")).toBe("error: Metrics API not available");
  });
});
