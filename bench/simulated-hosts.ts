/**
 * The process with the simulated hosts of bench/containers-scale.ts, so that what they cost is not taken for what the
 * server costs. Sends their endpoints to its parent and ends with it.
 */
import { FakeDockerEngine } from "../test/fakes/docker-engine.ts";
import { image } from "./manifest.ts";

const [count = 100] = process.argv.slice(2).map(Number);

/**
 * What a dockerd 20.10.24 on 2 idle cores takes for busybox on its default bridge: 5.2 containers a second one at a
 * time (drivers/docker/docker-driver.ts), most of it for the start; and it does not do two at once much faster.
 */
const latency = { look: 2, create: 40, start: 150, remove: 100 };

const engines = await Promise.all(
  Array.from({ length: count }, () =>
    FakeDockerEngine.start({
      images: [image],
      latency,
      concurrency: 2,
      cpu: 64,
      memory: 256 * 2 ** 30,
    }),
  ),
);
process.on("disconnect", () => {
  process.exit();
});
process.on("message", () => {
  process.send?.({ unknown: [...new Set(engines.flatMap(({ unknown }) => unknown))] });
});
process.send?.({ endpoints: engines.map(({ endpoint }) => endpoint) });
