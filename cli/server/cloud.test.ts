import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudOf } from "./cloud.ts";

describe("cloudOf", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "stowage-clouds-"));
    const auth =
      "{auth_url: https://one.example/v3, username: eve, password: secret, project_name: p, user_domain_id: default, project_domain_id: default}";
    await writeFile(join(folder, "clouds.yaml"), `clouds:\n  one: {auth: ${auth}}\n  two: {auth: ${auth}}\n`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const os = {
    OS_AUTH_URL: "https://env.example/v3",
    OS_USERNAME: "eve",
    OS_PASSWORD: "secret",
    OS_PROJECT_NAME: "p",
    OS_USER_DOMAIN_ID: "default",
    OS_PROJECT_DOMAIN_ID: "default",
  };
  const at = (env: Readonly<Record<string, string>>) => ({
    env: { ...env, XDG_CONFIG_HOME: "/nowhere" },
    cwd: folder,
    home: "/nowhere",
  });

  test("what the command line names wins", async () => {
    expect((await cloudOf(at({ ...os, OS_CLOUD: "one" }), "two")).name).toBe("two");
  });

  test("OS_CLOUD wins over the other variables", async () => {
    expect((await cloudOf(at({ ...os, OS_CLOUD: "one" }))).name).toBe("one");
  });

  test("variables win over clouds that nothing names", async () => {
    expect((await cloudOf(at(os))).authUrl).toContain("env.example");
  });

  test("one of several has to be named", async () => {
    await expect(cloudOf(at({}))).rejects.toThrow("say which");
  });

  test("no cloud at all is told", async () => {
    await expect(cloudOf({ env: {}, cwd: "/nowhere", home: "/nowhere" })).rejects.toThrow("no cloud is known");
  });
});
