import { describe, expect, test } from "vitest";
import type { Meaning } from "./errors.ts";
import { refusalOf } from "./refusal.ts";
import type { ServiceType } from "./service.ts";

interface Case {
  readonly why: string;
  readonly service: ServiceType;
  readonly status: number;
  readonly body: unknown;
  readonly meaning: Meaning;
  readonly says: string;
}

const glance = (status: string, said: string): string =>
  `<html>\n <head>\n  <title>${status}</title>\n </head>\n <body>\n  <h1>${status}</h1>\n  ${said}<br /><br />\n\n\n\n </body>\n</html>`;

const neutron = (type: string, message: string): object => ({ NeutronError: { type, message, detail: "" } });

const refused = (service: ServiceType, status: number, body: unknown, headers: Record<string, string> = {}) =>
  refusalOf({
    service,
    action: "do it",
    answer: {
      status,
      headers: { "x-openstack-request-id": "req-1", ...headers },
      text: typeof body === "string" ? body : JSON.stringify(body),
    },
    secrets: ["s3cret-value"],
    now: new Date("2026-01-01T00:00:00Z"),
  });

// Bodies as the services of Zed send them.
describe("what the services say", () => {
  test.each<Case>([
    {
      why: "Neutron",
      service: "network",
      status: 404,
      body: neutron("NetworkNotFound", "Network 1 could not be found."),
      meaning: "NotFound",
      says: "Network 1 could not be found.",
    },
    {
      why: "Neutron, quota",
      service: "network",
      status: 409,
      body: neutron("OverQuota", "Quota exceeded for resources: ['network']."),
      meaning: "QuotaExceeded",
      says: "Quota exceeded for resources: ['network'].",
    },
    {
      why: "Neutron, in use",
      service: "network",
      status: 409,
      body: neutron(
        "NetworkInUse",
        "Unable to complete operation on network 1. There are one or more ports still in use on the network.",
      ),
      meaning: "Conflict",
      says: "Unable to complete operation on network 1. There are one or more ports still in use on the network.",
    },
    {
      why: "Neutron, there already",
      service: "network",
      status: 409,
      body: neutron("SecurityGroupRuleExists", "Security group rule already exists. Rule id is 7."),
      meaning: "AlreadyExists",
      says: "Security group rule already exists. Rule id is 7.",
    },
    {
      why: "Neutron, an address that another has",
      service: "network",
      status: 409,
      body: neutron(
        "MacAddressInUse",
        "Unable to complete operation for network 1. The mac address fa:16:3e:00:00:01 is in use.",
      ),
      meaning: "Conflict",
      says: "Unable to complete operation for network 1. The mac address fa:16:3e:00:00:01 is in use.",
    },
    {
      why: "Neutron, not allowed",
      service: "network",
      status: 403,
      body: neutron("PolicyNotAuthorized", "rule:create_network is disallowed by policy"),
      meaning: "Forbidden",
      says: "rule:create_network is disallowed by policy",
    },
    {
      why: "Neutron, in a word",
      service: "network",
      status: 500,
      body: { NeutronError: "Request Failed: internal server error" },
      meaning: "Unavailable",
      says: "Request Failed: internal server error",
    },
    {
      why: "Nova",
      service: "compute",
      status: 400,
      body: { badRequest: { code: 400, message: "Invalid key_name provided." } },
      meaning: "BadRequest",
      says: "Invalid key_name provided.",
    },
    {
      why: "Nova, quota",
      service: "compute",
      status: 403,
      body: {
        forbidden: { code: 403, message: "Quota exceeded for cores: Requested 2, but already used 20 of 20 cores" },
      },
      meaning: "QuotaExceeded",
      says: "Quota exceeded for cores: Requested 2, but already used 20 of 20 cores",
    },
    {
      why: "Nova, there already",
      service: "compute",
      status: 409,
      body: { conflictingRequest: { code: 409, message: "Key pair 'web' already exists." } },
      meaning: "AlreadyExists",
      says: "Key pair 'web' already exists.",
    },
    {
      why: "Nova, busy",
      service: "compute",
      status: 409,
      body: {
        conflictingRequest: { code: 409, message: "Cannot 'resize' instance 1 while it is in task_state deleting" },
      },
      meaning: "Conflict",
      says: "Cannot 'resize' instance 1 while it is in task_state deleting",
    },
    {
      why: "Nova, broken",
      service: "compute",
      status: 500,
      body: { computeFault: { code: 500, message: "Unexpected API Error.\n<class 'oslo_db.exception.DBError'>" } },
      meaning: "Unavailable",
      says: "Unexpected API Error.",
    },
    {
      why: "Cinder, quota",
      service: "block-storage",
      status: 413,
      body: {
        overLimit: {
          code: 413,
          message: "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.",
          retryAfter: "0",
        },
      },
      meaning: "QuotaExceeded",
      says: "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.",
    },
    {
      why: "Cinder, a state that passes",
      service: "block-storage",
      status: 400,
      body: {
        badRequest: {
          code: 400,
          message: "Invalid volume: Volume status must be available or error or error_restoring.",
        },
      },
      meaning: "Conflict",
      says: "Invalid volume: Volume status must be available or error or error_restoring.",
    },
    {
      why: "Cinder, what can never be",
      service: "block-storage",
      status: 400,
      body: { badRequest: { code: 400, message: "Invalid input received: Availability zone 'x' is invalid." } },
      meaning: "BadRequest",
      says: "Invalid input received: Availability zone 'x' is invalid.",
    },
    {
      why: "Keystone, there already",
      service: "identity",
      status: 409,
      body: {
        error: {
          code: 409,
          title: "Conflict",
          message:
            "Conflict occurred attempting to store project - it is not permitted to have two projects with the same name in the same domain : web.",
        },
      },
      meaning: "AlreadyExists",
      says: "Conflict occurred attempting to store project - it is not permitted to have two projects with the same name in the same domain : web.",
    },
    {
      why: "Keystone, used up",
      service: "identity",
      status: 403,
      body: {
        error: {
          code: 403,
          message: "Unable to create additional application credentials, maximum of 1 already exceeded for user.",
        },
      },
      meaning: "QuotaExceeded",
      says: "Unable to create additional application credentials, maximum of 1 already exceeded for user.",
    },
    {
      why: "Glance, in HTML",
      service: "image",
      status: 404,
      body: glance("404 Not Found", "No image found with ID &#x27;i1&#x27;"),
      meaning: "NotFound",
      says: "No image found with ID 'i1'",
    },
    {
      why: "Glance, in plain words",
      service: "image",
      status: 403,
      body: "403 Forbidden\n\nYou are not authorized to complete publicize_image action.\n\n   ",
      meaning: "Forbidden",
      says: "You are not authorized to complete publicize_image action.",
    },
    {
      why: "Glance, in JSON",
      service: "image",
      status: 409,
      body: {
        message: "Image i1 could not be deleted because it is in use: <br /><br />\n\n",
        code: "409 Conflict",
        title: "Conflict",
      },
      meaning: "Conflict",
      says: "Image i1 could not be deleted because it is in use:",
    },
    {
      why: "Glance, quota",
      service: "image",
      status: 413,
      body: glance(
        "413 Request Entity Too Large",
        "Image exceeds the storage quota: The size of the data 9 will exceed the limit.",
      ),
      meaning: "QuotaExceeded",
      says: "Image exceeds the storage quota: The size of the data 9 will exceed the limit.",
    },
    {
      why: "Placement",
      service: "placement",
      status: 404,
      body: { errors: [{ status: 404, title: "Not Found", detail: "No resource provider with uuid 1 found." }] },
      meaning: "NotFound",
      says: "No resource provider with uuid 1 found.",
    },
    {
      why: "a proxy that turns away bodies that are too long",
      service: "image",
      status: 413,
      body: "<html><head><title>413</title></head><body><center>nginx</center></body></html>",
      meaning: "BadRequest",
      says: "nginx",
    },
    {
      why: "nobody",
      service: "network",
      status: 503,
      body: "",
      meaning: "Unavailable",
      says: "answered 503 without a word",
    },
    {
      why: "who has moved",
      service: "network",
      status: 301,
      body: "",
      meaning: "Unavailable",
      says: "answered 301 without a word",
    },
  ])("$why: $status is $meaning", ({ service, status, body, meaning, says }) => {
    const error = refused(service, status, body);
    expect(error.message).toBe(`do it: ${says} (${status}) [req-1]`);
    expect(error).toMatchObject({ meaning, status, requestId: "req-1" });
  });

  test("a proxy's 404 does not mean that what was asked for is gone", () => {
    const error = refusalOf({
      service: "network",
      action: "get network 1",
      answer: { status: 404, headers: {}, text: "default backend - 404" },
      secrets: [],
      now: new Date(0),
    });
    expect(error.meaning).toBe("Unavailable");
    expect(error.message).toBe("get network 1: no answer of the network service: default backend - 404 (404)");
  });

  test("secrets are taken out, and what is long is cut", () => {
    expect(refused("network", 400, neutron("x", `no s3cret-value ${"x".repeat(2000)}`)).message).toMatch(
      /^do it: no \*\*\* x+\.\.\. \(400\) \[req-1\]$/,
    );
  });

  test("Retry-After is told, but not Cinder's 0 with a quota", () => {
    expect(refused("network", 503, "", { "retry-after": "3" }).retryAfterMs).toBe(3000);
    expect(refused("block-storage", 413, "", { "retry-after": "0" }).retryAfterMs).toBeUndefined();
  });
});
