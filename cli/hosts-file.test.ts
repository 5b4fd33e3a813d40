import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { readHostsList } from "./hosts-file.ts";

const read = (text: string) =>
  readHostsList("-", { namespace: "kube-system", cwd: "/", stdin: Readable.from([Buffer.from(text)]) });

describe("readHostsList", () => {
  test("takes other fields of the spec as they are", async () => {
    const { manifests, problems } = await read(
      "hosts:\n- name: a\n  endpoint: unix:///x\n  taints: [dedicated=builds:NoSchedule]\n  spec: {maintenance: true}\n",
    );
    expect(problems).toEqual([]);
    expect(manifests[0]?.object).toMatchObject({
      metadata: { name: "a", labels: { "stowage.dev/hosts-list": "hosts" } },
      spec: {
        docker: { endpoint: "unix:///x" },
        maintenance: true,
        taints: [{ key: "dedicated", value: "builds", effect: "NoSchedule" }],
      },
    });
  });

  test.each([
    ["docker: {tls: {serverName: b}}", "spec.docker: it is made of endpoint, tls and ssh"],
    ["taints: []", "spec.taints: say taints in the entry itself"],
  ])("refuses what would be lost: spec: %s", async (spec, why) => {
    const { manifests, problems } = await read(`hosts:\n- name: a\n  endpoint: unix:///x\n  spec:\n    ${spec}\n`);
    expect(manifests).toEqual([]);
    expect(problems).toEqual([{ where: "standard input: line 5", message: `Host "a": ${why}` }]);
  });
});
