/** What every kind keeps, on real services. The fake keeps the same: test/contracts/openstack-fake.test.ts. */
import { afterAll, beforeAll, describe } from "vitest";
import { kindsContract } from "../contracts/openstack/kinds.contract.ts";
import { scenarios } from "../contracts/openstack/kinds/index.ts";
import { OpenStackLab, openstackMissing } from "../lab/openstack.ts";

/** What does not run in the lab. */
const notThere = ["volume-backup"] as const;

const missing = openstackMissing();

describe.skipIf(missing !== undefined)(`on a real OpenStack${missing === undefined ? "" : `: ${missing}`}`, () => {
  let lab: OpenStackLab;
  beforeAll(async () => {
    lab = await OpenStackLab.start();
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  const there = scenarios.filter(({ services }) => !services.some((one) => notThere.some((none) => one === none)));
  kindsContract(there, async () => ({ cloudsYaml: lab.cloudsYaml("admin"), cloudName: "admin" }));
});
