import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { KnownHosts } from "./known-hosts.ts";

const key = Buffer.from("a key");
const base64 = key.toString("base64");
const hashed = (name: string): string => {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
};

test.each([
  ["by its name", `rack-7 ssh-ed25519 ${base64} a comment`, 22, true],
  ["in whatever case", `Rack-7 ssh-ed25519 ${base64}`, 22, true],
  ["among others", `# known\n\nrack-6,rack-7 ssh-ed25519 ${base64}\r\n`, 22, true],
  ["by a pattern", `rack-? ssh-ed25519 ${base64}`, 22, true],
  ["not where it is left out", `rack-*,!rack-7 ssh-ed25519 ${base64}`, 22, false],
  ["hashed", `${hashed("rack-7")} ssh-ed25519 ${base64}`, 22, true],
  ["hashed, as another", `${hashed("rack-6")} ssh-ed25519 ${base64}`, 22, false],
  ["on another port", `[rack-7]:2222 ssh-ed25519 ${base64}`, 2222, true],
  ["not on a port that is not named", `rack-7 ssh-ed25519 ${base64}`, 2222, false],
  ["not by a part of its name", `rack ssh-ed25519 ${base64}\nXrack-7 ssh-ed25519 ${base64}`, 22, false],
  ["not by a dot that stands for any character", `rack.7 ssh-ed25519 ${base64}`, 22, false],
  ["not by an authority", `@cert-authority rack-7 ssh-ed25519 ${base64}`, 22, false],
  ["not with a revoked key", `rack-7 ssh-ed25519 ${base64}\n@revoked * ssh-ed25519 ${base64}`, 22, false],
  ["not by a line that is cut", "rack-7 ssh-ed25519", 22, false],
])("a server is known %s", (_, text, port, known) => {
  expect(new KnownHosts(text, "rack-7", port).trusts(key)).toBe(known);
});

test("tells by which types of keys a server is known, and takes no other key for its own", () => {
  const other = Buffer.from("other").toString("base64");
  const text = `rack-7 ssh-rsa ${base64}\nrack-7 ssh-rsa ${other}\nrack-8 ssh-ed25519 ${base64}`;
  const known = new KnownHosts(text, "rack-7", 22);
  expect(known.types).toEqual(["ssh-rsa"]);
  expect(known.trusts(Buffer.from("a third"))).toBe(false);
  expect(new KnownHosts(text, "rack-9", 22).types).toEqual([]);
});
