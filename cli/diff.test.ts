import { describe, expect, test } from "vitest";
import { unifiedDiff } from "./diff.ts";
import { lastAppliedAnnotation } from "./three-way-patch.ts";

function secret(fields: object, annotations: Readonly<Record<string, string>> = {}) {
  const metadata = { name: "s", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  return { apiVersion: "v1", kind: "Secret", metadata: { ...metadata, annotations }, ...fields };
}

describe("unifiedDiff() of a Secret", () => {
  test("tells which values change, and none of them", async () => {
    const text = await unifiedDiff(secret({ data: { a: "b2xk", same: "c2FtZQ==" } }), {
      ...secret(
        { data: { a: "bmV3", same: "c2FtZQ==", constructor: "bW9yZQ==" } },
        { [lastAppliedAnnotation]: "bmV3" },
      ),
    });
    expect(text).toContain('-  a: "*** (before)"\n');
    expect(text).toContain('+  a: "*** (after)"\n');
    expect(text).toContain('+  constructor: "***"\n');
    expect(text).not.toMatch(/b2xk|bmV3|c2FtZQ|bW9yZQ/);
  });

  test("hides what no server has seen", async () => {
    const text = await unifiedDiff(undefined, secret({ stringData: { password: "hush" }, data: { k: "aHVzaA==" } }));
    expect(text).toContain('+  password: "***"\n');
    expect(text).not.toMatch(/hush|aHVzaA/);
  });
});
