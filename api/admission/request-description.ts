/** What webhooks and expressions are told of a request. Source: AdmissionRequest in k8s.io/api/admission/v1/types.go. */
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { AdmissionRequest } from "./admission.ts";

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Without the objects, and without what identifies a call. Fields that say nothing are absent, as Go leaves them out. */
export interface RequestDescription {
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subResource?: string;
  readonly requestKind: GroupVersionKind;
  readonly requestResource: GroupVersionResource;
  readonly requestSubResource?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly operation: AdmissionRequest["operation"];
  readonly userInfo: JsonObject;
  readonly dryRun: boolean;
  readonly options: JsonObject;
}

/** `definition` is the version that the request is looked at in. */
export function describeRequest(request: AdmissionRequest, definition: ResourceDefinition): RequestDescription {
  const { subresource, operation, dryRun, options, user } = request;
  const namespace = namespaceOf(request);
  const name = request.nameIsGenerated === true ? "" : request.name.name;
  return {
    kind: kindOf(request, definition),
    resource: resourceOf(definition),
    ...(subresource === undefined ? {} : { subResource: subresource }),
    requestKind: kindOf(request, request.definition),
    requestResource: resourceOf(request.definition),
    ...(subresource === undefined ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo: { username: user.name, ...rest(user) },
    dryRun,
    // A patch is told as the update or the creation that it is.
    options: { ...options(), kind: optionsKinds[operation], apiVersion: "meta.k8s.io/v1" },
  };
}

const optionsKinds: Readonly<Record<AdmissionRequest["operation"], string>> = {
  CREATE: "CreateOptions",
  UPDATE: "UpdateOptions",
  DELETE: "DeleteOptions",
  CONNECT: "ConnectOptions",
};

function rest({ name: _, groups, ...others }: AdmissionRequest["user"]): JsonObject {
  return groups.length === 0 ? others : { groups, ...others };
}

/** Empty where there is none; a Namespace counts as being in itself. Source: RequestInfo and create.go. */
export function namespaceOf({ definition, name }: AdmissionRequest): string {
  return isNamespace(definition) ? name.name : (name.namespace ?? "");
}

export const isNamespace = ({ group, plural }: ResourceDefinition): boolean => group === "" && plural === "namespaces";

/** A subresource may have a kind of its own: Scale. */
function kindOf({ object, subresource }: AdmissionRequest, definition: ResourceDefinition): GroupVersionKind {
  const { group, version, kind } = definition;
  if (subresource === undefined || object === undefined || object["kind"] === kind) return { group, version, kind };
  const [own = "", ownGroup = ""] = String(object["apiVersion"]).split("/").toReversed();
  return { group: ownGroup, version: own, kind: String(object["kind"]) };
}

const resourceOf = ({ group, version, plural }: ResourceDefinition): GroupVersionResource => ({
  group,
  version,
  resource: plural,
});
