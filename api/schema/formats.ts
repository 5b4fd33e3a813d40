/**
 * Formats of strings that are checked. A format that is not here is not: apiextensions ignores those it does not know
 * (pkg/apiserver/validation/formats.go). Source of what each accepts: kube-openapi/pkg/validation/strfmt.
 */
import { isIP, isIPv4, isIPv6 } from "node:net";

export interface Format {
  readonly name: string;
  readonly accepts: (text: string) => boolean;
}

const pattern =
  (expression: RegExp) =>
  (text: string): boolean =>
    expression.test(text);

const dateTime =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$/;
const date = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

function isCidr(text: string): boolean {
  const [, address = "", bits = ""] = /^([^/]+)\/([0-9]{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": (text) => dateTime.test(text) && !Number.isNaN(Date.parse(text.replace(",", "."))),
  date: (text) => date.test(text) && !Number.isNaN(Date.parse(text)),
  duration: pattern(/^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+$|^0$/),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: pattern(
    /^(?:[0-9a-fA-F]{2}[:-]){5}(?:(?:[0-9a-fA-F]{2}[:-]){2})?[0-9a-fA-F]{2}$|^(?:[0-9a-fA-F]{4}\.){2}(?:[0-9a-fA-F]{4}\.)?[0-9a-fA-F]{4}$/,
  ),
  uri: (text) => URL.canParse(text) || /^\//.test(text),
  hostname: pattern(
    /^(?=.{1,255}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\.?$/,
  ),
  email: pattern(/^[^\s@]+@[^\s@]+$/),
  uuid: pattern(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i),
  byte: pattern(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
};

export function formatNamed(name: string | undefined): Format | undefined {
  const accepts = name !== undefined && Object.hasOwn(formats, name) ? formats[name] : undefined;
  return name === undefined || accepts === undefined ? undefined : { name, accepts };
}
