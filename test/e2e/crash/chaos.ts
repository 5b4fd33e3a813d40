/**
 * Applies and deletes Containers at random while something is killed at random points, and keeps a model of what was
 * asked for. A step that failed because its server died is asked for again, as a person or a pipeline would.
 */
import type { Container } from "../../../crds/container.ts";
import { containers } from "../../../crds/container.ts";
import { labels } from "../../../drivers/labels.ts";
import type { StowageServer } from "../../lab/stowage.ts";
import { eventually } from "../../lab/stowage.ts";
import type Docker from "dockerode";

/** A small seeded generator (mulberry32), so that a failure can be run again. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What was asked for: name of a Container -> value of its environment variable ROUND. */
export type Model = Map<string, string>;

const manifest = (names: readonly string[], round: number, image: string): string =>
  names
    .map((name) =>
      JSON.stringify({
        apiVersion: "stowage.dev/v1alpha1",
        kind: "Container",
        metadata: { name, namespace: "default" },
        spec: {
          image,
          imagePullPolicy: "Never",
          command: ["sleep", "100000"],
          env: [{ name: "ROUND", value: String(round) }],
          terminationGracePeriodSeconds: 0,
        },
      }),
    )
    .join("\n---\n");

export interface Chaos {
  readonly server: StowageServer;
  readonly image: string;
  readonly random: () => number;
  readonly steps: number;
  /** Breaks something and mends it again; the server answers when it returns. */
  readonly breakSomething: () => Promise<void>;
}

/** Runs the steps and returns the model. */
export async function wreakHavoc({ server, image, random, steps, breakSomething }: Chaos): Promise<Model> {
  const model: Model = new Map();
  const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
  for (let round = 0; round < steps; round++) {
    const chosen = names.filter(() => random() < 0.25);
    if (chosen.length === 0) chosen.push(names[round % names.length] ?? "c0");
    const apply = random() < 0.65;
    const ask = () =>
      apply
        ? server.cli(["apply", "-f", "-"], manifest(chosen, round, image))
        : server.cli(["delete", "containers", ...chosen, "-n", "default", "--ignore-not-found", "--wait=false"]);
    const asked = ask();
    await new Promise((resolve) => setTimeout(resolve, random() * 1200)); // the random point at which it breaks
    await breakSomething();
    const { code } = await asked;
    if (code !== 0) {
      await eventually("the step is accepted after the restart", async () => {
        const again = await ask();
        if (again.code !== 0) throw new Error(again.stderr);
        return true;
      });
    }
    // A Container that is still being deleted when it is applied again goes away all the same: ask until it stays.
    for (const name of chosen) {
      if (apply) model.set(name, String(round));
      else model.delete(name);
    }
    if (apply) {
      await eventually("what was applied is not being deleted", async () => {
        const { stdout } = await server.cli(["get", "containers", "-n", "default", "-o", "json"]);
        const { items } = JSON.parse(stdout) as { items: readonly Container[] };
        const live = new Set(
          items.filter((item) => item.metadata.deletionTimestamp === undefined).map((item) => item.metadata.name),
        );
        if (chosen.every((name) => live.has(name))) return true;
        await ask();
        return false;
      });
    }
  }
  return model;
}

/** Waits until the Engine holds exactly what the model says: one running container per name, from the right round. */
export async function expectExactly(server: StowageServer, docker: Docker, model: Model): Promise<void> {
  const wanted = [...model].map(([name, round]) => `default/${name} running ROUND=${round}`).sort();
  let seen: readonly string[] = [];
  await using client = await server.client();
  await eventually(
    "the Engine holds exactly the desired containers",
    async () => {
      const all = await docker.listContainers({ all: true, filters: { label: [labels.instance] } });
      const details = await Promise.all(all.map(({ Id }) => docker.getContainer(Id).inspect()));
      seen = details
        .map(({ Config, State }) => {
          const round = Config.Env.find((entry) => entry.startsWith("ROUND=")) ?? "";
          return `${Config.Labels[labels.namespace] ?? ""}/${Config.Labels[labels.name] ?? ""} ${State.Status} ${round}`;
        })
        .sort();
      const { items } = await client.list<Container>(containers, { namespace: "default" });
      const objects = items.map((item) => item.metadata.name).sort();
      return (
        JSON.stringify(seen) === JSON.stringify(wanted) &&
        JSON.stringify(objects) === JSON.stringify([...model.keys()].sort()) &&
        items.every((item) => item.status?.phase === "Running")
      );
    },
    1200,
  ).catch((error: unknown) => {
    throw new Error(`wanted ${JSON.stringify(wanted)}\nfound  ${JSON.stringify(seen)}\n${server.log.slice(-4000)}`, {
      cause: error,
    });
  });
}
