/** OpenAPI documents as the bytes that clients ask for. */
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { encodeVersion2, encodeVersion3 } from "./gnostic.ts";
import { openApiV2 } from "./v2.ts";
import { openApiV3Document, openApiV3Index } from "./v3.ts";

type Definitions = readonly ResourceDefinition[];

const isProtobuf = (type: string): boolean => type.endsWith("+protobuf");
const jsonBytes = (document: JsonObject): Uint8Array => Buffer.from(JSON.stringify(document));

/** GET /openapi/v2, as the media type `type`. */
export function version2(definitions: Definitions, type: string): Uint8Array {
  const document = openApiV2(definitions);
  return isProtobuf(type) ? encodeVersion2(document) : jsonBytes(document);
}

/** GET /openapi/v3. */
export const index = openApiV3Index;

/** GET /openapi/v3/PATH, as the media type `type`; undefined when nothing is served there. */
export function version3(
  definitions: Definitions,
  path: string,
  type: string,
): { readonly bytes: Uint8Array; readonly hash: string } | undefined {
  const found = openApiV3Document(definitions, path);
  if (found === undefined) return undefined;
  const { document, hash } = found;
  return { bytes: isProtobuf(type) ? encodeVersion3(document) : jsonBytes(document), hash };
}
