/** What every Client does, in process or over the wire: api/client/client.ts in code. */
import { namespaceType } from "../../crds/core.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client, Draft, WatchEvent } from "../../api/client/client.ts";
import { hasReason, isAlreadyExists, isConflict, isExpired, isNotFound } from "../../api/status.ts";
import type { Container } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import type { KubeObject } from "../../crds/meta.ts";

/** A client, and the server behind it. */
export interface ClientLab extends AsyncDisposable {
  readonly client: Client;
  /** Makes the server forget what only the past needs. */
  compact(): Promise<void>;
}

const draft = (name: string, more: Partial<Draft["metadata"]> = {}, spec: object = {}): Draft & { spec: object } => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: { name, namespace: "default", ...more },
  spec: { image: "busybox", ...spec },
});

const at = (name: string) => ({ namespace: "default", name });

/** What a promise is refused with. */
async function refusal(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("It was not refused");
}

export function describeClient(name: string, open: () => Promise<ClientLab>): void {
  describe(`a client ${name}`, () => {
    let lab: ClientLab;
    let client: Client;
    beforeAll(async () => {
      lab = await open();
      client = lab.client;
    });
    afterAll(() => lab[Symbol.asyncDispose]());

    test("creates, gets, and tells what is there already or not at all", async () => {
      const created = await client.create<Container>(containers, draft("one"));
      expect(created).toMatchObject({
        apiVersion: "stowage.dev/v1alpha1",
        kind: "Container",
        spec: { runState: "Running" },
      });
      expect(await client.get(containers, at("one"))).toEqual(created);
      expect(isAlreadyExists(await refusal(client.create(containers, draft("one"))))).toBe(true);
      expect(isNotFound(await refusal(client.get(containers, at("none"))))).toBe(true);
      expect(isNotFound(await refusal(client.list({ ...containers, plural: "ships" })))).toBe(true);
      const wrong = await refusal(client.create(containers, draft("wrong", {}, { runState: "Flying" })));
      expect(hasReason(wrong, "Invalid") && wrong.details?.causes?.[0]?.field).toBe("spec.runState");
    });

    test("updates the newest state only", async () => {
      const first = await client.create<Container>(containers, draft("two"));
      const second = await client.update<Container>(containers, {
        ...first,
        spec: { ...first.spec, image: "nginx" },
      } as Container);
      expect(second.metadata.generation).toBe(2);
      expect(isConflict(await refusal(client.update(containers, first)))).toBe(true);
    });

    test("writes status apart from the rest", async () => {
      const created = await client.create<Container>(containers, draft("three"));
      const status = { phase: "Running" as const };
      const updated = await client.updateStatus<Container>(containers, { ...created, status } as Container);
      expect(updated).toMatchObject({ status, metadata: { generation: 1 } });
      const patch = { type: "merge", body: { status: { hostName: "h" } } } as const;
      expect((await client.patchStatus<Container>(containers, at("three"), patch)).status).toEqual({
        ...status,
        hostName: "h",
      });
    });

    test("patches in two ways", async () => {
      await client.create(containers, draft("four"));
      const merged = await client.patch<Container>(containers, at("four"), {
        type: "merge",
        body: { spec: { tty: true } },
      });
      expect(merged.spec.tty).toBe(true);
      const body = [{ op: "replace", path: "/spec/image", value: "nginx" }];
      expect((await client.patch<Container>(containers, at("four"), { type: "json", body })).spec.image).toBe("nginx");
    });

    test("applies: creates, shares, gives up, and takes from others by force", async () => {
      const config = (runState: string) => ({ type: "apply", body: draft("applied", {}, { runState }) }) as const;
      const one = { fieldManager: "one" };
      const created = await client.patch<Container>(containers, at("applied"), config("Stopped"), one);
      expect(created.spec.runState).toBe("Stopped");
      const two = { fieldManager: "two" };
      const refused = await refusal(client.patch(containers, at("applied"), config("Running"), two));
      expect(hasReason(refused, "Conflict") && refused.details?.causes).toEqual([
        { reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".spec.runState" },
      ]);
      const forced = { ...config("Running"), force: true };
      expect((await client.patch<Container>(containers, at("applied"), forced, two)).spec.runState).toBe("Running");
      const status = { ...config("Running").body, status: { phase: "Running" } };
      const shown = await client.patchStatus<Container>(
        containers,
        at("applied"),
        { type: "apply", body: status },
        one,
      );
      expect(shown.status?.phase).toBe("Running");
      expect(hasReason(await refusal(client.patch(containers, at("applied"), config("Paused"))), "Invalid")).toBe(true);
    });

    test("writes nothing in a dry run", async () => {
      await client.create(containers, draft("dry"), { dryRun: true });
      expect(isNotFound(await refusal(client.get(containers, at("dry"))))).toBe(true);
      await client.create(containers, draft("kept"));
      await client.delete(containers, at("kept"), { dryRun: true });
      await client.get(containers, at("kept"));
    });

    test("is as strict about unknown fields as it is told to be", async () => {
      const odd = draft("odd", {}, { colour: "red" });
      const strict = await refusal(client.create(containers, odd, { fieldValidation: "Strict" }));
      expect(hasReason(strict, "BadRequest")).toBe(true);
      expect((await client.create<Container>(containers, odd)).spec).not.toHaveProperty("colour");
    });

    test("deletes at once, or shows what finalizers keep", async () => {
      const { metadata } = await client.create(containers, draft("five"));
      const wrong = { preconditions: { uid: "other" } };
      expect(isConflict(await refusal(client.delete(containers, at("five"), wrong)))).toBe(true);
      expect(await client.delete(containers, at("five"), { preconditions: { uid: metadata.uid } })).toBeUndefined();
      expect(isNotFound(await refusal(client.delete(containers, at("five"))))).toBe(true);

      await client.create(containers, draft("six", { finalizers: ["test.example/hold"] }));
      expect((await client.delete(containers, at("six")))?.metadata.deletionTimestamp).toBeDefined();
      await client.patch(containers, at("six"), { type: "merge", body: { metadata: { finalizers: null } } });
      expect(isNotFound(await refusal(client.get(containers, at("six"))))).toBe(true);
    });

    test("lists what is selected, in pages", async () => {
      for (const i of [1, 2, 3]) await client.create(containers, draft(`page-${i}`, { labels: { page: String(i) } }));
      const options = { namespace: "default", labelSelector: "page", limit: 2 };
      const first = await client.list(containers, options);
      expect(first.items.map(({ metadata }) => metadata.name)).toEqual(["page-1", "page-2"]);
      const rest = await client.list(containers, { ...options, continue: first.continue ?? "" });
      expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(["page-3"]);
      expect(rest.continue).toBeUndefined();
      const one = await client.list(containers, { fieldSelector: "metadata.name=page-2" });
      expect(one.items).toHaveLength(1);
    });

    test("watches from where a list ended, until it is told to stop", async () => {
      const { resourceVersion } = await client.list(containers);
      const stop = new AbortController();
      const told: string[] = [];
      const watching = (async () => {
        for await (const event of client.watch(containers, { resourceVersion, signal: stop.signal })) {
          const line = lineOf(event);
          if (line !== undefined) told.push(line);
          if (line === "DELETED seen") stop.abort();
        }
      })();
      await client.create(containers, draft("seen"));
      await client.patch(containers, at("seen"), { type: "merge", body: { metadata: { labels: { a: "b" } } } });
      await client.delete(containers, at("seen"));
      await watching;
      expect(told).toEqual(["ADDED seen", "MODIFIED seen", "DELETED seen"]);
    });

    test("throws Expired for a watch that begins too long ago", async () => {
      const { metadata } = await client.create<Container>(containers, draft("old"));
      // More than a server keeps of recent events.
      for (let i = 0; i < 2500; i += 50)
        await Promise.all(Array.from({ length: 50 }, (_, j) => client.create(containers, draft(`many-${i + j}`))));
      await lab.compact();
      const { signal } = new AbortController();
      const events = client
        .watch(containers, { resourceVersion: metadata.resourceVersion, signal })
        [Symbol.asyncIterator]();
      expect(isExpired(await refusal(events.next()))).toBe(true);
    });

    test("finalizes a namespace", async () => {
      await client.create(namespaceType, { apiVersion: "v1", kind: "Namespace", metadata: { name: "short" } });
      const namespace = await client.delete(namespaceType, { name: "short" });
      expect(namespace?.metadata.deletionTimestamp).toBeDefined();
      await client.finalizeNamespace({ ...(namespace as KubeObject), spec: { finalizers: [] } } as KubeObject);
      expect(isNotFound(await refusal(client.get(namespaceType, { name: "short" })))).toBe(true);
    });

    test("discovers what is served", async () => {
      const found = (await client.discover()).find(({ plural }) => plural === "containers");
      expect(found).toMatchObject({ ...containers, singular: "container", shortNames: ["ctr"], categories: ["all"] });
      expect(found?.verbs.toSorted()).toEqual([
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
      ]);
    });
  });
}

function lineOf(event: WatchEvent<KubeObject>): string | undefined {
  return event.type === "BOOKMARK" ? undefined : `${event.type} ${event.object.metadata.name}`;
}
