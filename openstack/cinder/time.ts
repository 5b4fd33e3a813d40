import { z } from "zod";

/** Cinder's times are in UTC and do not say so: 2023-01-31T10:00:00.000000. Ours do. */
export const CinderTime = z.codec(z.string(), z.string(), {
  decode: (time) => (/(Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`),
  encode: (time) => time,
});

/**
 * From OpenStack Queens on: backups have metadata (3.43), attached volumes can be extended (3.42), snapshots are found by
 * metadata (3.22), volumes are made from backups (3.47). Source: cinder/api/openstack/rest_api_version_history.rst.
 */
export const cinderMicroversion = "3.50";
