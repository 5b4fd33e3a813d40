/** Which form of an answer a client asks for. Source: k8s.io/apiserver/pkg/endpoints/handlers/negotiation. */
import { ApiError } from "../status.ts";

export interface Accepted {
  readonly format: "json" | "yaml";
  /** The `as` parameter: what the answer is to be turned into; "" for what it is. */
  readonly as: string;
}

/** The forms that an endpoint can give: value of `as` -> `g` and `v` that must go with it. */
export type Forms = Readonly<Record<string, { readonly group: string; readonly version: string }>>;

const meta = { group: "meta.k8s.io", version: "v1" };
export const objectForms: Forms = {
  Table: meta,
  PartialObjectMetadata: meta,
  PartialObjectMetadataList: meta,
};
export const discoveryForms: Forms = { APIGroupDiscoveryList: { group: "apidiscovery.k8s.io", version: "v2" } };

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
  readonly format: Accepted["format"];
  readonly as: string;
  readonly group: string;
  readonly version: string;
}

/** The first form that the client likes best and that there is. Throws NotAcceptable. */
export function negotiate(header: string | undefined, forms: Forms): Accepted {
  if (header === undefined || header === "" || header === "*/*" || header === "application/json") return plainJson;
  for (const { format, as, group, version } of clausesOf(header)) {
    if (as === "") return { format, as };
    const form = Object.hasOwn(forms, as) ? forms[as] : undefined;
    if (form?.group === group && form.version === version) return { format, as };
  }
  throw new ApiError(
    "NotAcceptable",
    "only the following media types are accepted: application/json, application/yaml",
  );
}

const plainJson: Accepted = { format: "json", as: "" };

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
      const [type = "", ...rest] = text.split(";").map((part) => part.trim());
      const parameters = new Map(rest.map((part) => [part.split("=", 1)[0] ?? "", part.slice(part.indexOf("=") + 1)]));
      return { format: formats[type.toLowerCase()], parameters, quality: Number(parameters.get("q") ?? 1) };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .flatMap(({ format, parameters }) => {
      if (format === undefined) return [];
      const [as = "", group = "", version = ""] = ["as", "g", "v"].map((name) => parameters.get(name));
      return [{ format, as, group, version }];
    });
}
