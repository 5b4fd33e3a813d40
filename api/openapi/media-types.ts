/** The forms that OpenAPI documents come in. */

/**
 * Those that a client may ask for, by the version of OpenAPI. Under the older of protobuf's two names (with @) Go
 * clients ask, under the newer it is answered. Source: kube-openapi/pkg/handler/handler.go and handler3/handler.go.
 */
export const openApiTypes = { v2: typesOf("v2"), v3: typesOf("v3") } as const;

function typesOf(version: "v2" | "v3"): readonly string[] {
  const protobuf = (separator: string): string =>
    `application/com.github.proto-openapi.spec.${version}${separator}v1.0+protobuf`;
  return ["application/json", protobuf("."), protobuf("@")];
}

/** What an answer says that it is. */
export const answeredType = (asked: string): string => asked.replace("@", ".");
