import { keyPairKind } from "../../../../crds/openstack/key-pair.ts";
import type { KindScenario } from "../scenario.ts";

const publicKey =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGeIR7JJQuEPXKeqrH8WxbTwpkANAHKKdP7JgKvTQ7bc someone@example.org";

export const keyPairScenario: KindScenario = {
  kind: keyPairKind,
  services: ["compute"],
  needs: [],
  minimal: { publicKey },
  full: { name: "full-key", type: "ssh", publicKey },
  fullObserved: { name: "full-key", type: "ssh", publicKey },
  updates: [],
  refused: [
    { patch: { publicKey: `${publicKey}2` }, message: "publicKey cannot be changed" },
    { patch: { name: "renamed" }, message: "name cannot be changed" },
  ],
  filter: { finds: { name: "full-key" }, findsNothing: { name: "no-such-key" } },
  leavesOut: { "two-alike": "Nova refuses a second one of the same name" },
};
