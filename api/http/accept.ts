/** Which form of an answer a client asks for. Source: k8s.io/apiserver/pkg/endpoints/handlers/negotiation. */
import { ApiError } from "../status.ts";

export interface Accepted {
  readonly format: "json" | "yaml";
  /** The `as` parameter: what the answer is to be turned into; "" for what it is. */
  readonly as: string;
  /** Of what `as` names; "" without. */
  readonly version: string;
}

/** The forms that an endpoint can give: value of `as` -> the `g` that must go with it, and every `v` that there is. */
export type Forms = Readonly<Record<string, { readonly group: string; readonly versions: readonly string[] }>>;

const meta = { group: "meta.k8s.io", versions: ["v1", "v1beta1"] };
export const objectForms: Forms = {
  Table: meta,
  PartialObjectMetadata: meta,
  PartialObjectMetadataList: meta,
};
/** Source: k8s.io/apiserver/pkg/endpoints/discovery/aggregated/negotiation.go. */
export const discoveryForms: Forms = {
  APIGroupDiscoveryList: { group: "apidiscovery.k8s.io", versions: ["v2", "v2beta1"] },
};

const formats: Readonly<Record<string, Accepted["format"]>> = {
  "*/*": "json",
  "application/*": "json",
  "application/json": "json",
  "application/yaml": "yaml",
};

/** Clients send few different headers, and the same ones all the time; strangers may send many. */
const remembered = new Map<string, readonly Clause[]>();
const maxRemembered = 100;
const maxClauses = 32;

interface Clause {
  /** In lower case: application/json, application/*. */
  readonly type: string;
  /** Undefined for what objects have no form in. */
  readonly format: Accepted["format"] | undefined;
  readonly as: string;
  readonly group: string;
  readonly version: string;
}

/** The first form that the client likes best and that there is. Throws NotAcceptable. */
export function negotiate(header: string | undefined, forms: Forms): Accepted {
  if (header === undefined || header === "" || header === "*/*" || header === "application/json") return plainJson;
  for (const { format, as, group, version } of clausesOf(header)) {
    if (format === undefined) continue;
    if (as === "") return { format, as, version: "" };
    const form = Object.hasOwn(forms, as) ? forms[as] : undefined;
    if (form?.group === group && form.versions.includes(version)) return { format, as, version };
  }
  throw notAcceptable(["application/json", "application/yaml"]);
}

/** The media type that the client likes best of those `offered`, whatever its parameters. Throws NotAcceptable. */
export function negotiateType(header: string | undefined, offered: readonly string[]): string {
  for (const { type } of clausesOf(header === undefined || header === "" ? "*/*" : header)) {
    const found = offered.find((one) => type === "*/*" || type === one || type === `${one.split("/")[0] ?? ""}/*`);
    if (found !== undefined) return found;
  }
  throw notAcceptable(offered);
}

export function notAcceptable(types: readonly string[]): ApiError {
  return new ApiError("NotAcceptable", `only the following media types are accepted: ${types.join(", ")}`);
}

const plainJson: Accepted = { format: "json", as: "", version: "" };

function clausesOf(header: string): readonly Clause[] {
  const known = remembered.get(header);
  if (known !== undefined) return known;
  const clauses = parse(header);
  if (remembered.size >= maxRemembered) remembered.clear();
  remembered.set(header, clauses);
  return clauses;
}

function parse(header: string): readonly Clause[] {
  return header
    .split(",", maxClauses)
    .map((text) => {
      const [name = "", ...rest] = text.split(";").map((part) => part.trim());
      const type = name.toLowerCase();
      const parameters = new Map(rest.map((part) => [part.split("=", 1)[0] ?? "", part.slice(part.indexOf("=") + 1)]));
      const quality = Number(parameters.get("q") ?? 1);
      // What is no number counts as not said (goautoneg).
      return { type, parameters, quality: Number.isNaN(quality) ? 1 : quality };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ type, parameters }) => {
      const [as = "", group = "", version = ""] = ["as", "g", "v"].map((one) => parameters.get(one));
      return { type, format: Object.hasOwn(formats, type) ? formats[type] : undefined, as, group, version };
    });
}
