import { z } from "zod";
import { wire } from "../wire.ts";

/** Of a subnet's host routes and a router's own. */
export const route = wire({ destination: z.string(), nextHop: z.string() }, { nextHop: "nexthop" });
