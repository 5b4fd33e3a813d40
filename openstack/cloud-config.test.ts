import { expect, test } from "vitest";
import { placeOf } from "./cloud-config.ts";

const authUrl = "https://keystone.test:5000/v3";

test.each([
  { why: "Keystone with its region", config: { authUrl, region: "RegionOne" }, is: "region RegionOne" },
  { why: "no region", config: { authUrl }, is: undefined },
  {
    why: "Keystone however it is written, without what is nobody's business",
    config: { authUrl: "https://me:secret@keystone.test:5000/?token=secret" },
    is: undefined,
  },
  {
    why: "what services are elsewhere",
    config: { authUrl, services: { network: { url: "https://neutron.test/v2.0/" }, image: { region: "Two" } } },
    is: "image at Two, network at https://neutron.test/v2.0",
  },
])("a place is told by $why", ({ config, is }) => {
  const want = ["https://keystone.test:5000", ...(is === undefined ? [] : [is])].join(", ");
  expect(placeOf({ services: {}, ...config })).toBe(want);
});
