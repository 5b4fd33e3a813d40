/** What the built-in kinds themselves take and refuse. */
import { area, each, get, patch, post, put, remove } from "../sequence.ts";
import type { Body, Sequence } from "../sequence.ts";
import { configMap, configMaps, secrets } from "./paths.ts";

const core = "/api/v1/namespaces/$ns";
const leases = "/apis/coordination.k8s.io/v1/namespaces/$ns/leases";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const newEvents = "/apis/events.k8s.io/v1/namespaces/$ns/events";
const named = (content: Body): Body => ({ metadata: { name: "a" }, ...content });

const ofConfigMaps = area("ConfigMap", {
  ...each(
    {
      "a key with a space": { data: { "a b": "1" } },
      "a key of two dots": { data: { "..": "1" } },
      "a key that begins with two dots": { data: { "..a": "1" } },
      "a key that is too long": { data: { ["x".repeat(254)]: "1" } },
      "an empty key": { data: { "": "1" } },
      "binary data": { binaryData: { a: "AAEC" } },
      "binary data that is no base64": { binaryData: { a: "%%%" } },
      "a key in both": { data: { a: "1" }, binaryData: { a: "AAEC" } },
      "more than a mebibyte": { data: { a: "x".repeat(1_048_577) } },
      "a number as value": { data: { a: 1 } },
      "null as value": { data: { a: null } },
      "data that is text": { data: "a" },
      "data that is null": { data: null },
      "an unknown field": { made: "up" },
    },
    (content) => [post(configMaps, named(content)), get(`${configMaps}/a`)],
  ),
  "that is immutable keeps its data": [
    post(configMaps, { ...configMap("a"), immutable: true }),
    patch("merge", `${configMaps}/a`, { data: { a: "2" } }),
    patch("merge", `${configMaps}/a`, { immutable: false }),
    patch("merge", `${configMaps}/a`, { immutable: null }),
    patch("merge", `${configMaps}/a`, { binaryData: { b: "AAEC" } }),
    patch("merge", `${configMaps}/a`, { metadata: { labels: { a: "b" } } }),
  ],
});

