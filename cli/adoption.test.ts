import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Found } from "./adoption.ts";
import { manifestsOf, render } from "./adoption.ts";

const found: Found = {
  id: "a".repeat(64),
  hostSideName: "web",
  state: "running",
  labels: {},
  spec: { image: "web:1" },
  lost: [],
  notes: [],
};

test.each(["\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029"])(
  "what a container is called or told becomes no manifest, whatever ends a line: %j",
  async (end) => {
    const lost = [`environment variable "x${end}---${end}kind: ClusterRoleBinding${end}# "`];
    const manifests = manifestsOf([{ ...found, lost, notes: lost }], { namespace: "default", hostName: "local" });
    const text = await render(manifests);
    expect(text.split(/[\n\r\u0085\u2028\u2029]/).filter((line) => line.startsWith("kind:"))).toEqual([
      "kind: Container",
    ]);
    expect(parseAllDocuments(text)).toHaveLength(1);
    expect(manifests[0]?.warnings.join("")).not.toContain(end);
  },
);
