import { expect, test } from "vitest";
import { redact, secretsIn } from "./secrets.ts";

test("secretsIn finds what is called so, at any depth", () => {
  const body = {
    server: { name: "web", adminPass: "pass-1", user_data: "I2Nsb3Vk" },
    user: { password: "pass-2", original_password: "pass-3", email: "someone" },
    application_credential: { secret: "pass-4", roles: [{ id: "r1" }] },
    list: [{ private_key: "pass-5" }],
  };
  expect(secretsIn(body)).toEqual(["pass-1", "I2Nsb3Vk", "pass-2", "pass-3", "pass-4", "pass-5"]);
  expect(secretsIn(Buffer.from("password"))).toEqual([]);
});

test("redact takes each of them out, the longest first, but nothing as short as a word", () => {
  expect(redact("no pass-1, no pass-12", ["pass-1", "pass-12", undefined, "no"])).toBe("no ***, no ***");
});
