/** Source: kubernetes/pkg/registry/admissionregistration/{validating,mutating}webhookconfiguration/strategy.go. */
import { mutatingWebhookConfigurationType, validatingWebhookConfigurationType } from "../../../../crds/core.ts";
import type { ResourceType } from "../../../../crds/meta.ts";
import { asList } from "../../../../formats/json-object.ts";
import { ageColumn, nameColumn } from "../../../tables/columns.ts";
import type { JsonObject, ResourceDefinition } from "../../definition.ts";
import {
  always,
  atomic,
  bytes,
  integer,
  list,
  listMap,
  pointer,
  struct,
  structPointer,
  text,
  typed,
} from "../builtin.ts";
import { defaultWebhooks } from "./defaults.ts";
import { matchConditions, matchPolicy, namespaceSelector, objectSelector, rules } from "./schema.ts";
import { webhooksCauses } from "./webhook-validation.ts";

const clientConfig = (): JsonObject =>
  struct(
    "WebhookClientConfig",
    {
      url: pointer(text("Where the webhook is: https://host:port/path.")),
      service: structPointer(
        "ServiceReference",
        {
          namespace: always(text("Namespace of the service.")),
          name: always(text("Name of the service.")),
          path: pointer(text("URL path of the webhook at the service.")),
          port: pointer(integer("Port of the service; 443 when absent.")),
        },
        "The service that the webhook is, instead of a URL.",
      ),
      caBundle: bytes("Certificates in PEM, of which one must have signed the webhook's; the system's when absent."),
    },
    "How to reach the webhook: exactly one of url and service.",
  );

const webhookFields = (): JsonObject => ({
  name: always(text("Fully qualified name: imagepolicy.example.com.")),
  clientConfig: clientConfig(),
  rules: rules(),
  failurePolicy: pointer(
    text("What becomes of a request when the webhook cannot be asked: Fail (the default), Ignore."),
  ),
  matchPolicy: matchPolicy(),
  namespaceSelector: namespaceSelector(),
  objectSelector: objectSelector(),
  sideEffects: pointer(text("None, or NoneOnDryRun: what a call changes besides its answer.")),
  timeoutSeconds: pointer(integer("How long a call may take: 1 to 30, 10 when absent.")),
  admissionReviewVersions: always(
    atomic(list(text(), "Versions of AdmissionReview that the webhook takes, in order of preference: v1, v1beta1.")),
  ),
  matchConditions: matchConditions(),
});

function configuration(
  type: ResourceType,
  struct_: string,
  webhook: JsonObject,
  setDefaults: (object: JsonObject) => void,
  description: string,
): ResourceDefinition {
  return typed({
    ...type,
    singular: type.kind.toLowerCase(),
    categories: ["api-extensions"],
    description,
    hasGeneration: true,
    properties: { webhooks: listMap(list(struct(struct_, webhook), "The webhooks and what they are asked."), "name") },
    columns: [
      nameColumn,
      {
        name: "Webhooks",
        type: "integer",
        description: "Webhooks indicates the number of webhooks registered in this configuration",
        priority: 0,
        value: (object) => asList((object as unknown as JsonObject)["webhooks"]).length,
      },
      ageColumn,
    ],
    mergeKeys: { webhooks: "name", "webhooks.matchConditions": "name" },
    setDefaults,
    prepareForCreate: webhooksCauses,
    prepareForUpdate: webhooksCauses,
  });
}

export const validatingWebhookConfigurations = configuration(
  validatingWebhookConfigurationType,
  "ValidatingWebhook",
  webhookFields(),
  (object) => {
    defaultWebhooks(object, false);
  },
  "ValidatingWebhookConfiguration describes webhooks that accept or reject objects without changing them.",
);

export const mutatingWebhookConfigurations = configuration(
  mutatingWebhookConfigurationType,
  "MutatingWebhook",
  {
    ...webhookFields(),
    reinvocationPolicy: pointer(
      text("Never (the default), or IfNeeded: asked again when webhooks after it change the object."),
    ),
  },
  (object) => {
    defaultWebhooks(object, true);
  },
  "MutatingWebhookConfiguration describes webhooks that accept or reject objects and may change them.",
);
