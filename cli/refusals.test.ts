import { expect, test } from "vitest";
import { ApiError } from "../api/status.ts";
import { parseManifests } from "./manifests.ts";
import { problemsOf } from "./refusals.ts";

const text = `apiVersion: stowage.dev/v1alpha1
kind: Container
metadata:
  name: web
  namespace: nowhere
spec:
  image: 7
  imag: nginx
  ports:
    - containerPort: 99999
`;

const lines = (error: ApiError): readonly string[] => {
  const [manifest] = parseManifests("web.yaml", Buffer.from(text)).manifests;
  if (manifest === undefined) throw new Error("the manifest of this test is wrong");
  return problemsOf(error, manifest).map(({ where, message }) => `${where}: ${message}`);
};
const causes = (...all: readonly { readonly field?: string; readonly message: string }[]): ApiError =>
  new ApiError("Invalid", "is invalid", { causes: all });

test.each([
  {
    why: "each cause is a line of its own, with the value where the server does not quote it",
    error: causes(
      {
        field: "spec.image",
        message: 'Invalid value: "integer": spec.image in body must be of type string: "integer"',
      },
      { field: "spec.ports[0].containerPort", message: "Invalid value: 99999: should be less than or equal to 65535" },
    ),
    want: [
      'web.yaml: line 7: Container "web": spec.image: Invalid value: "integer": spec.image in body must be of type string: "integer" (it is 7)',
      'web.yaml: line 10: Container "web": spec.ports[0].containerPort: Invalid value: 99999: should be less than or equal to 65535',
    ],
  },
  {
    why: "the same cause is told once",
    error: causes({ field: "spec.a", message: "Required value" }, { field: "spec.a", message: "Required value" }),
    want: ['web.yaml: line 7: Container "web": spec.a: Required value'],
  },
  {
    why: "what is said of no field is not told beside what is said of one",
    error: causes({ field: "spec.a", message: "Required value" }, { field: "<nil>", message: "more was not checked" }),
    want: ['web.yaml: line 7: Container "web": spec.a: Required value'],
  },
  {
    why: "unknown fields stand in the message only",
    error: new ApiError("BadRequest", 'strict decoding error: unknown field "spec.imag", unknown field "spec.x"'),
    want: [
      'web.yaml: line 8: Container "web": spec.imag: Unknown field (it is "nginx")',
      'web.yaml: line 7: Container "web": spec.x: Unknown field',
    ],
  },
  {
    why: "a namespace that does not exist is the fault of the field that names it",
    error: new ApiError("NotFound", 'namespaces "nowhere" not found', { kind: "namespaces", name: "nowhere" }),
    want: [
      'web.yaml: line 5: Container "web": metadata.namespace: namespaces "nowhere" not found; create it first, or give its manifest as well',
    ],
  },
  {
    why: "anything else is told in the server's words",
    error: new ApiError("Forbidden", "you may not"),
    want: ['web.yaml: line 1: Container "web": you may not'],
  },
])("$why", ({ error, want }) => {
  expect(lines(error)).toEqual(want);
});
