import { expect, test } from "vitest";
import type { Call } from "./connection.ts";
import { Adopters } from "./adopters.ts";

const { signal } = new AbortController();
const id = "a".repeat(64);
const owner = { namespace: "shop", name: "web" };

const shown = {
  Id: id,
  Name: "/old",
  Image: "sha256:1",
  RestartCount: 0,
  State: { Status: "running", OOMKilled: false, ExitCode: 0, Error: "", StartedAt: "", FinishedAt: "" },
  Config: { Image: "busybox", Labels: {}, Tty: false },
  HostConfig: { RestartPolicy: { Name: "no" } },
  NetworkSettings: {},
};
const answers: Readonly<Record<string, unknown>> = {
  "/info": { DefaultRuntime: "runc", LoggingDriver: "json-file" },
  [`/containers/${id}/json`]: shown,
  "/images/sha256:1/json": {},
  "/containers/json": [{ Id: id, Names: ["/old"], Labels: {}, State: "running" }],
};
const engine: ConstructorParameters<typeof Adopters>[0] = {
  read: ({ path }: Call, schema) => Promise.resolve(schema.parse(answers[path])),
};

test("what is adopted is told from then on; who only looks takes nothing", async () => {
  const adopters = new Adopters(engine, "east");
  const looking = { uid: "u", ids: [id], looking: true } as const;
  expect(await adopters.observe(owner, looking, [], signal)).toMatchObject([{ id, owner, uid: "u" }]);
  expect(await adopters.list(signal)).toEqual([]);
  expect(adopters.adopterOf(id)).toBeUndefined();
  expect(await adopters.adoptable(signal)).toMatchObject([{ id }]);

  await adopters.observe(owner, { uid: "u", ids: [id] }, [], signal);
  expect(await adopters.list(signal)).toMatchObject([{ id, owner, uid: "u", hostName: "east" }]);
  expect(await adopters.adoptable(signal)).toEqual([]);
  await adopters.observe(owner, looking, [], signal);
  expect(adopters.adopterOf(id)).toEqual(owner);
});
