/** format.dns1123Label() and the like. Source: k8s.io/apiserver/pkg/cel/library/format.go. */
import type { Environment } from "@marcbachmann/cel-js";
import { Optional } from "@marcbachmann/cel-js";
import { formatNamed } from "../schema/formats.ts";
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, qualified } from "../schema/names.ts";
import { namespaced, pure } from "./registering.ts";

class NamedFormat {
  readonly problems: (text: string) => readonly string[];

  constructor(problems: (text: string) => readonly string[]) {
    this.problems = problems;
  }
}

/** A prefix may end in a dash: what is generated follows it. Source: maskTrailingDash in name.go. */
const prefix = (check: (text: string) => readonly string[]) => (text: string) =>
  check(text.length > 1 ? text.replace(/-$/, "a") : text);

const schemaFormat = (name: string, problem: string) => (text: string) =>
  formatNamed(name)?.accepts(text) === true ? [] : [problem];

const formats: Readonly<Record<string, NamedFormat>> = Object.fromEntries(
  Object.entries({
    dns1123Label,
    dns1123Subdomain,
    dns1035Label,
    qualifiedName: qualified,
    dns1123LabelPrefix: prefix(dns1123Label),
    dns1123SubdomainPrefix: prefix(dns1123Subdomain),
    dns1035LabelPrefix: prefix(dns1035Label),
    labelValue,
    uri: schemaFormat("uri", "invalid URI for request"),
    uuid: schemaFormat("uuid", "does not match the UUID format"),
    byte: schemaFormat("byte", "invalid base64"),
    date: schemaFormat("date", "invalid date"),
    datetime: schemaFormat("date-time", "invalid datetime"),
  }).map(([name, problems]) => [name, new NamedFormat(problems)]),
);

export function registerFormats(environment: Environment): void {
  const type = "kubernetes.NamedFormat";
  environment.registerType(type, NamedFormat);
  namespaced(environment, "format", {
    [`named(string): optional<${type}>`]: (name: string) =>
      Object.hasOwn(formats, name) ? Optional.of(formats[name]) : Optional.none(),
    ...Object.fromEntries(Object.entries(formats).map(([name, format]) => [`${name}(): ${type}`, () => format])),
  });
  pure(environment, {
    [`${type}.validate(string): optional<list<string>>`]: ({ problems }: NamedFormat, text: string) => {
      const found = problems(text);
      return found.length === 0 ? Optional.none() : Optional.of(found);
    },
  });
}
