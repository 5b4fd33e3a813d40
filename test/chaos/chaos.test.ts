/** Three minutes of one fixed seed. For others and for longer: `npm run chaos -- --seed N --minutes M`. */
import { expect, test } from "vitest";
import { dockerdMissing } from "../lab/docker.ts";
import { imagesMissing } from "../lab/images.ts";
import { chaosOnPool } from "./pool.ts";

const missing = dockerdMissing ?? imagesMissing;
const seed = Number(process.env["CHAOS_SEED"] ?? 4);
const minutes = Number(process.env["CHAOS_MINUTES"] ?? 3);

test.skipIf(missing)(
  `chaos over three hosts, CHAOS_SEED=${seed}: in the end desired is actual${missing ? `: skipped, ${missing}` : ""}`,
  async () => {
    const told: string[] = [];
    const report = await chaosOnPool({ seed, minutes, tell: (line) => told.push(line) }).catch((error: unknown) => {
      throw new Error(`${told.join("\n")}\n${(error as Error).message}`, { cause: error });
    });
    expect(report.containers).toBeGreaterThan(0);
  },
);
