import { describe, expect, test } from "vitest";
import type { SecurityGroupRule } from "../../../crds/openstack/security-group.ts";
import { OpenStackError } from "../../../openstack/errors.ts";
import type { RemoteSecurityGroup, RemoteSecurityGroupRule } from "../../../openstack/neutron/security-groups.ts";
import { contextOf, moment, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { ruleSteps, securityGroupActuator as actuator } from "./security-group.ts";

const out = (ethertype: string): RemoteSecurityGroupRule => ({
  id: `out-${ethertype}`,
  direction: "egress",
  ethertype,
});
const web: SecurityGroupRule = {
  direction: "ingress",
  ethertype: "IPv4",
  protocol: "tcp",
  portRange: { min: 80, max: 80 },
};
const remoteWeb: RemoteSecurityGroupRule = {
  id: "web",
  direction: "ingress",
  ethertype: "IPv4",
  protocol: "tcp",
  portRangeMin: 80,
  portRangeMax: 80,
  description: "",
};
const remote: RemoteSecurityGroup = {
  id: "g1",
  name: "web",
  description: "",
  projectId: "home",
  stateful: true,
  securityGroupRules: [remoteWeb],
  tags: ["stowage.dev/uid=u1"],
};

interface RulesCase {
  readonly why: string;
  readonly wanted: readonly SecurityGroupRule[];
  readonly now: readonly RemoteSecurityGroupRule[];
  readonly steps: readonly string[];
}

const described = (wanted: RulesCase["wanted"], now: RulesCase["now"]): readonly string[] =>
  ruleSteps(wanted, now).map((step) =>
    step.do === "remove" ? `remove ${step.id}` : `add ${step.rule.protocol ?? "any"}`,
  );

test.each<RulesCase>([
  {
    why: "what Neutron lets out unasked is taken away",
    wanted: [web],
    now: [out("IPv4"), out("IPv6"), remoteWeb],
    steps: ["remove out-IPv4", "remove out-IPv6"],
  },
  {
    why: "what is asked for is let out",
    wanted: [{ direction: "egress", ethertype: "IPv4" }],
    now: [out("IPv4")],
    steps: [],
  },
  { why: "a number is its protocol", wanted: [{ ...web, protocol: "6" }], now: [remoteWeb], steps: [] },
  {
    why: "ICMP of IPv6 is ICMPv6, by all its names",
    wanted: [{ direction: "ingress", ethertype: "IPv6", protocol: "icmp" }],
    now: [{ id: "ping", direction: "ingress", ethertype: "IPv6", protocol: "ipv6-icmp" }],
    steps: [],
  },
  {
    why: "networks are compared, not how they are written",
    wanted: [{ ...web, remoteIPPrefix: "192.0.2.7/24" }],
    now: [{ ...remoteWeb, remoteIpPrefix: "192.0.2.0/24" }],
    steps: [],
  },
  { why: "every address is none", wanted: [{ ...web, remoteIPPrefix: "0.0.0.0/0" }], now: [remoteWeb], steps: [] },
  {
    why: "all ports are none",
    wanted: [{ ...web, portRange: { min: 1, max: 65535 } }],
    now: [{ id: "tcp", direction: "ingress", ethertype: "IPv4", protocol: "tcp" }],
    steps: [],
  },
  { why: "twice asked for is once asked for", wanted: [web, { ...web, protocol: "6" }], now: [], steps: ["add 6"] },
  {
    why: "what is to come comes before what is to go",
    wanted: [{ ...web, protocol: "udp" }],
    now: [remoteWeb],
    steps: ["add udp", "remove web"],
  },
  {
    why: "a description is changed by another rule, and Neutron has no two that mean the same",
    wanted: [{ ...web, description: "websites" }],
    now: [remoteWeb, out("IPv4")],
    steps: ["remove web", "add tcp", "remove out-IPv4"],
  },
  {
    why: "what a group may is not what everybody may",
    wanted: [web],
    now: [{ ...remoteWeb, id: "group", remoteGroupId: "g2" }],
    steps: ["add tcp", "remove group"],
  },
])("ruleSteps(): $why", ({ wanted, now, steps }) => {
  expect(described(wanted, now)).toEqual(steps);
});

describe("securityGroupActuator", () => {
  test("create() leaves tags and rules to changes()", async () => {
    const cloud = new ScriptedCloud(() => ({ security_group: { id: "g1", name: "web" } }));
    await actuator.create(contextOf(cloud), { stateful: false, tags: ["one"], rules: [web], projectRef: "other" });
    expect(cloud.asked).toEqual([
      {
        method: "POST",
        path: "/security-groups",
        body: {
          security_group: {
            name: "web",
            description: "stowage.dev/uid=u1",
            stateful: false,
            project_id: "projects/other",
          },
        },
      },
    ]);
  });

  test("changes() finds nothing to do where all is as asked", () => {
    expect(actuator.changes(contextOf(), { rules: [web] }, remote, moment)).toEqual([]);
  });

  test("changes() says what it does", () => {
    const now = { ...remote, name: "old", securityGroupRules: [out("IPv6")] };
    const resource = { stateful: false, tags: ["one"], rules: [{ ...web, remoteIPPrefix: "192.0.2.0/24" }] };
    expect(actuator.changes(contextOf(), resource, now, moment).map(({ what }) => what)).toEqual([
      'set stateful to false, name to "web"',
      "add rule ingress IPv4 tcp 80-80 from 192.0.2.0/24; remove rule egress IPv6",
      "set tags to one, stowage.dev/uid=u1",
    ]);
  });

  test("changes() takes a rule that is there already for made", async () => {
    const cloud = refusingRules("Conflict");
    const [change] = actuator.changes(
      contextOf(cloud),
      { rules: [web] },
      { ...remote, securityGroupRules: [] },
      moment,
    );
    await expect(change?.perform(contextOf(cloud))).resolves.toMatchObject({
      id: "g1",
      securityGroupRules: [{ id: "web" }],
    });
  });

  test("changes() fails with what Neutron refuses", async () => {
    const udp: SecurityGroupRule = { ...web, protocol: "udp" };
    const cloud = refusingRules("Conflict");
    const [change] = actuator.changes(contextOf(cloud), { rules: [web, udp] }, remote, moment);
    await expect(change?.perform(contextOf(cloud))).rejects.toThrow("refused");
  });

  test("observe() tells rules in the words of the spec", () => {
    expect(actuator.observe(remote)).toEqual({
      name: "web",
      description: "",
      projectID: "home",
      stateful: true,
      tags: ["stowage.dev/uid=u1"],
      rules: [
        {
          id: "web",
          direction: "ingress",
          ethertype: "IPv4",
          protocol: "tcp",
          portRange: { min: 80, max: 80 },
          description: "",
        },
      ],
    });
  });

  test("references() has the Project, of resource and filter", () => {
    const spec = { cloudCredentialsRef: { secretName: "s", cloudName: "c" } };
    const names = [
      { ...spec, resource: { projectRef: "p" } },
      { ...spec, import: { filter: { projectRef: "q" } } },
    ].map((one) => actuator.references(one).map(({ field, name }) => `${field} ${name}`));
    expect(names).toEqual([["resource.projectRef p"], ["import.filter.projectRef q"]]);
  });
});

const refusingRules = (meaning: "Conflict"): ScriptedCloud =>
  new ScriptedCloud(({ path }) => {
    if (path === "/security-group-rules")
      throw new OpenStackError({ action: "create security group rule", meaning, message: "refused", status: 409 });
    const rule = {
      id: "web",
      direction: "ingress",
      ethertype: "IPv4",
      protocol: "tcp",
      port_range_min: 80,
      port_range_max: 80,
    };
    return { security_group: { id: "g1", name: "web", security_group_rules: [rule] } };
  });
