/** What every kind keeps, on real services. The fake keeps the same: test/contracts/openstack-fake.test.ts. */
import { afterAll, beforeAll, describe } from "vitest";
import { filesOf } from "../contracts/openstack/files.ts";
import { kindContract } from "../contracts/openstack/kinds.contract.ts";
import { scenarios } from "../contracts/openstack/kinds/index.ts";
import { OpenStackLab, openstackMissing } from "../lab/openstack.ts";

/** What does not run in the lab. */
const notThere = ["volume-backup"] as const;

const missing = openstackMissing();

/** For one's own runs: OPENSTACK_KINDS=Network,Subnet. */
const wanted = process.env["OPENSTACK_KINDS"]?.split(",");

describe.skipIf(missing !== undefined)(`on a real OpenStack${missing === undefined ? "" : `: ${missing}`}`, () => {
  let lab: OpenStackLab;
  beforeAll(async () => {
    lab = await OpenStackLab.start();
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  for (const scenario of scenarios) {
    const { kind, services } = scenario;
    if (wanted?.includes(kind.type.kind) === false || services.some((one) => notThere.some((none) => one === none)))
      continue;
    kindContract(
      scenario,
      async () => ({ cloudsYaml: lab.cloudsYaml("admin"), cloudName: "admin" }),
      filesOf(scenarios),
    );
  }
});
