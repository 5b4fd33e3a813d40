/** Exclusive: all neighbours on the Host are of one tenant, also those that would not mind. */
import type { Filter } from "./filter.ts";

export const tenancy: Filter = {
  name: "Tenancy",
  makesRoom: true,
  prepare:
    ({ tenant, tenancy: wanted }) =>
    ({ tenants }) => {
      for (const [other, { exclusive }] of tenants) {
        if (other === tenant) continue;
        if (exclusive > 0) return "is exclusive to another tenant";
        if (wanted === "Exclusive") return "has Containers of another tenant";
      }
      return undefined;
    },
};
