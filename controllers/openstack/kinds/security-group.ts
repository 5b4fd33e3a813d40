import type {
  SecurityGroupFilter,
  SecurityGroupResource,
  SecurityGroupRule,
} from "../../../crds/openstack/security-group.ts";
import { protocolNumbers } from "../../../crds/openstack/security-group.ts";
import { projects, securityGroups } from "../../../crds/openstack/types.ts";
import { means } from "../../../openstack/errors.ts";
import type { RemoteSecurityGroup, RemoteSecurityGroupRule } from "../../../openstack/neutron/security-groups.ts";
import { securityGroupRulesOf, securityGroupsOf } from "../../../openstack/neutron/security-groups.ts";
import { tagQuery } from "../../../openstack/neutron/tagged.ts";
import type { Actuator, Change, Context } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import { addressKey } from "../addresses.ts";
import { differences, fieldsChange } from "../differences.ts";
import { namedProject } from "../home-project.ts";
import { leftBehindIn, tagChange } from "../neutron.ts";
import { referencesIn } from "../references.ts";

export const securityGroupActuator: Actuator<SecurityGroupResource, SecurityGroupFilter, RemoteSecurityGroup> = {
  type: securityGroups,
  references: (spec) => referencesIn(spec, { projectRef: projects }),
  idOf: ({ id }) => id,
  get: ({ cloud, signal }, id) => securityGroupsOf(cloud).get(id, signal),
  find(context, { name, description, projectRef, ...tags }) {
    const { cloud, signal } = context;
    const project_id = namedProject(context, { projectRef });
    return securityGroupsOf(cloud).find({ name, description, project_id, ...tagQuery(tags) }, signal);
  },
  leftBehind: (context) => leftBehindIn(securityGroupsOf(context.cloud), context),
  // Neutron deletes none that is in use.
  isUnused: () => true,
  create(context, { tags: _later, rules: _then, projectRef, ...fields }) {
    const { cloud, signal, name, tag: description } = context;
    const projectId = namedProject(context, { projectRef });
    return securityGroupsOf(cloud).create({ name, ...fields, description, projectId }, signal);
  },
  changes(context, { tags, rules = [], projectRef: _fixed, ...fields }, remote) {
    const { name = context.name, description = "" } = fields;
    return [
      ...fieldsChange(differences({ ...fields, name, description }, remote), ({ cloud, signal }, change) =>
        securityGroupsOf(cloud).update(remote.id, change, signal),
      ),
      ...rulesChange(rules, remote),
      ...tagChange("security-groups", tags, remote, context),
    ];
  },
  async delete({ cloud, signal }, { id }) {
    await securityGroupsOf(cloud).delete(id, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ id: _id, projectId: projectID, securityGroupRules = [], ...rest }) => ({
    ...rest,
    projectID,
    rules: securityGroupRules.map(
      ({ id, description, direction, ethertype, protocol, portRangeMin: min, portRangeMax: max, ...remote }) => ({
        id,
        description,
        direction,
        ethertype,
        protocol,
        ...((min !== undefined || max !== undefined) && { portRange: { min, max } }),
        remoteIPPrefix: remote.remoteIpPrefix,
        remoteGroupID: remote.remoteGroupId,
      }),
    ),
  }),
};

type RemoteRule = Omit<RemoteSecurityGroupRule, "id">;

/** One rule to make or to delete. */
export type RuleStep =
  | { readonly do: "add"; readonly rule: RemoteRule }
  | { readonly do: "remove"; readonly id: string; readonly rule: RemoteRule };

/**
 * What makes the rules of a group those that are asked for. What is asked for is there before anything is taken away,
 * but for a rule that changes its description only: Neutron has each meaning once.
 */
export function ruleSteps(
  wanted: readonly SecurityGroupRule[],
  now: readonly RemoteSecurityGroupRule[],
): readonly RuleStep[] {
  const wantedByMeaning = new Map(wanted.map(inNeutronsWords).map((rule) => [meaningOf(rule), rule]));
  const isKept = (rule: RemoteRule): boolean =>
    wantedByMeaning.get(meaningOf(rule))?.description === (rule.description ?? "");
  const kept = new Set(now.filter(isKept).map(meaningOf));
  const surplus = now.filter((rule) => !isKept(rule));
  const remove = ({ id, ...rule }: RemoteSecurityGroupRule): RuleStep => ({ do: "remove", id, rule });
  const isReplaced = (rule: RemoteRule): boolean => wantedByMeaning.has(meaningOf(rule));
  return [
    ...surplus.filter(isReplaced).map(remove),
    ...[...wantedByMeaning]
      .filter(([meaning]) => !kept.has(meaning))
      .map(([, rule]): RuleStep => ({ do: "add", rule })),
    ...surplus.filter((rule) => !isReplaced(rule)).map(remove),
  ];
}

