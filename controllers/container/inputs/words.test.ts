import { expect, test } from "vitest";
import { ContainerSpec } from "../../../crds/container.ts";
import type { Inputs } from "../../../drivers/inputs.ts";
import { conceal, withoutValues } from "./words.ts";

const runc = (value: string): string =>
  `OCI runtime create failed: unable to start container process: exec: ${JSON.stringify(value)}: executable file not found in $PATH: unknown`;

const inputsOf = (value: string): Inputs => ({
  main: { env: new Map(), command: [value] },
  initContainers: new Map([["one", { env: new Map(), args: [value] }]]),
  volumes: new Map(),
  config: {},
});

const main = { image: "web:1", command: ["$(TOKEN)"] };
const init = { image: "web:1", initContainers: [{ name: "one", image: "one:1", args: ["$(TOKEN)"] }] };

test.each([
  ["the program's name", main, runc("hunter2"), "hunter2"],
  ["an init container's", init, runc("hunter2"), "hunter2"],
  ["with quotes in it", main, runc('hunt"er2'), 'hunt"er2'],
  ["one of before it changed", main, runc("hunter1"), "hunter2"],
  ["a path of before", main, 'exec: "/hunter1": stat /hunter1: no such file or directory: unknown', "/hunter2"],
  ["elsewhere", main, "fork/exec hunter2: permission denied", "hunter2"],
  ["with what means something to a RegExp", main, "fork/exec (a+)+$: permission denied", "(a+)+$"],
])("a host tells no value: %s", (_, spec, words, value) => {
  const told = withoutValues(words, ContainerSpec.parse(spec), inputsOf(value));
  expect(told).not.toMatch(/hunt|er1|er2|\(a\+\)/);
  expect(told).toContain("$(TOKEN)");
});

test("what the spec says itself is told", () => {
  const spec = ContainerSpec.parse({ image: "web:1", command: ["nosuch"], args: ["$(TOKEN)"] });
  expect(withoutValues(runc("nosuch"), spec, inputsOf("nosuch"))).toBe(runc("nosuch"));
  expect(withoutValues(runc("x"), ContainerSpec.parse(main), undefined)).toBe(runc("x"));
});

test.each([
  ["a value", "login with hunter2 failed", ["hunter2\n"], "login with *** failed"],
  ["the longer of two first", "hunter22 hunter2", ["hunter2", "hunter22"], "*** ***"],
  ["a line of a file", "read MIIEvQIBADANBg", ["-----BEGIN KEY-----\nMIIEvQIBADANBg\n"], "read ***"],
  ["nothing that is in every sentence", "it is not there", ["it", ""], "it is not there"],
  ["nothing where there is none", "x", [], "x"],
])("what a program says is told without %s", (_, words, secrets, told) => {
  expect(conceal(words, secrets)).toBe(told);
});