const ofSecrets = area("Secret", {
  ...each(
    {
      "stringData goes over data": { data: { a: "MQ==", b: "Mg==" }, stringData: { a: "3" } },
      "data that is no base64": { data: { a: "%%%" } },
      "a key with a space": { data: { "a b": "MQ==" } },
      "empty data": { data: { a: "" } },
      "a type of its own": { type: "example.com/type" },
      "a service account token without annotation": { type: "kubernetes.io/service-account-token" },
      "a service account token of an account that is not there": {
        metadata: { name: "a", annotations: { "kubernetes.io/service-account.name": "nobody" } },
        type: "kubernetes.io/service-account-token",
      },
      "a dockercfg without its key": { type: "kubernetes.io/dockercfg" },
      "a dockercfg that is no JSON": { type: "kubernetes.io/dockercfg", stringData: { ".dockercfg": "{" } },
      "a dockerconfigjson without its key": { type: "kubernetes.io/dockerconfigjson", data: {} },
      "a dockerconfigjson": { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{}" } },
      "a dockerconfigjson that is no JSON": {
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": "no" },
      },
      "basic-auth without its keys": { type: "kubernetes.io/basic-auth" },
      "basic-auth": { type: "kubernetes.io/basic-auth", stringData: { username: "a" } },
      "ssh-auth without its key": { type: "kubernetes.io/ssh-auth" },
      "ssh-auth with an empty key": { type: "kubernetes.io/ssh-auth", stringData: { "ssh-privatekey": "" } },
      "tls without its keys": { type: "kubernetes.io/tls", stringData: { "tls.crt": "a" } },
      tls: { type: "kubernetes.io/tls", stringData: { "tls.crt": "a", "tls.key": "b" } },
      "a bootstrap token": { type: "bootstrap.kubernetes.io/token", stringData: { "token-id": "abcdef" } },
      "more than a mebibyte": { stringData: { a: "x".repeat(1_048_577) } },
      "a number in stringData": { stringData: { a: 5 } },
    },
    (content) => [post(secrets, { ...named({}), ...content }), get(`${secrets}/a`)],
  ),
  "its type cannot be changed": [
    post(secrets, named({ stringData: { a: "1" } })),
    patch("merge", `${secrets}/a`, { type: "example.com/type" }),
    patch("merge", `${secrets}/a`, { type: "" }),
    put(`${secrets}/a`, named({ stringData: { b: "1" } })),
    patch("merge", `${secrets}/a`, { stringData: { c: "1" } }),
  ],
  "that is immutable keeps its data": [
    post(secrets, named({ stringData: { a: "1" }, immutable: true })),
    patch("merge", `${secrets}/a`, { data: { a: "Mg==" } }),
    patch("merge", `${secrets}/a`, { stringData: { a: "1" } }),
    patch("merge", `${secrets}/a`, { immutable: false }),
  ],
});

const ofEvents = area("Event", {
  ...each(
    {
      "in another namespace than its object": { involvedObject: { namespace: "elsewhere" } },
      "about an object without a namespace": { involvedObject: { kind: "Node", name: "n" } },
      "without an object": {},
      "of an unknown type": { involvedObject: { namespace: "$ns" }, type: "Odd" },
      "with a count that is text": { involvedObject: { namespace: "$ns" }, count: "many" },
      "with times": {
        involvedObject: { namespace: "$ns" },
        firstTimestamp: "2020-01-01T00:00:00Z",
        lastTimestamp: "2020-01-01T00:00:01Z",
        eventTime: null,
      },
      "with an event time but no reporter": {
        involvedObject: { namespace: "$ns" },
        eventTime: "2020-01-01T00:00:00.000000Z",
      },
      "with a first time that is no time": { involvedObject: { namespace: "$ns" }, firstTimestamp: "now" },
      "with a long message": { involvedObject: { namespace: "$ns" }, message: "x".repeat(1025) },
    },
    (content) => [post(`${core}/events`, named(content)), get(`${core}/events/a`), get(`${newEvents}/a`)],
  ),
  ...each(
    {
      "of events.k8s.io without anything": {},
      "of events.k8s.io without an action": {
        ...{ eventTime: "2020-01-01T00:00:00.000000Z", reportingController: "example.com/c", reportingInstance: "i" },
        ...{ reason: "Because", type: "Normal" },
      },
      "of events.k8s.io with an odd type": {
        ...{ eventTime: "2020-01-01T00:00:00.000000Z", reportingController: "example.com/c", reportingInstance: "i" },
        ...{ action: "Do", reason: "Because", type: "Odd" },
      },
      "of events.k8s.io with a reporter of many words": {
        ...{ eventTime: "2020-01-01T00:00:00.000000Z", reportingController: "a b", reportingInstance: "i" },
        ...{ action: "Do", reason: "Because", type: "Normal" },
      },
      "of events.k8s.io with a series of one": {
        ...{ eventTime: "2020-01-01T00:00:00.000000Z", reportingController: "c", reportingInstance: "i" },
        ...{ action: "Do", reason: "Because", type: "Normal", series: { count: 1 } },
      },
      "of events.k8s.io with old fields": {
        ...{ eventTime: "2020-01-01T00:00:00.000000Z", reportingController: "c", reportingInstance: "i" },
        ...{ action: "Do", reason: "Because", type: "Normal", deprecatedCount: 2 },
      },
      "of events.k8s.io with a long note": {
        ...{ eventTime: "2020-01-01T00:00:00.000000Z", reportingController: "c", reportingInstance: "i" },
        ...{ action: "Do", reason: "Because", type: "Normal", note: "x".repeat(1025) },
      },
    },
    (content) => [
      post(newEvents, named({ regarding: { namespace: "$ns" }, ...content })),
      get(`${newEvents}/a`),
      get(`${core}/events/a`),
    ],
  ),
  "is found by what it is about": [
    post(
      `${core}/events`,
      named({ involvedObject: { kind: "ConfigMap", namespace: "$ns", name: "x" }, reason: "R", type: "Warning" }),
    ),
    get(`${core}/events?fieldSelector=involvedObject.name%3Dx`),
    get(`${core}/events?fieldSelector=involvedObject.name%3Dy`),
    get(`${core}/events?fieldSelector=involvedObject.kind%3DConfigMap,reason%3DR,type%3DWarning`),
    get(`${core}/events?fieldSelector=source%3Dx`),
    get(`${core}/events?fieldSelector=message%3Dx`),
    get(`${newEvents}?fieldSelector=regarding.name%3Dx`),
    get(`${newEvents}?fieldSelector=reportingController%3Dx`),
  ],
});

const ofLeases = area("Lease", {
  ...each(
    {
      "without a spec": {},
      "of no duration": { spec: { leaseDurationSeconds: 0 } },
      "of a negative duration": { spec: { leaseDurationSeconds: -1 } },
      "with negative transitions": { spec: { leaseTransitions: -1 } },
      "with times": { spec: { renewTime: "2020-01-01T00:00:00.123456Z", acquireTime: "2020-01-01T00:00:00Z" } },
      "with a time that is none": { spec: { renewTime: "now" } },
      "with a duration that is text": { spec: { leaseDurationSeconds: "5" } },
      "with a duration that is a fraction": { spec: { leaseDurationSeconds: 1.5 } },
      "with a spec that is null": { spec: null },
      "with an empty holder": { spec: { holderIdentity: "" } },
    },
    (content) => [post(leases, named(content)), get(`${leases}/a`)],
  ),
});

const ofQuotas = area("ResourceQuota", {
  ...each(
    {
      "without a spec": {},
      "of an unknown resource": { spec: { hard: { things: "1" } } },
      "of a resource in capitals": { spec: { hard: { "Config Maps": "1" } } },
      "of objects of any kind": { spec: { hard: { "count/widgets.fixtures.example.com": "5" } } },
      "with a negative quantity": { spec: { hard: { configmaps: "-1" } } },
      "with a fraction of an object": { spec: { hard: { configmaps: "1.5" } } },
      "with what is no quantity": { spec: { hard: { configmaps: "many" } } },
      "with a number": { spec: { hard: { configmaps: 5 } } },
      "with quantities to be written shorter": { spec: { hard: { "limits.cpu": "1000m", "limits.memory": "1024Mi" } } },
      "with an unknown scope": { spec: { hard: { pods: "1" }, scopes: ["Odd"] } },
      "with scopes that exclude each other": { spec: { hard: { pods: "1" }, scopes: ["BestEffort", "NotBestEffort"] } },
      "with a scope that does not fit": { spec: { hard: { configmaps: "1" }, scopes: ["BestEffort"] } },
      "with a selector of scopes": {
        spec: {
          hard: { pods: "1" },
          scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["a"] }] },
        },
      },
      "with a selector of scopes that is wrong": {
        spec: {
          hard: { pods: "1" },
          scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "Odd" }] },
        },
      },
    },
    (content) => [post(`${core}/resourcequotas`, named(content)), get(`${core}/resourcequotas/a`)],
  ),
  "its status is written apart": [
    post(
      `${core}/resourcequotas`,
      named({ spec: { hard: { configmaps: "1" } }, status: { used: { configmaps: "7" } } }),
    ),
    patch("merge", `${core}/resourcequotas/a/status`, {
      status: { used: { configmaps: "0" }, hard: { configmaps: "1" } },
    }),
    patch("merge", `${core}/resourcequotas/a/status`, { status: { used: { configmaps: "-1" } } }),
    patch("merge", `${core}/resourcequotas/a/status`, { spec: { hard: { configmaps: "9" } } }),
    patch("merge", `${core}/resourcequotas/a`, { status: { used: null } }),
    get(`${core}/resourcequotas/a/status`),
  ],
  "its scopes cannot be changed": [
    post(`${core}/resourcequotas`, named({ spec: { hard: { pods: "1" }, scopes: ["BestEffort"] } })),
    patch("merge", `${core}/resourcequotas/a`, { spec: { scopes: ["NotBestEffort"] } }),
  ],
});

