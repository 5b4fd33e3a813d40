import { serverGroupKind } from "../../../../crds/openstack/server-group.ts";
import type { KindScenario } from "../scenario.ts";

export const serverGroupScenario: KindScenario = {
  kind: serverGroupKind,
  services: ["compute"],
  needs: [],
  minimal: { policy: "soft-affinity" },
  full: { name: "full-group", policy: "anti-affinity", rules: { maxServerPerHost: 3 } },
  fullObserved: { name: "full-group", policy: "anti-affinity", rules: { maxServerPerHost: 3 } },
  updates: [],
  refused: [
    { patch: { policy: "affinity", rules: null }, message: "policy cannot be changed" },
    { patch: { rules: { maxServerPerHost: 4 } }, message: "rules cannot be changed" },
  ],
  filter: { finds: { name: "full-group" }, findsNothing: { name: "no-such-group" } },
};
