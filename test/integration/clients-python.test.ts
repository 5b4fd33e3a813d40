/** The official Python client, as Debian has it: what test/clients/python_client.py does must all succeed. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { capture, StowageServer } from "../lab/stowage.ts";

/** Debian's own: another one in PATH has not what Debian's packages install. */
const python = "/usr/bin/python3";
const script = join(import.meta.dirname, "..", "clients", "python_client.py");
const found = spawnSync(python, ["-c", "import kubernetes"]);
const missing = found.status === 0 ? undefined : "python3-kubernetes is not installed (Debian: python3-kubernetes)";
if (missing !== undefined) console.log(`skipped: the Python client against the server, because ${missing}`);

describe.skipIf(missing)(`python3-kubernetes${missing ? `: skipped, ${missing}` : ""}`, () => {
  let told = "";
  beforeAll(async () => {
    await using server = await StowageServer.start();
    const env = { PATH: process.env["PATH"], KUBECONFIG: server.kubeconfig, HOME: server.dataDir };
    const { stdout, stderr } = await capture(python, ["-W", "ignore", script], { env });
    told = stdout + stderr;
  });

  test.each([
    { does: "core objects", name: "test_core_objects" },
    { does: "patches", name: "test_patches" },
    { does: "lists in pages and by selectors", name: "test_lists_in_pages_and_by_selectors" },
    { does: "kinds of other groups", name: "test_kinds_of_other_groups" },
    { does: "custom objects", name: "test_custom_objects" },
    { does: "a watch that goes on where it was left", name: "test_watch_goes_on_where_it_was_left" },
    { does: "a watch that is refused", name: "test_watch_of_a_version_that_is_no_number_is_refused" },
    { does: "the dynamic client", name: "test_dynamic_client" },
    { does: "create_from_yaml", name: "test_create_from_yaml" },
    { does: "leader election", name: "test_leader_election" },
  ])("$does", ({ name }) => {
    // Python's unittest prints `name (class) ... ok` for each.
    expect(told).toMatch(new RegExp(`^${name} .*\\.\\.\\. ok$`, "m"));
  });

  test("and nothing else fails", () => {
    expect(told).toMatch(/^OK$/m);
  });
});
