import { expect, test } from "vitest";
import { isStricter, labelCauses, policyOf } from "./policy.ts";

const baseline = { level: "baseline", version: "latest" };
const label = (name: string, value: string): Record<string, string> => ({
  [`pod-security.kubernetes.io/${name}`]: value,
});

test("a namespace that says nothing is held to baseline", () => {
  expect(policyOf({})).toEqual({ enforce: baseline, warn: baseline });
});

test("labels say what is enforced and what is warned of", () => {
  const labels = {
    ...label("enforce", "privileged"),
    ...label("warn", "restricted"),
    ...label("warn-version", "v1.30"),
  };
  expect(policyOf(labels)).toEqual({
    enforce: { level: "privileged", version: "latest" },
    warn: { level: "restricted", version: "v1.30" },
  });
});

test("a level that cannot be read is the strictest: nothing gets past a mistake", () => {
  expect(policyOf(label("enforce", "Privileged")).enforce.level).toBe("restricted");
});

test.each([
  [label("enforce", "Privileged"), 'Invalid value: "Privileged": must be one of privileged, baseline, restricted'],
  [label("audit", ""), 'Invalid value: "": must be one of privileged, baseline, restricted'],
  [label("warn-version", "1.30"), 'Invalid value: "1.30": must be "latest" or "v1.x"'],
  [label("enforce-version", "v1.03"), 'Invalid value: "v1.03": must be "latest" or "v1.x"'],
])("%j is refused", (labels, message) => {
  expect(labelCauses(labels)).toEqual([
    { reason: "FieldValueInvalid", field: `metadata.labels[${Object.keys(labels)[0] ?? ""}]`, message },
  ]);
});

test("levels are ordered", () => {
  const at = (level: "privileged" | "baseline" | "restricted") => ({ level, version: "latest" });
  expect(isStricter(at("restricted"), at("baseline"))).toBe(true);
  expect(isStricter(at("baseline"), at("baseline"))).toBe(false);
  expect(isStricter(at("privileged"), at("baseline"))).toBe(false);
});
