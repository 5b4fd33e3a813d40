import { expect, test } from "vitest";
import { UnsupportedHostError } from "../driver.ts";
import { agreeOn } from "./api-version.ts";

test.each([
  ["Engine 20.10", "1.12", "1.41", "1.41"],
  ["Engine 28", "1.24", "1.51", "1.51"],
  ["Engine 29, which knows more than we do", "1.44", "1.53", "1.51"],
  ["a version whose number sorts differently as text", "1.9", "1.40", "1.40"],
])("%s", (_, min, max, agreed) => {
  expect(agreeOn("unix:///docker.sock", min, max)).toBe(agreed);
});

test.each([
  ["an Engine that is too old", "1.12", "1.39", "update the Engine"],
  ["an Engine that is too new", "1.52", "1.60", "update Stowage"],
])("%s is named with both ranges", (_, min, max, advice) => {
  const negotiate = (): string => agreeOn("tcp://h:2375", min, max);
  expect(negotiate).toThrow(UnsupportedHostError);
  expect(negotiate).toThrow(`tcp://h:2375: it speaks API ${min} to ${max}, Stowage 1.40 to 1.51 (${advice})`);
});
