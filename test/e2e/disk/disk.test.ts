/** See README.md here. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCondition } from "../../../controllers/runtime/conditions.ts";
import type { Host, HostStatus } from "../../../crds/host.ts";
import { parseQuantity } from "../../../crds/quantity.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { imagesMissing, importBusybox } from "../../lab/images.ts";
import { Scenario } from "../../lab/scenario.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? imagesMissing;
const diskMiB = 200;

describe.skipIf(missing)(`a disk that fills up${missing ? `: skipped, ${missing}` : ""}`, () => {
  let dockerd: Dockerd;
  let server: StowageServer;
  let scenario: Scenario;

  beforeAll(async () => {
    dockerd = await Dockerd.start({ name: "disk", diskMiB });
    await importBusybox(dockerd.docker);
    // As somebody would who knows nothing of us.
    await dockerd.docker.createContainer({ name: "theirs", Image: "busybox:lab", Cmd: ["true"] });
    server = await StowageServer.start();
    scenario = new Scenario(server);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await dockerd[Symbol.asyncDispose]();
  });

  /** An image that takes so many MiB. */
  async function fill(name: string, mebibytes: number): Promise<void> {
    await importBusybox(dockerd.docker, name, { files: { "etc/payload": randomBytes(mebibytes * 2 ** 20) } });
  }

  /** Its disk is looked at at once, since what is asked of it has changed. */
  async function ask(spec: object): Promise<void> {
    const manifest = {
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Host",
      metadata: { name: "small" },
      spec: { docker: { endpoint: dockerd.endpoint }, ...spec },
    };
    const { code, stderr } = await server.cli(["apply", "-f", "-"], JSON.stringify(manifest));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }

  const hostShows = (what: string, check: (status: HostStatus) => boolean): Promise<HostStatus> =>
    eventually(`the Host shows ${what}`, async () => {
      const { stdout } = await server.cli(["get", "host", "small", "-o", "json"]);
      const status = (JSON.parse(stdout) as Host).status ?? {};
      return check(status) ? status : undefined;
    });

  const pressure = (status: HostStatus): string | undefined => findCondition(status.conditions, "DiskPressure")?.status;
  const used = (status: HostStatus): number => status.disks?.[0]?.usedPercent ?? 0;

  async function images(): Promise<readonly string[]> {
    return (await dockerd.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  }

  test("the Host tells of its disk and its CPUs", async () => {
    await fill("old:1", 40);
    await fill("kept:1", 40);
    await dockerd.docker.createContainer({ name: "keeper", Image: "kept:1", Cmd: ["true"] });
    await ask({});
    const status = await hostShows("its disk", (seen) => pressure(seen) === "False" && used(seen) >= 40);
    expect(status.disks).toEqual([{ name: "data", capacity: `${diskMiB}Mi`, usedPercent: used(status) }]);
    expect(status.capacity).toMatchObject({ "ephemeral-storage": `${diskMiB}Mi` });
    // Less what makes it too full.
    expect(parseQuantity(status.allocatable?.["ephemeral-storage"] ?? 0)).toBe(diskMiB * 0.9 * 2 ** 20);
    expect(status.numa?.[0]).toMatchObject({ id: 0, cpus: expect.stringMatching(/^0/) as string });
  });

  test("the image that was unused for the longest goes, and none that is in use", async () => {
    await fill("later:1", 40);
    await ask({ imageGC: { highThresholdPercent: 99 } });
    await hostShows("one image more", (seen) => used(seen) >= 60);
    await ask({ imageGC: { highThresholdPercent: 60, lowThresholdPercent: 50, minimumAgeSeconds: 0 } });
    await hostShows("room", (seen) => used(seen) <= 50);
    expect(await images()).not.toContain("old:1");
    expect(await images()).toEqual(expect.arrayContaining(["kept:1", "later:1", "busybox:lab"]));
    await eventually("an Event tells of it", async () => {
      const selector = "involvedObject.kind=Host,reason=ImagesRemoved";
      const { stdout } = await server.cli(["get", "events", "-A", "-o", "json", "--field-selector", selector]);
      return /Removed old:1, 4[0-9]\.[0-9] MiB, which nothing used: the disk was 6[0-9] % full/.test(stdout);
    });
  });

  test("a Host whose disk is too full takes no Containers, until there is room", async () => {
    await fill("big:1", 98);
    await ask({ imageGC: { highThresholdPercent: 100 } });
    const status = await hostShows("pressure", (seen) => pressure(seen) === "True");
    expect(findCondition(status.conditions, "DiskPressure")?.message).toMatch(
      /^The disk for data and images is 9[0-9] % full, with [0-9.]+ MiB of 200 MiB left/,
    );
    expect(status.taints).toMatchObject([{ key: "stowage.dev/disk-pressure", effect: "NoSchedule" }]);
    await scenario.apply(new URL("container.yaml", import.meta.url).pathname);
    const { conditions } = await scenario.is("late", "Scheduled", { status: "False" });
    expect(findCondition(conditions, "Scheduled")?.message).toContain("disk-pressure");
    await ask({ imageGC: { minimumAgeSeconds: 0 } });
    const roomy = await hostShows("room", (seen) => used(seen) < 90);
    expect(roomy.taints).toEqual(status.taints);
    expect(findCondition(roomy.conditions, "DiskPressure")?.message).toContain("There is room on its disk again");
    // As somebody does who will not wait for five minutes.
    await ask({ imageGC: { minimumAgeSeconds: 1 } });
    await hostShows("no pressure", (seen) => pressure(seen) === "False" && seen.taints === undefined);
    await scenario.shows("late", { phase: "Running" });
    expect(await images()).toContain("kept:1");
  });
});
