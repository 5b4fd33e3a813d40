import { applicationCredentialKind } from "../../../../crds/openstack/application-credential.ts";
import type { KindScenario } from "../scenario.ts";

export const applicationCredentialScenario: KindScenario = {
  kind: applicationCredentialKind,
  services: [],
  needs: [],
  secrets: { "application-secret": { value: "as long as it takes" } },
  minimal: { secretRef: "application-secret" },
  full: {
    name: "full-application-credential",
    description: "everything that there is",
    unrestricted: false,
    secretRef: "application-secret",
    accessRules: [{ path: "/v2.0/ports", method: "GET", service: "network" }],
    expiresAt: "2099-01-01T00:00:00Z",
  },
  fullObserved: {
    name: "full-application-credential",
    description: "everything that there is",
    unrestricted: false,
    expiresAt: "2099-01-01T00:00:00.000000Z",
  },
  updates: [],
  refused: [
    { patch: { description: "another" }, message: "description cannot be changed" },
    { patch: { unrestricted: true }, message: "unrestricted cannot be changed" },
    { patch: { secretRef: "another-secret" }, message: "secretRef cannot be changed" },
  ],
  filter: {
    finds: { name: "full-application-credential", description: "everything that there is" },
    findsNothing: { name: "no-such-application-credential" },
  },
  leavesOut: { "two-alike": "names are unique to a user" },
};
