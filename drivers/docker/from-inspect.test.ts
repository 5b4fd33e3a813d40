import { expect, test } from "vitest";
import { fromInspect, FullInspect } from "./from-inspect.ts";

const shown = (config: object): FullInspect =>
  FullInspect.parse({
    Id: "a".repeat(64),
    Name: "/old",
    Image: "sha256:1",
    RestartCount: 0,
    State: { Status: "running", OOMKilled: false, ExitCode: 0, Error: "", StartedAt: "", FinishedAt: "" },
    Config: { Image: "busybox", Labels: {}, Tty: false, ...config },
    HostConfig: { RestartPolicy: { Name: "no" } },
    NetworkSettings: {},
  });

/** `$$` is a dollar, and $(NAME) a variable: controllers/container/inputs/expansion.ts. */
test.each([
  ["sh -c 'echo $$'", "sh -c 'echo $$$$'"],
  ["$(HOME)", "$$(HOME)"],
  ["$$(HOME)", "$$$$(HOME)"],
  ["$x$$", "$$x$$$$"],
  ["costs $5", "costs $5"],
  ["$HOME", "$HOME"],
  ["a$", "a$"],
])("what replaces an adopted container gets %s as it is", (text, written) => {
  const config = { Entrypoint: ["a", text], Cmd: [text], Env: [`V=${text}`] };
  const { spec } = fromInspect(shown(config), undefined, { runtime: "runc", loggingDriver: "json-file" });
  expect(spec).toMatchObject({ command: ["a", written], args: [written], env: [{ name: "V", value: written }] });
});
