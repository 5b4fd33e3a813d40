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

/** A day that there is: Date.parse() takes the 30th of February for the 1st of March. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const cardNumber =
  /^(?:4[0-9]{12}(?:[0-9]{3,6})?|5[1-5][0-9]{14}|2[2-7][0-9]{14}|6(?:011|5[0-9]{2})[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11}|6[27][0-9]{14})$/;

/** Source: govalidator.IsCreditCard. */
function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, "");
  const sum = Array.from(digits)
    .toReversed()
    .map((digit, index) => Number(digit) * (index % 2 === 0 ? 1 : 2))
    .reduce((total, number) => total + (number > 9 ? number - 9 : number), 0);
  return cardNumber.test(digits) && sum % 10 === 0;
}

/** Source: govalidator.IsISBN10 and IsISBN13. */
function isIsbn(text: string, length: 10 | 13): boolean {
  const digits = text.replace(/[\s-]+/g, "");
  if (!(length === 10 ? /^[0-9]{9}[0-9X]$/ : /^[0-9]{13}$/).test(digits)) return false;
  const weight = (index: number): number => (length === 10 ? 10 - index : index % 2 === 0 ? 1 : 3);
  const values = Array.from(digits, (digit) => (digit === "X" ? 10 : Number(digit)));
  const sum = values.reduce((total, value, index) => total + value * weight(index), 0);
  return sum % (length === 10 ? 11 : 10) === 0;
}

const uuid = (third: string, fourth = "[0-9a-f]"): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}[0-9a-f]{3}-?${fourth}[0-9a-f]{3}-?[0-9a-f]{12}$`, "i");

function isCidr(text: string): boolean {
  const [, address = "", bits = ""] = /^([^/]+)\/([0-9]{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}

const hostLabel = /^(?=.{1,63}$)[a-z0-9\p{S}\p{L}](?:[a-z0-9\p{S}\p{L}-]*[a-z0-9\p{S}\p{L}])?$/iu;
const topLevelDomain = /^[a-z\p{L}]{2,63}$/iu;

/** One name, in which no two dashes but those after its first character stand, or several that end in letters. */
function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false;
  const labels = text.split(".");
  if (labels.length === 1) return /^[a-z0-9\p{S}\p{L}](?:-?[a-z0-9\p{S}\p{L}]{0,62})$/iu.test(text);
  return labels.every((label) => hostLabel.test(label)) && topLevelDomain.test(labels.at(-1) ?? "");
}

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": (text) =>
    dateTime.test(text) && isDay(text.slice(0, 10)) && !Number.isNaN(Date.parse(text.replace(",", "."))),
  date: (text) => date.test(text) && isDay(text),
  duration: pattern(/^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+$|^0$/),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: pattern(
    /^(?:[0-9a-fA-F]{2}[:-]){5}(?:(?:[0-9a-fA-F]{2}[:-]){2})?[0-9a-fA-F]{2}$|^(?:[0-9a-fA-F]{4}\.){2}(?:[0-9a-fA-F]{4}\.)?[0-9a-fA-F]{4}$/,
  ),
  uri: (text) => URL.canParse(text) || /^\//.test(text),
  hostname: isHostname,
  email: pattern(/^[^\s@]+@[^\s@]+$/),
  uuid: pattern(uuid("[0-9a-f]")),
  uuid3: pattern(uuid("3")),
  uuid4: pattern(uuid("4", "[89ab]")),
  uuid5: pattern(uuid("5", "[89ab]")),
  isbn: (text) => isIsbn(text, 10) || isIsbn(text, 13),
  isbn10: (text) => isIsbn(text, 10),
  isbn13: (text) => isIsbn(text, 13),
  creditcard: isCreditCard,
  ssn: pattern(/^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$/),
  hexcolor: pattern(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: pattern(/^rgb\(\s*(?:(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*(?:,\s*|(?=\)))){3}\)$/),
  bsonobjectid: pattern(/^[0-9a-fA-F]{24}$/),
  byte: pattern(/^(?=.)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
};

export function formatNamed(name: string | undefined): Format | undefined {
  const accepts = name !== undefined && Object.hasOwn(formats, name) ? formats[name] : undefined;
  return name === undefined || accepts === undefined ? undefined : { name, accepts };
}