const limit = (content: Body): Body => ({ spec: { limits: [content] } });
const ofLimitRanges = area("LimitRange", {
  ...each(
    {
      "without a spec": {},
      "without a type": limit({ max: { cpu: "1" } }),
      "of an odd type": limit({ type: "Odd thing", max: { cpu: "1" } }),
      "with defaults": limit({ type: "Container", default: { cpu: "1" }, defaultRequest: { cpu: "500m" } }),
      "with defaults for a Pod": limit({ type: "Pod", default: { cpu: "1" }, defaultRequest: { cpu: "1" } }),
      "with a minimum above the maximum": limit({ type: "Container", min: { cpu: "2" }, max: { cpu: "1" } }),
      "with a default above the maximum": limit({ type: "Container", default: { cpu: "2" }, max: { cpu: "1" } }),
      "with a default below the minimum": limit({ type: "Container", default: { cpu: "1" }, min: { cpu: "2" } }),
      "with a request above the default": limit({
        type: "Container",
        default: { cpu: "1" },
        defaultRequest: { cpu: "2" },
      }),
      "with a maximum only": limit({ type: "Container", max: { cpu: "1" } }),
      "with a minimum only": limit({ type: "Container", min: { cpu: "1" } }),
      "with a ratio below one": limit({ type: "Container", maxLimitRequestRatio: { cpu: "500m" } }),
      "with a ratio beyond the limits": limit({
        type: "Container",
        min: { cpu: "1" },
        max: { cpu: "2" },
        maxLimitRequestRatio: { cpu: "4" },
      }),
      "with a claim without a size": limit({ type: "PersistentVolumeClaim" }),
      "with the same type twice": {
        spec: {
          limits: [
            { type: "Pod", max: { cpu: "1" } },
            { type: "Pod", max: { cpu: "2" } },
          ],
        },
      },
      "with an unknown resource": limit({ type: "Container", max: { "Odd One": "1" } }),
      "with what is no quantity": limit({ type: "Container", max: { cpu: "lots" } }),
    },
    (content) => [post(`${core}/limitranges`, named(content)), get(`${core}/limitranges/a`)],
  ),
});