function inNeutronsWords({ portRange, remoteIPPrefix, description = "", ...rule }: SecurityGroupRule): RemoteRule {
  return {
    ...rule,
    description,
    ...(portRange && { portRangeMin: portRange.min, portRangeMax: portRange.max }),
    ...(remoteIPPrefix !== undefined && { remoteIpPrefix: remoteIPPrefix }),
  };
}

/**
 * The same for rules that Neutron holds for the same. Source: neutron, db/securitygroups_db.py, _rule_to_key: no port is
 * 1 or 65535, every address is none, and a protocol is its number.
 */
export function meaningOf(rule: RemoteRule): string {
  const { direction, ethertype, portRangeMin = 1, portRangeMax = 65535 } = rule;
  return [
    direction,
    ethertype,
    protocolOf(rule),
    `${portRangeMin}-${portRangeMax}`,
    remoteOf(rule),
    ...(rule.remoteGroupId === undefined ? [] : [`group ${rule.remoteGroupId}`]),
    ...(rule.remoteAddressGroupId === undefined ? [] : [`address group ${rule.remoteAddressGroupId}`]),
  ].join(" ");
}

function protocolOf({ protocol, ethertype }: RemoteRule): string {
  if (protocol === undefined) return "any";
  const number = String((protocolNumbers as Readonly<Record<string, number>>)[protocol] ?? protocol);
  const { icmp, icmpv6 } = protocolNumbers;
  // ICMP of IPv6 is what is meant: neutron, db/securitygroups_db.py, _get_ip_proto_name_and_num.
  return ethertype === "IPv6" && number === String(icmp) ? String(icmpv6) : number;
}

const remoteOf = ({ remoteIpPrefix }: RemoteRule): string =>
  remoteIpPrefix === undefined || ["0.0.0.0/0", "::/0"].includes(remoteIpPrefix) ? "any" : addressKey(remoteIpPrefix);

function rulesChange(
  wanted: readonly SecurityGroupRule[],
  remote: RemoteSecurityGroup,
): readonly Change<RemoteSecurityGroup>[] {
  const steps = ruleSteps(wanted, remote.securityGroupRules ?? []);
  if (steps.length === 0) return [];
  return [
    {
      what: summary(steps),
      async perform(context) {
        for (const step of steps) await performStep(context, step, remote);
        return current(context, remote.id);
      },
    },
  ];
}

async function performStep(context: Context, step: RuleStep, { id, projectId }: RemoteSecurityGroup): Promise<void> {
  const { cloud, signal } = context;
  const rules = securityGroupRulesOf(cloud);
  if (step.do === "remove") {
    await rules.delete(step.id, signal);
    return;
  }
  try {
    await rules.create({ ...step.rule, securityGroupId: id, projectId }, signal);
  } catch (error) {
    if (!means(error, "AlreadyExists", "Conflict")) throw error;
    const { securityGroupRules = [] } = await current(context, id);
    if (!securityGroupRules.map(meaningOf).includes(meaningOf(step.rule))) throw error;
  }
}

async function current({ cloud, signal }: Context, id: string): Promise<RemoteSecurityGroup> {
  const group = await securityGroupsOf(cloud).get(id, signal);
  if (group === undefined) throw new WaitingError(`Security group ${id} was deleted in the cloud`);
  return group;
}

const mostNamed = 4;

/** For people: `add rule ingress IPv4 tcp 80-80 from 192.0.2.0/24; remove rule egress IPv6`. */
function summary(steps: readonly RuleStep[]): string {
  if (steps.length <= mostNamed) return steps.map((step) => `${step.do} rule ${inWords(step.rule)}`).join("; ");
  const added = steps.filter((step) => step.do === "add").length;
  return `add ${added} rules, remove ${steps.length - added}`;
}

function inWords({ direction, ethertype, protocol, portRangeMin, portRangeMax, remoteIpPrefix }: RemoteRule): string {
  const ports =
    portRangeMin === undefined && portRangeMax === undefined ? "" : ` ${portRangeMin ?? ""}-${portRangeMax ?? ""}`;
  const remote = remoteIpPrefix === undefined ? "" : ` ${direction === "ingress" ? "from" : "to"} ${remoteIpPrefix}`;
  return `${direction} ${ethertype}${protocol === undefined ? "" : ` ${protocol}`}${ports}${remote}`;
}
