/**
 * What may be a name, a label or a key. Each check returns what is wrong, in upstream's words; nothing when it is fine.
 * Source: apimachinery/pkg/util/validation/validation.go.
 */

type Check = (value: string) => readonly string[];

const maxLength = (length: number): string => `must be no more than ${length} characters`;

function regexError(message: string, format: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return `${message} (e.g. ${shown}regex used for validation is '${format}')`;
}

const dns1123LabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dns1123SubdomainFormat = `${dns1123LabelFormat}(\\.${dns1123LabelFormat})*`;
const dns1035LabelFormat = "[a-z]([-a-z0-9]*[a-z0-9])?";
const qualifiedNameFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValueFormat = `(${qualifiedNameFormat})?`;
const dataKeyFormat = "[-._a-zA-Z0-9]+";

function formatted(format: string, max: number, message: string, ...examples: readonly string[]): Check {
  const pattern = new RegExp(`^(?:${format})$`);
  const mismatch = regexError(message, format, ...examples);
  return (value) => [
    ...(value.length > max ? [maxLength(max)] : []),
    ...(pattern.test(value.slice(0, max + 1)) ? [] : [mismatch]),
  ];
}

export const dns1123Subdomain = formatted(
  dns1123SubdomainFormat,
  253,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  "example.com",
);

const dns1123LabelOnly = formatted(
  dns1123LabelFormat,
  63,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  "my-name",
  "123-abc",
);

export const dns1123Label: Check = (value) => {
  const wrong = dns1123LabelOnly(value);
  if (wrong.length === 0 || !value.includes(".") || dns1123Subdomain(value).length > 0) return wrong;
  return [...(value.length > 63 ? [maxLength(63)] : []), "must not contain dots"];
};

export const dns1035Label = formatted(
  dns1035LabelFormat,
  63,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  "my-name",
  "abc-123",
);

export const labelValue = formatted(
  labelValueFormat,
  63,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  "MyValue",
  "my_value",
  "12345",
);

const nameMismatch = regexError(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedNameFormat,
  "MyName",
  "my.name",
  "123-abc",
);
const qualifiedName = new RegExp(`^(?:${qualifiedNameFormat})$`);

/** A label or annotation key, a finalizer: a name, after a DNS subdomain and a slash if there is one. */
export const qualified: Check = (value) => {
  const parts = value.split("/");
  if (parts.length > 2)
    return [
      `a qualified name ${nameMismatch} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const name = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const prefixErrors = prefix === "" ? ["must be non-empty"] : prefix === undefined ? [] : dns1123Subdomain(prefix);
  return [
    ...prefixErrors.map((why) => `prefix part ${why}`),
    ...(name === "" ? ["name part must be non-empty"] : name.length > 63 ? [`name part ${maxLength(63)}`] : []),
    ...(qualifiedName.test(name.slice(0, 64)) ? [] : [`name part ${nameMismatch}`]),
  ];
};

/** Anything that can stand in a URL path. Source: apimachinery/pkg/api/validation/path/name.go. */
export const pathSegment: Check = (value) =>
  value === "." || value === ".."
    ? [`may not be '${value}'`]
    : ["/", "%"].filter((content) => value.includes(content)).map((content) => `may not contain '${content}'`);

const dataKeyOnly = formatted(
  dataKeyFormat,
  253,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  "key.name",
  "KEY_NAME",
  "key-name",
);

/** A key of a ConfigMap's or Secret's data. */
export const dataKey: Check = (value) => [
  ...dataKeyOnly(value),
  ...(value === "." || value === ".."
    ? [`must not be '${value}'`]
    : value.startsWith("..")
      ? ["must not start with '..'"]
      : []),
];
