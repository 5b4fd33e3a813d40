import { expect, test } from "vitest";
import { byLine, contextOf, ScriptedCloud } from "../../../test/fakes/scripted-cloud.ts";
import { serverGroupActuator } from "./server-group.ts";

const resource = { policy: "anti-affinity", rules: { maxServerPerHost: 2 } } as const;
const group = (id: string, more: object = {}) => ({
  id,
  name: "web",
  policy: "anti-affinity",
  rules: { max_server_per_host: 2 },
  project_id: "home",
  user_id: "user",
  ...more,
});

const cloud = () =>
  new ScriptedCloud(
    byLine({
      "GET /os-server-groups": {
        server_groups: [
          group("before"),
          group("ours"),
          group("other-name", { name: "other" }),
          group("other-rules", { rules: {} }),
          group("other-project", { project_id: "other" }),
        ],
      },
      "POST /os-server-groups": { server_group: group("ours") },
    }),
  );

test("what looked alike before one was created is not ours, and nothing else is taken for it", async () => {
  const context = contextOf(cloud());
  expect(await serverGroupActuator.alike?.(context, resource)).toEqual(["before", "ours"]);
  const found = await serverGroupActuator.leftBehind({ ...context, beside: ["before"] }, resource);
  expect(found.map(({ id }) => id)).toEqual(["ours"]);
});

test("it is made as asked, and shown in ORC's words", async () => {
  const asked = cloud();
  const made = await serverGroupActuator.create(contextOf(asked), resource);
  expect(asked.asked[0]?.body).toEqual({
    server_group: { name: "web", policy: "anti-affinity", rules: { max_server_per_host: 2 } },
  });
  expect(serverGroupActuator.observe(made)).toEqual({
    name: "web",
    policy: "anti-affinity",
    rules: { maxServerPerHost: 2 },
    projectID: "home",
    userID: "user",
  });
});
