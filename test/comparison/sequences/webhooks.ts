/** The configurations of admission webhooks: what they may say. */
import { area, each, get, post, remove } from "../sequence.ts";
import type { Body, Sequence } from "../sequence.ts";

const hook: Body = {
  name: "hook.example.com",
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
  clientConfig: { url: "https://hook.example.com/path" },
  rules: [{ apiGroups: ["nowhere.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nothings"] }],
};
const rule = (change: Body): Body => ({ ...hook, rules: [{ ...(hook["rules"] as readonly Body[])[0], ...change }] });

const contents: Readonly<Record<string, readonly Body[]>> = {
  nothing: [],
  "one webhook": [hook],
  "a name without dots": [{ ...hook, name: "hook" }],
  "no name": [{ ...hook, name: undefined }],
  "the same name twice": [hook, hook],
  "no versions of reviews": [{ ...hook, admissionReviewVersions: undefined }],
  "unknown versions of reviews": [{ ...hook, admissionReviewVersions: ["v9"] }],
  "the same version of reviews twice": [{ ...hook, admissionReviewVersions: ["v1", "v1"] }],
  "a version of reviews that is no word": [{ ...hook, admissionReviewVersions: ["V 1"] }],
  "no side effects": [{ ...hook, sideEffects: undefined }],
  "odd side effects": [{ ...hook, sideEffects: "Some" }],
  "odd policy": [{ ...hook, failurePolicy: "Odd" }],
  "odd match": [{ ...hook, matchPolicy: "Odd" }],
  "no time": [{ ...hook, timeoutSeconds: 0 }],
  "too much time": [{ ...hook, timeoutSeconds: 31 }],
  "no client": [{ ...hook, clientConfig: {} }],
  "two clients": [{ ...hook, clientConfig: { url: "https://a.example.com", service: { namespace: "a", name: "b" } } }],
  "a URL over HTTP": [{ ...hook, clientConfig: { url: "http://hook.example.com" } }],
  "a URL with a query, a fragment and a user": [
    { ...hook, clientConfig: { url: "https://u:p@hook.example.com/?a#b" } },
  ],
  "a URL without a host": [{ ...hook, clientConfig: { url: "https:///a" } }],
  "a service": [{ ...hook, clientConfig: { service: { namespace: "a", name: "b" } } }],
  "a service without names": [{ ...hook, clientConfig: { service: { namespace: "", name: "" } } }],
  "a service with an odd path and port": [
    { ...hook, clientConfig: { service: { namespace: "a", name: "b", path: "a//b", port: 99999 } } },
  ],
  "no operations": [rule({ operations: undefined })],
  "odd operations": [rule({ operations: ["READ"] })],
  "all operations and one": [rule({ operations: ["*", "CREATE"] })],
  "no groups": [rule({ apiGroups: undefined })],
  "all groups and one": [rule({ apiGroups: ["*", "a"] })],
  "no apiVersions": [rule({ apiVersions: [] })],
  "an empty version": [rule({ apiVersions: [""] })],
  "no resources": [rule({ resources: [] })],
  "resources that overlap": [rule({ resources: ["*/*", "a"] })],
  "subresources that overlap": [rule({ resources: ["a/*", "a/b"] })],
  "an odd scope": [rule({ scope: "Odd" })],
  "a wrong selector": [{ ...hook, namespaceSelector: { matchExpressions: [{ key: "a", operator: "Odd" }] } }],
  "a wrong selector of objects": [{ ...hook, objectSelector: { matchLabels: { "a b": "c" } } }],
  "an odd reinvocation": [{ ...hook, reinvocationPolicy: "Odd" }],
  "a reinvocation": [{ ...hook, reinvocationPolicy: "IfNeeded" }],
};

export const webhooks: readonly Sequence[] = ["validating", "mutating"].flatMap((form) => {
  const path = `/apis/admissionregistration.k8s.io/v1/${form}webhookconfigurations`;
  return area(
    `${form} webhook configuration`,
    each(contents, (hooks) => [
      post(path, { metadata: { name: "$ns" }, webhooks: hooks }),
      get(`${path}/$ns`),
      remove(`${path}/$ns`),
    ]),
  );
});
