import { expect, test } from "vitest";
import type { Container } from "../../crds/container.ts";
import { containerOf } from "../../test/fakes/objects.ts";
import { evict } from "./evict.ts";

test("of one that is on another Host by now nothing is asked", async () => {
  const container = containerOf({}, { status: { phase: "Running", hostName: "b" } });
  const written: Container[] = [];
  const client = {
    get: async () => container,
    list: async () => ({ items: [] }),
    updateStatus: async (_: unknown, draft: unknown) => written.push(draft as Container),
  } as unknown as Parameters<typeof evict>[0];
  const ask = (hostName: string): Promise<void> =>
    evict(client, container.metadata, { reason: "Maintenance", message: "m", hostName }, () => new Date(0));
  await ask("a");
  expect(written).toEqual([]);
  await ask("b");
  expect(written[0]?.status?.eviction).toMatchObject({ reason: "Maintenance" });
});
