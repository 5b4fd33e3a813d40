import { describe, expect, test } from "vitest";
import type { Ledger } from "../ledger.ts";
import { hostOf } from "../../../test/fakes/objects.ts";
import { ledgerOf, readyHost, wanted } from "../../../test/fakes/world.ts";
import { refusalsOf } from "./filter.ts";
import { fit } from "./fit.ts";

const gpu = "vendor.example/gpu";
const requests = (amounts: object): object => ({ resources: { requests: amounts } });

function refusal(spec: object, ledger: Ledger): string | undefined {
  const [candidate] = ledger.candidates();
  return candidate && refusalsOf(fit, wanted(spec), ledger)(candidate);
}

// After TestEnoughRequests: kubernetes/pkg/scheduler/framework/plugins/noderesources/fit_test.go.
describe("amounts", () => {
  const has = { allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "10Gi" } };
  test.each([
    ["what is left", requests({ memory: "4Gi" }), undefined],
    ["more than is left, whatever is used", requests({ memory: "5Gi" }), "too little memory"],
    ["cpu of a limit", { resources: { limits: { cpu: "5" } } }, "too little cpu"],
    ["cpu of a request below the limit", { resources: { limits: { cpu: "5" }, requests: { cpu: "1" } } }, undefined],
    ["storage", requests({ "ephemeral-storage": "11Gi" }), "too little ephemeral-storage"],
    ["nothing", {}, undefined],
  ])("%s", (_, spec, expected) => {
    const ledger = ledgerOf([readyHost("a", has)], [{ on: "a", spec: requests({ memory: "4Gi" }) }]);
    expect(refusal(spec, ledger)).toBe(expected);
  });

  test("what requests nothing fits on a host that is more than full", () => {
    const bound = { on: "a", spec: requests({ memory: "8Gi", cpu: "4" }) };
    expect(refusal({}, ledgerOf([hostOf("a")], [bound, bound]))).toBeUndefined();
  });
});

describe("devices", () => {
  const declared = hostOf("a", { spec: { devices: [{ name: gpu, paths: ["/dev/gpu0", "/dev/gpu1"] }] } });
  const holder = { on: "a", status: { devices: [{ name: gpu, ids: ["/dev/gpu0"], paths: ["/dev/gpu0"] }] } };

  test("each is had by one only", () => {
    expect(refusal(requests({ [gpu]: 2 }), ledgerOf([declared]))).toBeUndefined();
    expect(refusal(requests({ [gpu]: 2 }), ledgerOf([declared], [holder]))).toBe(`too little ${gpu}`);
    expect(refusal(requests({ [gpu]: 1 }), ledgerOf([declared], [holder]))).toBeUndefined();
  });

  test("those that the host reports count, too", () => {
    const name = "pci.stowage.dev/10de_1eb8";
    const host = readyHost("a", { devices: [{ name, ids: ["0000:01:00.0"], paths: {} }] });
    expect(refusal(requests({ [name]: 1 }), ledgerOf([host]))).toBeUndefined();
    expect(refusal(requests({ [name]: 2 }), ledgerOf([host]))).toBe(`too little ${name}`);
  });

  test("one that is held and gone leaves what is there to others", () => {
    const gone = { on: "a", status: { devices: [{ name: gpu, ids: ["/dev/gpu9"], paths: [] }] } };
    expect(refusal(requests({ [gpu]: 2 }), ledgerOf([declared], [gone]))).toBeUndefined();
  });
});

describe("dedicated cpus", () => {
  const dedicated = (cpu: string): object => ({ cpuPolicy: "Dedicated", resources: { limits: { cpu } } });
  const host = readyHost("a", { numa: [{ id: 0, cpus: "0-3" }] });
  test.each([
    ["whole ones", dedicated("4"), host, undefined],
    ["none", dedicated("0"), host, "cannot dedicate no cpu: it requests none"],
    ["a part of one", dedicated("1500m"), host, "cannot dedicate a part of a cpu: 1500m is no whole number"],
    [
      "of a host that does not tell what it has",
      dedicated("1"),
      hostOf("a"),
      "does not report its NUMA nodes, without which no cpu is dedicated",
    ],
  ])("%s", (_, spec, on, expected) => {
    expect(refusal(spec, ledgerOf([on]))).toBe(expected);
  });

  test("nobody else has them", () => {
    const all = readyHost("a", { allocatable: { cpu: "8" }, numa: [{ id: 0, cpus: "0-3" }] });
    const ledger = ledgerOf([all], [{ on: "a", status: { cpuset: "1-2" } }]);
    expect(refusal(dedicated("2"), ledger)).toBeUndefined();
    expect(refusal(dedicated("3"), ledger)).toBe("too few cpus that are not dedicated");
  });

  test("they are as many less for those that share", () => {
    const ledger = ledgerOf([host], [{ on: "a", spec: dedicated("3"), status: { cpuset: "0-2" } }]);
    expect(refusal(requests({ cpu: "1" }), ledger)).toBeUndefined();
    expect(refusal(requests({ cpu: "1500m" }), ledger)).toBe("too little cpu");
  });
});
