import { describe, expect, test } from "vitest";
import { OpenStackError } from "../../openstack/errors.ts";
import type { Token } from "../../openstack/keystone/tokens.ts";
import { FakeClock } from "../../test/fakes/clock.ts";
import { RecordingLog } from "../../test/fakes/log.ts";
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
  const start = (answer: (id: string) => Promise<Token | undefined>) => {
    const clock = new FakeClock(new Date("2030-01-01T00:00:00Z"));
    const log = new RecordingLog();
    const asked: string[] = [];
    const tokens = new KeystoneTokens({
      clock,
      log,
      validate: (id) => {
        asked.push(id);
        return answer(id);
      },
    });
    return { clock, log, asked, tokens };
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

  test("says until when it is sure: for a minute, or for as long as the token lasts", async () => {
    const lasting = start(() => Promise.resolve(token));
    const first = await lasting.tokens.authenticate("gAAA", []);
    expect(first?.goodUntil).toEqual(new Date("2030-01-01T00:01:00Z"));
    await lasting.clock.pass(30_000);
    expect((await lasting.tokens.authenticate("gAAA", []))?.goodUntil).toEqual(first?.goodUntil);
    const ending = start(() => Promise.resolve({ ...token, expiresAt: "2030-01-01T00:00:30Z" }));
    expect((await ending.tokens.authenticate("gAAA", []))?.goodUntil).toEqual(new Date("2030-01-01T00:00:30Z"));
  });

  test("remembers a refusal for a minute", async () => {
    const { clock, asked, tokens } = start(() => Promise.resolve(undefined));
    expect(await tokens.authenticate("made-up", [])).toBeUndefined();
    expect(await tokens.authenticate("made-up", [])).toBeUndefined();
    expect(asked).toHaveLength(1);
    await clock.pass(60_000);
    expect(await tokens.authenticate("made-up", [])).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  test("tells whoever asks in an outage to come again, its operator once, and remembers nothing of it", async () => {
    let isAway = true;
    const { log, tokens } = start(() => (isAway ? Promise.reject(new Error("no answer")) : Promise.resolve(token)));
    const refusal = { reason: "ServiceUnavailable", code: 503, details: { retryAfterSeconds: 1 } };
    await expect(tokens.authenticate("gAAA", [])).rejects.toMatchObject(refusal);
    await expect(tokens.authenticate("gAAA", [])).rejects.toMatchObject(refusal);
    expect(log.lines).toEqual([
      { level: "warn", message: expect.stringContaining("503") as string, fields: { error: "no answer" } },
    ]);
    isAway = false;
    expect(await tokens.authenticate("gAAA", [])).toBeDefined();
    expect(log.lines).toHaveLength(2);
  });

  test("waits as long as Keystone asks to be left alone", async () => {
    const busy = new OpenStackError({ action: "a", meaning: "Unavailable", message: "b", retryAfterMs: 7_500 });
    const { tokens } = start(() => Promise.reject(busy));
    await expect(tokens.authenticate("gAAA", [])).rejects.toMatchObject({ details: { retryAfterSeconds: 8 } });
  });

  test("who makes up tokens costs Keystone a hundred requests, then 20 a second, and pushes no good one out", async () => {
    const { clock, asked, tokens } = start((id) => Promise.resolve(id === "gAAA" ? token : undefined));
    await tokens.authenticate("gAAA", []);
    const tooMany = { reason: "TooManyRequests", code: 429, details: { retryAfterSeconds: 1 } };
    for (let i = 0; i < 100; i++) expect(await tokens.authenticate(`made-up-${i}`, [])).toBeUndefined();
    await expect(tokens.authenticate("made-up-100", [])).rejects.toMatchObject(tooMany);
    expect(asked).toHaveLength(101);
    await clock.pass(1_000);
    for (let i = 100; i < 120; i++) expect(await tokens.authenticate(`made-up-${i}`, [])).toBeUndefined();
    await expect(tokens.authenticate("made-up-120", [])).rejects.toMatchObject(tooMany);
    expect(await tokens.authenticate("gAAA", [])).toBeDefined();
    expect(asked).toHaveLength(121);
  });

  test("who was let in before is asked about again whatever strangers do; good tokens use up nothing", async () => {
    const { clock, tokens } = start((id) => Promise.resolve(id.startsWith("gAAA") ? token : undefined));
    for (let i = 0; i < 200; i++) expect(await tokens.authenticate(`gAAA-${i}`, [])).toBeDefined();
    await clock.pass(60_000);
    for (let i = 0; i < 100; i++) await tokens.authenticate(`made-up-${i}`, []);
    await expect(tokens.authenticate("gAAA-new", [])).rejects.toMatchObject({ code: 429 });
    expect(await tokens.authenticate("gAAA-0", [])).toBeDefined();
  });

  test("asks about 16 strangers at the same time", async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { asked, tokens } = start(() => promise);
    const waiting = Array.from({ length: 16 }, (_, i) => tokens.authenticate(`made-up-${i}`, []));
    await expect(tokens.authenticate("made-up-16", [])).rejects.toMatchObject({ code: 429 });
    const again = tokens.authenticate("made-up-0", []);
    resolve(undefined);
    expect(await Promise.all([...waiting, again])).toEqual(Array.from({ length: 17 }, () => undefined));
    expect(asked).toHaveLength(16);
    expect(await tokens.authenticate("made-up-17", [])).toBeUndefined();
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
