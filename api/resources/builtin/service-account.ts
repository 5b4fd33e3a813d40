/** Source: kubernetes/pkg/registry/core/serviceaccount/strategy.go; of tokens: authentication.ts. */
import { serviceAccountType } from "../../../crds/core.ts";
import { asList, isJsonObject } from "../../../formats/json-object.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { atomic, flag, list, listMap, pointer, structPointer, text, typed } from "./builtin.ts";
import { objectReference } from "./object-reference.ts";

export const serviceAccounts = typed({
  ...serviceAccountType,
  singular: "serviceaccount",
  shortNames: ["sa"],
  subresources: new Set(["token"]),
  description:
    "ServiceAccount binds together a name, understood by users and perhaps by peripheral systems, for an identity; a principal that can be authenticated and authorized; and a set of secrets.",
  properties: {
    secrets: listMap(list(objectReference, "Secrets in the same namespace that the account may use."), "name"),
    imagePullSecrets: atomic(
      list(
        structPointer("LocalObjectReference", { name: text("Name of the referent.") }),
        "References to Secrets in the same namespace to use for pulling any images.",
      ),
    ),
    automountServiceAccountToken: pointer(flag("Whether what runs as this account gets a token of its own.")),
  },
  mergeKeys: { secrets: "name" },
  columns: [
    nameColumn,
    {
      name: "Secrets",
      type: "string",
      description:
        "Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use.",
      priority: 0,
      value: (object) => asList((object as unknown as JsonObject)["secrets"]).length,
    },
    ageColumn,
  ],
  unconditionalUpdate: true,
  answersDeleted: true,
  prepareForCreate: (account) => {
    nameSecretsOnly(account);
    return [];
  },
  prepareForUpdate: (account) => {
    nameSecretsOnly(account);
    return [];
  },
});

/** Of a Secret only its name counts. Source: cleanSecretReferences. */
function nameSecretsOnly(account: JsonObject): void {
  if (account["secrets"] === undefined) return;
  account["secrets"] = asList(account["secrets"])
    .filter(isJsonObject)
    .map(({ name }) => (name === undefined ? {} : { name }));
}
