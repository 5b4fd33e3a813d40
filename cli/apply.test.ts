import { describe, expect, test } from "vitest";
import type { Client, DiscoveredType } from "../api/client/client.ts";
import { alreadyExists, forbidden, notFound } from "../api/status.ts";
import { containers } from "../crds/container.ts";
import { namespaceType } from "../crds/core.ts";
import { apiVersionOf } from "../crds/meta.ts";
import type { Target } from "./apply.ts";
import { rehearse } from "./apply.ts";

const type: DiscoveredType = { ...containers, verbs: [], singular: "container", shortNames: [], categories: [] };
const target: Target = {
  manifest: {
    object: { apiVersion: apiVersionOf(containers), kind: containers.kind, metadata: { name: "web" } },
    where: () => "web.yaml",
  },
  type,
  name: { namespace: "soon", name: "web" },
};

/** A server that has the namespace `default` alone; `refuse` is what it says to a create there. */
function serverThat(refuse: (name: string | undefined) => Error | undefined): Client {
  const client: Pick<Client, "get" | "create"> = {
    get: async () => Promise.reject(notFound(containers, "web")),
    create: async (_type, draft) => {
      const { namespace = "", name } = draft.metadata;
      const refusal = namespace === "default" ? refuse(name) : notFound(namespaceType, namespace);
      if (refusal !== undefined) throw refusal;
      return { ...draft, metadata: { ...draft.metadata, name: name ?? "rehearsal-x", uid: "made-up" } } as never;
    },
  };
  return client as Client;
}

const rehearsed = (client: Client, ...coming: readonly string[]) =>
  rehearse(client, target, "Strict", new Set(coming)).then(({ after, verb }) => ({ verb, ...after.metadata }));

describe("rehearse, in a namespace that comes along", () => {
  test("asks what another namespace makes of it", async () => {
    const made = { verb: "created", namespace: "soon", name: "web", uid: "made-up" };
    expect(
      await rehearsed(
        serverThat(() => undefined),
        "soon",
      ),
    ).toMatchObject(made);
    const taken = serverThat((name) => (name === undefined ? undefined : alreadyExists(containers, name)));
    expect(await rehearsed(taken, "soon")).toMatchObject(made);
  });

  test("takes what the other does not allow for allowed", async () => {
    const strict = serverThat(() => forbidden(containers, "web", 'violates PodSecurity "baseline:latest"'));
    expect(await rehearsed(strict, "soon")).toMatchObject({ verb: "created", namespace: "soon", name: "web", uid: "" });
  });

  test("is refused where the namespace does not come", async () => {
    await expect(rehearsed(serverThat(() => undefined))).rejects.toThrow('namespaces "soon" not found');
  });
});
