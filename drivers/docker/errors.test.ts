import { expect, test } from "vitest";
import { HostUnreachableError, RefusedCredentialsError, StepError, UnsupportedHostError } from "../driver.ts";
import type { StepErrorReason } from "../driver.ts";
import { connectionError, EngineRefusal, refused } from "./errors.ts";
import type { RefusedStep } from "./errors.ts";

// Each as an Engine said it.
test.each<[RefusedStep, number, string, StepErrorReason]>([
  [
    "ErrImagePull",
    404,
    "manifest for 127.0.0.1:5000/a:b not found: manifest unknown: manifest unknown",
    "ErrImagePull",
  ],
  [
    "ErrImagePull",
    404,
    "pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    "ErrImagePull",
  ],
  ["ErrImagePull", 500, 'Head "http://127.0.0.1:5000/v2/a/manifests/b": no basic auth credentials', "ErrImagePull"],
  ["ErrImagePull", 400, "invalid reference format: repository name must be lowercase", "InvalidImageName"],
  ["CreateContainerError", 404, "No such image: nosuch:latest", "CreateContainerError"],
  ["CreateContainerError", 400, "unknown or invalid runtime name: nosuch", "UnknownRuntime"],
  [
    "StartError",
    500,
    "driver failed programming external connectivity on endpoint x (0a1b): Bind for 0.0.0.0:8080 failed: port is already allocated",
    "HostPortConflict",
  ],
  [
    "StartError",
    500,
    "driver failed programming external connectivity on endpoint x (0a1b): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
    "HostPortConflict",
  ],
  [
    "StartError",
    400,
    'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown',
    "StartError",
  ],
  ["StartError", 404, "No such container: 0123", "NoSuchContainer"],
  [
    "UpdateError",
    409,
    "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set.",
    "UpdateError",
  ],
  ["RemoveError", 500, 'driver "overlay2" failed to remove root filesystem: device or resource busy', "RemoveError"],
])("%s %i %s", (step, status, words, reason) => {
  const error = refused(step, 'container "x"', new EngineRefusal(status, words));
  expect(error).toBeInstanceOf(StepError);
  expect(error).toMatchObject({ reason });
  expect(error.message).toContain(words);
});

test.each([
  [503, "service unavailable"],
  [
    500,
    'connection error: desc = "transport: Error while dialing dial unix /run/containerd.sock: connect: connection refused": unavailable',
  ],
])("an Engine that lost its parts is as good as unreachable: %i %s", (status, words) => {
  expect(refused("StartError", 'container "x"', new EngineRefusal(status, words))).toBeInstanceOf(HostUnreachableError);
});

const failure = (code: string, message = "boom"): Error => Object.assign(new Error(message), { code });

test.each([
  ["ENOENT", "no such socket"],
  ["ECONNREFUSED", "nothing listens"],
  ["EACCES", "permission denied"],
  ["ECONNRESET", "cut"],
  ["EWHATEVER", "boom"],
])("%s is a host that cannot be reached", (code, words) => {
  const error = connectionError("unix:///d.sock", failure(code));
  expect(error).toBeInstanceOf(HostUnreachableError);
  expect(error.message).toContain("unix:///d.sock");
  expect(error.message).toContain(words);
});

test.each<[code: string, message?: string]>([
  ["SELF_SIGNED_CERT_IN_CHAIN"],
  ["ERR_TLS_CERT_ALTNAME_INVALID"],
  ["ERR_OSSL_PEM_NO_START_LINE"],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"],
  ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE"],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"],
  ["EPROTO", "write EPROTO 80:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:SSL alert number 48"],
])("%s %s is a certificate that somebody must correct", (code, message) => {
  expect(connectionError("tcp://h:1", failure(code, message))).toBeInstanceOf(RefusedCredentialsError);
});

test.each<[code: string, message?: string]>([
  ["ERR_SSL_WRONG_VERSION_NUMBER"],
  ["ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR"],
  ["ERR_TLS_INVALID_PROTOCOL_VERSION"],
  ["EPROTO", "write EPROTO 80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number"],
])("%s %s tells nothing of certificates", (code, message) => {
  const error = connectionError("tcp://h:1", failure(code, message));
  expect(error).toBeInstanceOf(UnsupportedHostError);
  expect(error).not.toBeInstanceOf(RefusedCredentialsError);
});

test("a time limit that passed is a host that cannot be reached", () => {
  const error = connectionError("tcp://h:1", new DOMException("late", "TimeoutError"));
  expect(error).toBeInstanceOf(HostUnreachableError);
  expect(error.message).toContain("did not answer in time");
});
