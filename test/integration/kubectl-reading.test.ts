/** kubectl's commands that only look: get in all its ways, wait, events, describe, explain, discovery, auth, proxy. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../lab/stowage.ts";
import { configMap, kubectlMissing, KubectlUser } from "./kubectl-user.ts";

describe.skipIf(kubectlMissing)(`kubectl${kubectlMissing ? `: skipped, ${kubectlMissing}` : ""}`, () => {
  let user: KubectlUser;
  beforeAll(async () => {
    user = await KubectlUser.start();
    await user.ok("create namespace shop");
    for (let i = 0; i < 12; i++) {
      const labels = { parity: i % 2 === 0 ? "even" : "odd" };
      await user.ok(
        "create -n shop -f -",
        configMap(`c${String(i).padStart(2, "0")}`, { n: String(99 - i) }, { labels }),
      );
    }
  });
  afterAll(() => user[Symbol.asyncDispose]());

  /** Runs until `done` is true of what it printed, or to its end. */
  async function during(
    command: string,
    act: () => Promise<void>,
    done: (printed: string) => boolean,
  ): Promise<string> {
    const env = { ...process.env, KUBECONFIG: user.server.kubeconfig, HOME: user.server.dataDir };
    const child: ChildProcessByStdio<null, Readable, null> = spawn("kubectl", command.split(" "), {
      ...{ env, stdio: ["ignore", "pipe", "inherit"] },
    });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
    const ended = once(child, "close");
    await act();
    await eventually(`kubectl ${command} has said all`, async () => done(printed));
    child.kill();
    await ended;
    return printed;
  }

  const ids = Array.from({ length: 12 }, (_, i) => `c${String(i).padStart(2, "0")}`);

  test("get: chunks, names, selectors, sorting", async () => {
    const names = async (...more: readonly string[]): Promise<readonly string[]> =>
      (await user.ok(["get", "cm", "-n", "shop", "-o", "name", ...more]))
        .split("\n")
        .map((name) => name.replace("configmap/", ""));
    expect(await names("-l", "parity", "--chunk-size=5")).toEqual(ids);
    expect(await names("-l", "parity", "--chunk-size=0")).toEqual(ids);
    expect(await names("-l", "parity=odd,parity!=even")).toHaveLength(6);
    expect(await names("-l", "parity notin (odd)")).toHaveLength(6);
    expect(await names("--field-selector", "metadata.name!=c00")).not.toContain("c00");
    expect(await names("-l", "parity", "--sort-by=.data.n")).toEqual(ids.toReversed());
    expect(await user.fails("get cm -n shop --field-selector data.n=1")).toContain("is not a known field selector");
    expect(await user.fails("get cm -n shop nobody")).toBe(
      'Error from server (NotFound): configmaps "nobody" not found',
    );
    expect(await user.fails("get boats")).toBe('error: the server doesn\'t have a resource type "boats"');
    expect(await user.ok("get cm/c00 namespace/shop -n shop -o name")).toBe("configmap/c00\nnamespace/shop");
  });

  test("get: output formats", async () => {
    const get = (format: string) => user.ok(["get", "cm", "c00", "c01", "-n", "shop", "-o", format]);
    expect(await get("jsonpath={range .items[*]}{.metadata.name}={.data.n};{end}")).toBe("c00=99;c01=98;");
    expect(await get("custom-columns=NAME:.metadata.name,N:.data.n")).toBe("NAME   N\nc00    99\nc01    98");
    expect(await get("go-template={{range .items}}{{.metadata.name}} {{end}}")).toBe("c00 c01");
    const template = await user.file("t.tmpl", "{{len .items}}");
    expect(await get(`go-template-file=${template}`)).toBe("2");
    expect(JSON.parse(await get("json"))).toMatchObject({ kind: "List", items: [{ kind: "ConfigMap" }, {}] });
    expect(await get("yaml")).toContain("kind: ConfigMap");
    expect(await get("wide")).toMatch(/^NAME +DATA +AGE\nc00 +1 +\d+s\nc01 +1 +\d+s$/);
    expect(await user.ok("get cm c00 -n shop --show-labels --no-headers --show-kind")).toMatch(
      /^configmap\/c00 .*parity=even$/,
    );
    expect(await user.ok("get ns -o yaml --show-managed-fields")).toContain("kind: List");
    expect(await user.ok("get --raw /readyz")).toBe("ok");
    expect(JSON.parse(await user.ok("get --raw /api/v1/namespaces/shop/configmaps?limit=1"))).toMatchObject({
      ...{ kind: "ConfigMapList", metadata: { remainingItemCount: 11 } },
    });
    expect(await user.ok("get cm -A --server-print=false -l parity=even")).toMatch(/^NAMESPACE +NAME +AGE/);
  });

  test("get -w: rows and events of what changes", async () => {
    const change = async (): Promise<void> => {
      await user.ok("create -n shop -f -", configMap("watched", { a: "1" }));
      await user.ok(["patch", "-n", "shop", "cm", "watched", "-p", '{"data":{"b":"1"}}']);
      await user.ok("delete -n shop cm watched");
    };
    const command = "get cm -n shop -w --output-watch-events --field-selector metadata.name=watched";
    const printed = await during(command, change, (text) => text.includes("DELETED"));
    const rows = printed.match(/[A-Z]{5,} +watched +\d/g)?.map((row) => row.replaceAll(/ +/g, " "));
    expect(rows).toEqual(["ADDED watched 1", "MODIFIED watched 2", "DELETED watched 2"]);
    const only = await during("get cm -n shop --watch-only -o name", change, (text) => text.split("\n").length > 3);
    expect(only).toBe("configmap/watched\n".repeat(3));
  });

  test("wait: for conditions, values, creation, deletion, and not for ever", async () => {
    const created = user.ok("wait --for=create cm/awaited -n shop --timeout=30s");
    await user.ok("create -n shop -f -", configMap("awaited", { phase: "one" }));
    expect(await created).toBe("configmap/awaited condition met");
    const valued = user.ok("wait --for=jsonpath={.data.phase}=two cm/awaited -n shop --timeout=30s");
    await user.ok(["patch", "-n", "shop", "cm", "awaited", "-p", '{"data":{"phase":"two"}}']);
    expect(await valued).toBe("configmap/awaited condition met");
    expect(await user.ok("wait --for=condition=Established crd --all")).toContain(
      "containers.stowage.dev condition met",
    );
    expect(await user.fails("wait --for=condition=Ready cm/awaited -n shop --timeout=1s")).toContain("timed out");
    const deleted = user.ok("wait --for=delete cm/awaited -n shop --timeout=30s");
    await user.ok("delete -n shop cm awaited");
    // It may have been gone before wait looked.
    expect(["configmap/awaited condition met", ""]).toContain(await deleted);
  });

  test("events, and describe of every kind that can be listed", async () => {
    const uid = await user.ok("get cm c00 -n shop -o jsonpath={.metadata.uid}");
    const event = {
      ...{ apiVersion: "v1", kind: "Event", metadata: { name: "c00.1", namespace: "shop" }, type: "Warning" },
      involvedObject: { apiVersion: "v1", kind: "ConfigMap", name: "c00", namespace: "shop", uid },
      ...{ reason: "Odd", message: "It looks odd", count: 2, source: { component: "test" } },
      ...{ firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:00:00Z" },
    };
    await user.ok("create -f -", JSON.stringify(event));
    expect(await user.ok("events -n shop --for=cm/c00")).toMatch(/Warning +Odd +ConfigMap\/c00 +It looks odd/);
    expect((await user.run("events -n shop --types=Normal")).stderr).toBe("No events found in shop namespace.\n");
    expect(await user.ok("get events -n shop --field-selector involvedObject.name=c00 -o name")).toBe("event/c00.1");
    expect(await user.ok("describe cm c00 -n shop")).toMatch(/Warning +Odd .* test +It looks odd/);
    await user.ok("create -n shop secret generic hidden --from-literal=password=test-only");
    await user.ok("create -n shop serviceaccount robot");
    await user.ok("create -n shop quota small --hard=count/configmaps=100");
    await user.ok("create -n shop role reader --verb=get --resource=configmaps");
    await user.ok("create -n shop rolebinding readers --role=reader --user=ann");
    const kinds = (await user.ok("api-resources --verbs=list -o name")).split("\n");
    for (const kind of kinds) {
      const { code, stderr } = await user.run(`describe ${kind} -A`);
      expect({ code, stderr: stderr.replace(/^No resources found\n/, "") }, `describe ${kind}`).toEqual({
        code: 0,
        stderr: "",
      });
    }
    expect(await user.ok("describe secret hidden -n shop")).toMatch(/password: +9 bytes/);
    expect(await user.ok("describe quota small -n shop")).toMatch(/count\/configmaps +\d+ +100/);
    expect(await user.ok("describe ns shop")).toMatch(/Status: +Active/);
  });

  test("api-resources, api-versions, version, options, completion, plugin", async () => {
    expect(await user.ok("api-resources --namespaced=true --api-group= -o name")).toContain("configmaps");
    expect(await user.ok("api-resources -o wide --sort-by=name")).toMatch(
      /configmaps +cm +v1 +true +ConfigMap +create,/,
    );
    expect((await user.ok("api-versions")).split("\n")).toEqual(
      expect.arrayContaining(["v1", "apiextensions.k8s.io/v1", "coordination.k8s.io/v1", "stowage.dev/v1alpha1"]),
    );
    expect(await user.ok("version -o json")).toContain('"gitVersion"');
    expect(await user.ok("options")).toContain("--kubeconfig");
    expect(await user.ok("completion bash")).toContain("kubectl");
    expect((await user.run("__complete get cm -n shop c0")).stdout).toContain("c00\n");
    expect(await user.fails("plugin list")).toContain("unable to find any kubectl plugins");
  });

  test("explain: fields, --recursive, another version's words, of every kind there is", async () => {
    expect(await user.ok("explain container.spec.ports --recursive")).toContain("hostPort");
    expect(await user.ok("explain configmap --output=plaintext-openapiv2")).toContain("ConfigMap");
    expect(await user.ok("explain events --api-version=events.k8s.io/v1")).toContain("GROUP:      events.k8s.io");
    expect(await user.fails("explain configmap.colour")).toContain('field "colour" does not exist');
    const kinds = (await user.ok("api-resources --verbs=get -o name")).split("\n");
    // kubectl takes this one for a field of core's events.
    for (const kind of kinds.filter((name) => name !== "events.events.k8s.io"))
      expect(await user.ok(`explain ${kind} --recursive`), kind).toContain("DESCRIPTION:");
  });

  test("auth: whoami, can-i, reconcile", async () => {
    expect(await user.ok("auth whoami")).toMatch(/Username +stowage-admin\n.*Groups .*system:masters/);
    expect(await user.ok("auth can-i create configmaps")).toBe("yes");
    expect(await user.ok("auth can-i --list")).toMatch(/Resources +Non-Resource URLs/);
    const role = {
      ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "made", namespace: "shop" } },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
    };
    expect(await user.run("auth reconcile -f -", JSON.stringify(role))).toMatchObject({
      ...{ code: 0, stdout: "role.rbac.authorization.k8s.io/made reconciled\n" },
    });
    expect(await user.ok("get role made -n shop -o name")).toBe("role.rbac.authorization.k8s.io/made");
  });

  test("config reads and changes the kubeconfig that the server wrote", async () => {
    expect(await user.ok("config current-context")).toBe("stowage");
    const copy = await user.file("kubeconfig", await user.ok("config view --raw --flatten"));
    const env = { KUBECONFIG: copy };
    await user.ok("config set-context --current --namespace=shop", undefined, env);
    expect(await user.ok("get cm c00 -o name", undefined, env)).toBe("configmap/c00");
    await user.ok("config set-context other --cluster=stowage --user=stowage-admin", undefined, env);
    await user.ok("config use-context other", undefined, env);
    expect(await user.ok("config get-contexts -o name", undefined, env)).toBe("other\nstowage");
    expect(await user.fails("get cm c00", undefined, env)).toContain("(NotFound)");
  });

  test("proxy: anything that speaks HTTP can use the API through it", async () => {
    const env = { ...process.env, KUBECONFIG: user.server.kubeconfig, HOME: user.server.dataDir };
    const proxy = spawn("kubectl", ["proxy", "--port=0"], { env, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(proxy, "close");
    const [line] = (await once(proxy.stdout.setEncoding("utf8"), "data")) as [string];
    const [, port = ""] = /127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    const ask = request({ port, host: "127.0.0.1", path: "/api/v1/namespaces/shop/configmaps/c00" }).end();
    const [answer] = (await once(ask, "response")) as [IncomingMessage];
    expect(JSON.parse(await text(answer))).toMatchObject({ kind: "ConfigMap", metadata: { name: "c00" } });
    proxy.kill();
    await ended;
  });

  test("cluster-info asks for Services and Nodes, which are not here, and says so", async () => {
    expect(await user.fails("cluster-info")).toContain('the server doesn\'t have a resource type "services"');
    expect(await user.fails("cluster-info dump")).toMatch(/could not find the requested resource/);
  });
});
