import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { SshAgent } from "./ssh.ts";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

/** Nothing listens there. */
const endpoint = "ssh://root@127.0.0.1:1";
const known = (...types: readonly string[]): string => types.map((type) => `[127.0.0.1]:1 ${type} AAAA`).join("\n");

test.each([
  ["a key of a type that nobody here can verify", known("sk-ssh-ed25519@openssh.com", "ssh-ed25519"), "ECONNREFUSED"],
  ["a line of SSH 1", known("1024", "ssh-ed25519"), "ECONNREFUSED"],
  ["no other", known("sk-ssh-ed25519@openssh.com"), "has no key of 127.0.0.1"],
])("known_hosts with %s", async (_, knownHosts, says) => {
  const agent = new SshAgent(endpoint, { privateKey, knownHosts }, {});
  const error = await new Promise<Error | null>((resolve) => {
    agent.createConnection({}, resolve);
  });
  agent.destroy();
  expect(error?.message).toContain(says);
});
