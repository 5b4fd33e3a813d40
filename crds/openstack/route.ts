import { z } from "zod";
import { Cidr, IpAddress } from "./address.ts";

/** Where packets to some addresses go. */
export const Route = z.object({ destination: Cidr, nextHop: IpAddress });
export type Route = z.infer<typeof Route>;

const seen = z.string().max(1024).optional();

export const ObservedRoute = z.object({ destination: seen, nextHop: seen });
