/** Which version of its API to speak with an Engine. Pure. */
import { UnsupportedHostError } from "../driver.ts";

/** What we send and read means the same in all of these: Engine 19.03 to 28, and 29 and later through 1.51. */
const ours = { min: "1.40", max: "1.51" } as const;

/** The newest version that both sides know. Throws UnsupportedHostError when there is none. */
export function agreeOn(endpoint: string, min: string, max: string): string {
  if (older(max, ours.min) || older(ours.max, min)) {
    throw new UnsupportedHostError(
      `Cannot drive the Docker Engine at ${endpoint}: it speaks API ${min} to ${max}, Stowage ${ours.min} to ${ours.max} (${
        older(max, ours.min) ? "update the Engine" : "update Stowage"
      })`,
    );
  }
  return older(max, ours.max) ? max : ours.max;
}

function older(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA < majorB || (majorA === majorB && minorA < minorB);
}
