import { describe, expect, test } from "vitest";
import { repositoryOf } from "./image-reference.ts";
import { credentialsFor, DockerConfigError, readDockerCfg, readDockerConfigJson } from "./keyring.ts";

const auth = (text: string): object => ({ auth: Buffer.from(text).toString("base64") });
const entries = (auths: object) => readDockerConfigJson(JSON.stringify({ auths }));
/** The names of the users that an image is pulled as, in order. */
const users = (image: string, ...registries: string[]): readonly string[] =>
  credentialsFor(
    image,
    entries(Object.fromEntries(registries.map((registry) => [registry, auth(`${registry}:p`)]))),
  ).map(({ username }) => username.replace(/:p$/, ""));

test.each([
  ["busybox", "docker.io/library/busybox"],
  ["team/app:1", "docker.io/team/app"],
  ["docker.io/busybox@sha256:0", "docker.io/library/busybox"],
  ["index.docker.io/team/app", "docker.io/team/app"],
  ["localhost/app", "localhost/app"],
  ["registry.example:5000/a/b:1", "registry.example:5000/a/b"],
])("%s is %s", (image, repository) => {
  expect(repositoryOf(image)).toBe(repository);
});

describe("an image is shown", () => {
  test.each<[string, string, readonly string[]]>([
    ["registry.example/app", "registry.example", ["registry.example"]],
    ["registry.example/app", "https://registry.example/v2/", ["https"]],
    ["registry.example:5000/app", "registry.example", []],
    ["registry.example/app", "registry.example:5000", []],
    ["registry.example/team/app", "registry.example/team", ["registry.example/team"]],
    ["registry.example/teammate/app", "registry.example/team", []],
    ["registry.example/app", "other.example", []],
    ["a.registry.example/app", "*.registry.example", ["*.registry.example"]],
    ["a.b.registry.example/app", "*.registry.example", []],
    ["registry.example/app", "*.registry.example", []],
    ["k8s.example/app", "k?s.ex*le", ["k?s.ex*le"]],
    ["evil.example/registry.example/app", "registry.example", []],
    ["busybox", "https://index.docker.io/v1/", ["https"]],
    ["busybox", "docker.io", ["docker.io"]],
    ["team/app", "docker.io/team", ["docker.io/team"]],
    ["docker.io/team/app", "index.docker.io", ["index.docker.io"]],
    ["localhost/app", "index.docker.io", []],
    ["registry.example/app", "index.docker.io", []],
  ])("%s: what is for %s: %j", (image, registry, expected) => {
    const shown = users(image, registry).map((user) => (user.startsWith("https") ? "https" : user));
    expect(shown).toEqual(expected);
  });

  test("the longest first, whatever their order", () => {
    expect(users("r.example/a/b/c", "r.example", "r.example/a/b", "*.example", "r.example/a", "r.example/x")).toEqual([
      "r.example/a/b",
      "r.example/a",
      "r.example",
      "*.example",
    ]);
  });

  test("the same credentials once", () => {
    const same = { "r.example": auth("a:b"), "r.example/app": { username: "a", password: "b" } };
    expect(credentialsFor("r.example/app", entries(same))).toEqual([{ username: "a", password: "b" }]);
  });
});

describe("a docker configuration", () => {
  test.each<[string, object, object]>([
    ["auth", auth("u:p:with:colons"), { username: "u", password: "p:with:colons" }],
    ["username and password", { username: "u", password: "p" }, { username: "u", password: "p" }],
    ["auth before them", { ...auth("u:p"), username: "x", password: "y" }, { username: "u", password: "p" }],
    ["a token", { identitytoken: "t" }, { username: "", password: "", identitytoken: "t" }],
  ])("says %s", (_, entry, credentials) => {
    expect(entries({ r: entry })).toEqual([{ pattern: "r", credentials }]);
    expect(readDockerCfg(JSON.stringify({ r: entry }))).toEqual([{ pattern: "r", credentials }]);
  });

  test("without any is fine", () => {
    expect(entries({})).toEqual([]);
  });

  test.each([
    ["not JSON", "hunter2"],
    ["no object", '["hunter2"]'],
    ["no auths", '{"hunter2": {}}'],
    ["auth without a colon", '{"auths": {"r": {"auth": "aHVudGVyMg=="}}}'],
    ["a number for a password", '{"auths": {"r": {"username": "u", "password": 2}}}'],
  ])("that is %s is refused, in words that tell nothing of it", (_, content) => {
    expect(() => readDockerConfigJson(content)).toThrow(DockerConfigError);
    expect(() => readDockerConfigJson(content)).not.toThrow(/hunter2/);
  });
});
