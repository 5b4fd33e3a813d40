/** Addresses as the kinds of Neutron ask for them. What is no address after all, Neutron refuses. */
import { z } from "zod";

/** Of IPv4 or IPv6. */
export const IpAddress = z
  .string()
  .min(1)
  .max(45)
  .regex(/^[0-9A-Fa-f:.]+$/);

/** A network: 192.0.2.0/24, 2001:db8::/64. */
export const Cidr = z
  .string()
  .min(1)
  .max(49)
  .regex(/^[0-9A-Fa-f:.]+\/[0-9]{1,3}$/);

export const MacAddress = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[0-9A-Fa-f]{1,4}([:.-][0-9A-Fa-f]{1,4})+$/);

/** A way for packets to somewhere. */
export const Route = z.object({ destination: Cidr, nextHop: IpAddress });
export type Route = z.infer<typeof Route>;

const seen = z.string().max(1024).optional();

export const ObservedRoute = z.object({ destination: seen, nextHop: seen });
