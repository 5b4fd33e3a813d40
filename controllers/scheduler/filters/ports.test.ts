import { expect, test } from "vitest";
import { hostOf } from "../../../test/fakes/objects.ts";
import { ledgerOf, refusals, wanted } from "../../../test/fakes/world.ts";
import { hostPorts } from "./ports.ts";

const port = (hostPort: number, hostIP?: string, protocol = "TCP"): object => ({
  ports: [{ containerPort: hostPort, hostPort, protocol, ...(hostIP === undefined ? {} : { hostIP }) }],
});

// After TestNodePorts: kubernetes/pkg/scheduler/framework/plugins/nodeports/node_ports_test.go.
test.each([
  ["the same port", port(80), port(80), false],
  ["another port", port(80), port(81), true],
  ["another protocol", port(80), port(80, undefined, "UDP"), true],
  ["another address", port(80, "10.0.0.1"), port(80, "10.0.0.2"), true],
  ["one address and all of them", port(80, "10.0.0.1"), port(80, "0.0.0.0"), false],
  ["all addresses, said in two ways", port(80, "::"), port(80), false],
  ["a port of the container only", { ports: [{ containerPort: 80 }] }, port(80), true],
])("%s", (_, taken, asked, fits) => {
  const ledger = ledgerOf([hostOf("a")], [{ on: "a", spec: taken }]);
  expect(refusals(hostPorts, wanted(asked), ledger)).toEqual(fits ? {} : { a: "has host port 80/TCP taken" });
});
