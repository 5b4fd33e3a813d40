import { describe, expect, test } from "vitest";
import type { Token } from "../../openstack/keystone/tokens.ts";
import { FakeClock } from "../../test/fakes/clock.ts";
import { KeystoneTokens, keystoneUser } from "./keystone-tokens.ts";

const token: Token = {
  methods: ["password"],
  expiresAt: "2030-01-01T01:00:00.000000Z",
  user: { id: "u1", name: "eve", domain: { id: "default", name: "Default" } },
  project: { id: "p1", name: "alpha" },
  roles: [
    { id: "r1", name: "member" },
    { id: "r2", name: "reader" },
  ],
};

test("a user has its project and its roles as groups", () => {
  expect(keystoneUser(token)).toEqual({
    name: "keystone:eve",
    uid: "u1",
    groups: ["keystone:project:p1", "keystone:role:member", "keystone:role:reader"],
    extra: { "openstack.stowage.dev/user-domain": ["Default"], "openstack.stowage.dev/project": ["alpha"] },
  });
});

test.each(["system:apiserver", "stowage-admin"])("nobody is called %s", (name) => {
  expect(keystoneUser({ ...token, user: { id: "u1", name } }).name).toBe(`keystone:${name}`);
});

describe("KeystoneTokens", () => {
  const start = (answer: () => Promise<Token | undefined>) => {
    const clock = new FakeClock(new Date("2030-01-01T00:00:00Z"));
    const asked: string[] = [];
    const tokens = new KeystoneTokens({
      clock,
      validate: (id) => {
        asked.push(id);
        return answer();
      },
    });
    return { clock, asked, tokens };
  };

  test("asks once a minute, for all who come with it", async () => {
    const { clock, asked, tokens } = start(() => Promise.resolve(token));
    await Promise.all([tokens.authenticate("gAAA", []), tokens.authenticate("gAAA", [])]);
    await clock.pass(59_000);
    expect((await tokens.authenticate("gAAA", []))?.user.name).toBe("keystone:eve");
    expect(asked).toEqual(["gAAA"]);
    await clock.pass(1_000);
    await tokens.authenticate("gAAA", []);
    expect(asked).toEqual(["gAAA", "gAAA"]);
  });

  test("takes none that has expired since", async () => {
    const { clock, tokens } = start(() => Promise.resolve({ ...token, expiresAt: "2030-01-01T00:00:30Z" }));
    expect(await tokens.authenticate("gAAA", [])).toBeDefined();
    await clock.pass(30_000);
    expect(await tokens.authenticate("gAAA", [])).toBeUndefined();
  });

  test("remembers a refusal, and not that there was no answer", async () => {
    const refusing = start(() => Promise.resolve(undefined));
    expect(await refusing.tokens.authenticate("made-up", [])).toBeUndefined();
    expect(await refusing.tokens.authenticate("made-up", [])).toBeUndefined();
    expect(refusing.asked).toHaveLength(1);
    const silent = start(() => Promise.reject(new Error("no answer")));
    await expect(silent.tokens.authenticate("gAAA", [])).rejects.toThrow("no answer");
    await expect(silent.tokens.authenticate("gAAA", [])).rejects.toThrow("no answer");
    expect(silent.asked).toHaveLength(2);
  });

  test("keeps from Keystone what others issued, and what is for somebody else", async () => {
    const { asked, tokens } = start(() => Promise.resolve(token));
    const claims = Buffer.from(JSON.stringify({ iss: "https://kubernetes.default.svc.cluster.local" })).toString(
      "base64url",
    );
    expect(await tokens.authenticate(`e30.${claims}.c2ln`, [])).toBeUndefined();
    expect(await tokens.authenticate("gAAA", ["https://elsewhere.example"])).toBeUndefined();
    expect(asked).toEqual([]);
  });
});
