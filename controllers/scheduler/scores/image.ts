/** Source: kubernetes/pkg/scheduler/framework/plugins/imagelocality/image_locality.go. */
import { imageKey } from "../image.ts";
import type { Score } from "./score.ts";

/** Below it an image is pulled in no time; nothing above a gigabyte counts for more. */
const [least, most] = [23 * 2 ** 20, 1000 * 2 ** 20];

/**
 * Where the image is already. It counts for less the fewer Hosts have it, so that one that has it alone does not get all.
 */
export const imagePresent: Score = {
  name: "ImagePresent",
  weight: 1,
  rate: ({ image }, fitting, world) => {
    const key = imageKey(image);
    if (!fitting.some(({ images }) => images.has(key))) return undefined;
    const all = [...world.candidates()];
    const share = all.filter(({ images }) => images.has(key)).length / all.length;
    return fitting.map(({ images }) => {
      const bytes = (images.get(key) ?? 0) * share;
      return (100 * (Math.min(Math.max(bytes, least), most) - least)) / (most - least);
    });
  },
};
