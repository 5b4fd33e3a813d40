/** Addresses, as the kinds of Neutron take them. */
import { z } from "zod";

/** An IPv4 or IPv6 address; that it is one at all is for Neutron to say. */
export const IpAddress = z
  .string()
  .min(1)
  .max(45)
  .regex(/^[0-9a-fA-F:.]+$/);

/** An address and the length of its prefix: 192.0.2.0/24, 2001:db8::/32. */
export const Cidr = z
  .string()
  .min(1)
  .max(49)
  .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}$/);

export const IpVersion = z.literal([4, 6]);
