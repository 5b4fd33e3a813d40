/** kubectl's declarative commands: apply in all its ways, diff, replace, edit, kustomize. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configMap, kubectlMissing, KubectlUser } from "./kubectl-user.ts";

const label = { labels: { app: "shop" } };

describe.skipIf(kubectlMissing)(`kubectl${kubectlMissing ? `: skipped, ${kubectlMissing}` : ""}`, () => {
  let user: KubectlUser;
  beforeAll(async () => {
    user = await KubectlUser.start();
  });
  afterAll(() => user[Symbol.asyncDispose]());

  const valueOf = (name: string, key: string): Promise<string> => user.ok(`get cm ${name} -o jsonpath={.data.${key}}`);

  test("apply: fields taken out of the manifest are taken out of the object, those of others stay", async () => {
    expect(await user.ok("apply -f -", configMap("three-way", { a: "1", b: "2" }))).toBe("configmap/three-way created");
    await user.ok(["patch", "cm", "three-way", "-p", '{"data":{"c":"theirs"}}']);
    expect(await user.ok("apply -f -", configMap("three-way", { a: "3" }))).toBe("configmap/three-way configured");
    expect(await user.json("get cm three-way")).toMatchObject({ data: { a: "3", c: "theirs" } });
    expect(await valueOf("three-way", "b")).toBe("");
    expect(await user.ok("apply -f -", configMap("three-way", { a: "3" }))).toBe("configmap/three-way unchanged");
  });

  test("apply view-last-applied, set-last-applied, edit-last-applied", async () => {
    await user.ok("apply -f -", configMap("last", { a: "1" }));
    expect(await user.ok("apply view-last-applied cm last -o json")).toContain('"a": "1"');
    const file = await user.file("last.json", configMap("last", { a: "2" }));
    expect(await user.ok(`apply set-last-applied -f ${file}`)).toBe("configmap/last configured");
    const editor = await user.file("editor", '#!/bin/sh\nsed -i \'s/"2"/"3"/; s/a: "2"/a: "3"/\' "$1"\n', 0o755);
    await user.ok("apply edit-last-applied cm last", undefined, { KUBE_EDITOR: editor });
    expect(await user.ok("apply view-last-applied cm last -o json")).toContain('"a": "3"');
    expect(await valueOf("last", "a")).toBe("1");
  });

  test("apply --server-side: owns fields, conflicts, takes over by force, gives up what it leaves out", async () => {
    const apply = (manager: string, data: Record<string, string>, ...more: readonly string[]) =>
      user.run(["apply", "--server-side", "--field-manager", manager, ...more, "-f", "-"], configMap("owned", data));
    expect(await apply("one", { a: "1", b: "1" })).toEqual({
      ...{ code: 0, stdout: "configmap/owned serverside-applied\n", stderr: "" },
    });
    const refused = await apply("two", { a: "2" });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('conflict with "one": .data.a');
    expect(await apply("two", { a: "2" }, "--force-conflicts")).toMatchObject({ code: 0, stderr: "" });
    expect(await valueOf("owned", "a")).toBe("2");
    expect(await apply("one", {})).toMatchObject({ code: 0, stderr: "" });
    expect(await user.json("get cm owned")).toMatchObject({ data: { a: "2" } });
    expect(await valueOf("owned", "b")).toBe("");
    const shown = await user.json<{ metadata: { managedFields: { manager: string; operation: string }[] } }>(
      "get cm owned --show-managed-fields",
    );
    const byManager = shown.metadata.managedFields.toSorted((a, b) => a.manager.localeCompare(b.manager));
    expect(byManager).toMatchObject([
      { manager: "one", operation: "Apply", fieldsV1: { "f:data": {} } },
      { manager: "two", operation: "Apply", fieldsV1: { "f:data": { "f:a": {} } } },
    ]);
  });

  test("apply --server-side takes over what was applied client-side", async () => {
    await user.ok("apply -f -", configMap("moved", { a: "1", b: "1" }));
    expect(await user.ok("apply --server-side -f -", configMap("moved", { a: "1" }))).toBe(
      "configmap/moved serverside-applied",
    );
    expect(await valueOf("moved", "b")).toBe("");
  });

  test("apply --dry-run and diff tell what would be, and change nothing", async () => {
    await user.ok("apply -f -", configMap("dry", { a: "1" }));
    // kubectl warns of a dry run that would migrate from client-side apply: it applies what was never written.
    await user.ok("apply --server-side -f -", configMap("dry-too", { a: "1" }));
    const nextToo = configMap("dry-too", { a: "2" });
    const next = configMap("dry", { a: "2" });
    expect(await user.ok("apply --dry-run=server -f -", next)).toBe("configmap/dry configured (server dry run)");
    expect(await user.ok("apply --dry-run=client -f -", next)).toBe("configmap/dry configured (dry run)");
    expect(await user.ok("apply --server-side --dry-run=server -f -", nextToo)).toBe(
      "configmap/dry-too serverside-applied (server dry run)",
    );
    const diff = await user.run("diff -f -", next);
    expect({ code: diff.code, stderr: diff.stderr }).toEqual({ code: 1, stderr: "" });
    expect(diff.stdout).toContain('-  a: "1"\n+  a: "2"\n');
    const serverSide = await user.run("diff --server-side -f -", nextToo);
    expect({ code: serverSide.code, stderr: serverSide.stderr }).toEqual({ code: 1, stderr: "" });
    expect(await user.ok("diff -f -", configMap("dry", { a: "1" }))).toBe("");
    expect(await valueOf("dry", "a")).toBe("1");
  });

  test("apply --prune -l: what is no longer in the manifests goes", async () => {
    const manifests = (...names: readonly string[]) =>
      names.map((name) => configMap(name, { a: "1" }, label)).join("\n");
    const prune = "apply -f - --prune -l app=shop --prune-allowlist core/v1/ConfigMap";
    await user.ok(prune, manifests("kept", "dropped"));
    expect(await user.ok(prune, manifests("kept"))).toBe("configmap/kept unchanged\nconfigmap/dropped pruned");
    expect(await user.ok("get cm -l app=shop -o name")).toBe("configmap/kept");
  });

  test("apply --prune --applyset: the set's Secret remembers what is in it", async () => {
    const manifests = (...names: readonly string[]) => names.map((name) => configMap(name, { a: "1" })).join("\n");
    const apply = (input: string) =>
      user.run("apply -n default -f - --prune --applyset=shop", input, { KUBECTL_APPLYSET: "true" });
    expect(await apply(manifests("in-set", "leaving"))).toMatchObject({
      ...{ code: 0, stdout: "configmap/in-set created\nconfigmap/leaving created\n", stderr: "" },
    });
    expect(await apply(manifests("in-set"))).toMatchObject({
      ...{ code: 0, stdout: "configmap/in-set unchanged\nconfigmap/leaving pruned\n", stderr: "" },
    });
    expect(await user.json("get secret shop")).toMatchObject({
      metadata: { annotations: { "applyset.kubernetes.io/contains-group-kinds": "ConfigMap" } },
    });
  });

  test("--validate: unknown fields are refused, told, or let pass", async () => {
    const wrong = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "wrong" }, date: {} });
    expect(await user.fails("apply -f -", wrong)).toContain('unknown field "date"');
    const warned = await user.run("apply --validate=warn -f -", wrong);
    expect(warned).toMatchObject({ code: 0, stdout: "configmap/wrong created\n" });
    expect(warned.stderr).toContain('Warning: unknown field "date"');
    await user.ok("replace --validate=ignore -f -", wrong);
  });

  test("replace puts, and with --force deletes first", async () => {
    expect(await user.fails("replace -f -", configMap("replaced", {}))).toContain("(NotFound)");
    await user.ok("create -f -", configMap("replaced", { a: "1" }));
    expect(await user.ok("replace -f -", configMap("replaced", { b: "1" }))).toBe("configmap/replaced replaced");
    expect(await valueOf("replaced", "a")).toBe("");
    const uid = await user.ok("get cm replaced -o jsonpath={.metadata.uid}");
    const forced = await user.ok("replace --force -f -", configMap("replaced", { c: "1" }));
    expect(forced).toBe('configmap "replaced" deleted\nconfigmap/replaced replaced');
    expect(await user.ok("get cm replaced -o jsonpath={.metadata.uid}")).not.toBe(uid);
    const stale = JSON.stringify({
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "replaced", resourceVersion: "1" } },
    });
    expect(await user.fails("replace -f -", stale)).toContain("the object has been modified");
  });

  test("edit: of several objects, and what is refused is offered again", async () => {
    for (const name of ["edit-a", "edit-b"]) await user.ok("create -f -", configMap(name, { colour: "blue" }));
    const editor = await user.file("colours", '#!/bin/sh\nsed -i "s/colour: blue/colour: green/" "$1"\n', 0o755);
    expect(await user.ok("edit cm edit-a edit-b", undefined, { KUBE_EDITOR: editor })).toBe(
      "configmap/edit-a edited\nconfigmap/edit-b edited",
    );
    expect(await valueOf("edit-b", "colour")).toBe("green");
    const wrong = await user.file("wrong", '#!/bin/sh\nsed -i "s/colour: green/colour: [1]/" "$1"\n', 0o755);
    expect(await user.fails("edit cm edit-a", undefined, { KUBE_EDITOR: wrong })).toMatch(/cannot unmarshal|invalid/i);
    expect(await valueOf("edit-a", "colour")).toBe("green");
  });

  test("kustomize: apply -k, diff -k, delete -k", async () => {
    await user.file("kustom/settings.env", "colour=blue\n");
    const kustomization = await user.file(
      "kustom/kustomization.yaml",
      "namePrefix: my-\ngeneratorOptions: { disableNameSuffixHash: true }\nconfigMapGenerator: [{ name: settings, envs: [settings.env] }]\n",
    );
    const folder = kustomization.replace("/kustomization.yaml", "");
    expect(await user.ok(`kustomize ${folder}`)).toContain("name: my-settings");
    expect(await user.ok(`apply -k ${folder}`)).toBe("configmap/my-settings created");
    expect(await user.ok(`diff -k ${folder}`)).toBe("");
    expect(await user.ok(`get -k ${folder} -o name`)).toBe("configmap/my-settings");
    expect(await user.ok(`delete -k ${folder}`)).toBe('configmap "my-settings" deleted');
  });
});
