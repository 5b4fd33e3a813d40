import { expect, test } from "vitest";
import { execCredential, wantedVersion } from "./keystone-auth.ts";

const group = "client.authentication.k8s.io";

test.each([
  { why: "v1 where nobody asks", info: undefined, want: `${group}/v1` },
  {
    why: "what is asked for",
    info: JSON.stringify({ apiVersion: `${group}/v1beta1`, spec: {} }),
    want: `${group}/v1beta1`,
  },
])("answers in $why", ({ info, want }) => {
  expect(wantedVersion(info)).toBe(want);
});

test.each(["no JSON", JSON.stringify({ apiVersion: `${group}/v1alpha1` })])("cannot answer %s", (info) => {
  expect(() => wantedVersion(info)).toThrow("write client.authentication.k8s.io/v1 in the kubeconfig");
});

test("kubectl reads the token and until when it is good", () => {
  expect(execCredential(`${group}/v1`, { token: "gAAA", expiresAt: "2030-01-01T00:00:00.123456Z" })).toEqual({
    kind: "ExecCredential",
    apiVersion: `${group}/v1`,
    status: { token: "gAAA", expirationTimestamp: "2030-01-01T00:00:00Z" },
  });
});