const rule = (content: Body): Body => ({ rules: [content] });
const ofRoles = area("RBAC", {
  ...each(
    {
      "a role without rules": {},
      "a rule without verbs": rule({ apiGroups: [""], resources: ["pods"] }),
      "a rule without groups": rule({ resources: ["pods"], verbs: ["get"] }),
      "a rule without resources": rule({ apiGroups: [""], verbs: ["get"] }),
      "a rule with everything": rule({ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }),
      "a rule with names": rule({ apiGroups: [""], resources: ["pods"], verbs: ["get"], resourceNames: ["a"] }),
      "a rule about paths": rule({ nonResourceURLs: ["/healthz"], verbs: ["get"] }),
      "an empty rule": rule({}),
    },
    (content) => [
      post(`${rbac}/namespaces/$ns/roles`, named(content)),
      post(`${rbac}/clusterroles`, { metadata: { name: "$ns" }, ...content }),
      remove(`${rbac}/clusterroles/$ns`),
    ],
  ),
  ...each(
    {
      "a binding without anything": {},
      "a binding without subjects": { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a" } },
      "a binding to an odd kind": { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Odd", name: "a" } },
      "a binding to an odd group": { roleRef: { apiGroup: "example.com", kind: "Role", name: "a" } },
      "a binding without a group": { roleRef: { kind: "ClusterRole", name: "view" } },
      "a binding to a bad name": { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a/b" } },
      "a binding of a user": {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [
          { kind: "User", name: "a" },
          { kind: "Group", name: "b" },
        ],
      },
      "a binding of an account without namespace": {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ kind: "ServiceAccount", name: "a" }],
      },
      "a binding of an account with a bad name": {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ kind: "ServiceAccount", name: "A_b", namespace: "n", apiGroup: "example.com" }],
      },
      "a binding of an odd subject": {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ kind: "Odd", name: "a" }],
      },
      "a binding of a subject without a name": {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ kind: "User", name: "", apiGroup: "example.com" }],
      },
    },
    (content) => [
      post(`${rbac}/namespaces/$ns/rolebindings`, named(content)),
      post(`${rbac}/clusterrolebindings`, { metadata: { name: "$ns" }, ...content }),
      remove(`${rbac}/clusterrolebindings/$ns`),
    ],
  ),
  "a binding keeps its role": [
    post(
      `${rbac}/namespaces/$ns/rolebindings`,
      named({ roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" } }),
    ),
    patch("merge", `${rbac}/namespaces/$ns/rolebindings/a`, { roleRef: { name: "edit" } }),
    patch("merge", `${rbac}/namespaces/$ns/rolebindings/a`, { roleRef: null }),
  ],
  "a role that is the sum of others": [
    post(`${rbac}/clusterroles`, {
      metadata: { name: "$ns" },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] },
    }),
    patch("merge", `${rbac}/clusterroles/$ns`, { aggregationRule: { clusterRoleSelectors: [] } }),
    patch("merge", `${rbac}/clusterroles/$ns`, {
      aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: "a", operator: "Odd" }] }] },
    }),
    remove(`${rbac}/clusterroles/$ns`),
  ],
});

const ofAccounts = area("ServiceAccount", {
  ...each(
    {
      "with secrets": { secrets: [{ name: "a" }], imagePullSecrets: [{ name: "b" }] },
      "with an unknown field": { madeUp: 1 },
      "with a flag that is text": { automountServiceAccountToken: "yes" },
      "with secrets that are text": { secrets: ["a"] },
    },
    (content) => [post(`${core}/serviceaccounts`, named(content)), get(`${core}/serviceaccounts/a`)],
  ),
  "its secrets are merged by name": [
    post(`${core}/serviceaccounts`, named({ secrets: [{ name: "a" }], imagePullSecrets: [{ name: "b" }] })),
    patch("strategic", `${core}/serviceaccounts/a`, { secrets: [{ name: "c" }], imagePullSecrets: [{ name: "d" }] }),
    patch("merge", `${core}/serviceaccounts/a`, { secrets: [{ name: "e" }] }),
  ],
});

export const coreKinds: readonly Sequence[] = [
  ...ofConfigMaps,
  ...ofSecrets,
  ...ofEvents,
  ...ofLeases,
  ...ofQuotas,
  ...ofLimitRanges,
  ...ofRoles,
  ...ofAccounts,
];
