import { expect, test } from "vitest";
import { WaitingError } from "./actuator.ts";
import type { Secret } from "./clouds.ts";
import { Clouds } from "./clouds.ts";

const cloudsWith = (secret: { readonly uid?: string; readonly version?: string; readonly value?: string }): Clouds => {
  const { uid = "11111111-2222-3333-4444-555555555555", version = "1", value = "hunter2" } = secret;
  const data = { password: Buffer.from(value).toString("base64") };
  const metadata = { name: "login", uid, resourceVersion: version, creationTimestamp: "2026-01-01T00:00:00Z" };
  const object: Secret = { apiVersion: "v1", kind: "Secret", metadata, data };
  return new Clouds({
    client: { patch: () => Promise.reject(new Error("nothing is written")) },
    secrets: { get: (key) => (key === "alpha/login" ? object : undefined), list: () => [object], byIndex: () => [] },
    connect: () => {
      throw new Error("nothing is connected to");
    },
  });
};
const markOf = (clouds: Clouds, owner = "one"): string => clouds.secretMark("alpha", "login", "password", owner);

test("a mark stays as long as the value does", () => {
  expect(markOf(cloudsWith({ version: "2" }))).toBe(markOf(cloudsWith({ version: "1" })));
});

test.each([
  { why: "another value", other: markOf(cloudsWith({ value: "hunter3" })) },
  { why: "another owner, so that nobody sees who has the same password", other: markOf(cloudsWith({}), "two") },
  { why: "another Secret, whose uid nobody knows who cannot read it", other: markOf(cloudsWith({ uid: "another" })) },
])("a mark changes with $why", ({ other }) => {
  expect(other).not.toBe(markOf(cloudsWith({})));
});

test("what is not there is waited for", () => {
  expect(() => cloudsWith({}).secretMark("beta", "login", "password", "one")).toThrow(WaitingError);
  expect(() => cloudsWith({}).secretMark("alpha", "login", "other", "one")).toThrow("to have the key other");
});
