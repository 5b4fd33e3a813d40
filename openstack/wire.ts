/** Between the services' words (snake_case, null for what is absent) and ours. Nothing outside openstack/ sees theirs. */
import { z } from "zod";

type Json = Record<string, unknown>;

export interface Wire<Shape extends z.ZodRawShape> {
  /** From the service: names ours, null left out, what the shape does not name dropped. Encodes back with {@link encode}. */
  readonly schema: z.ZodCodec<z.ZodRecord<z.ZodString, z.ZodUnknown>, z.ZodObject<Shape>>;
  /** To the service: only what `draft` has; null clears a field. */
  encode(draft: Draft<z.output<z.ZodObject<Shape>>>): Json;
}

/** Some of the fields; null to clear one. */
export type Draft<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/**
 * Declares what a resource is like on the wire. Field `adminStateUp` is `admin_state_up` there, unless `names` says
 * otherwise. Nested records are other wires' `schema`. What is `untold` is sent and never read, even where the service
 * repeats it: secrets.
 */
export function wire<Shape extends z.ZodRawShape>(
  shape: Shape,
  names: Partial<Record<keyof Shape & string, string>> = {},
  untold: readonly (keyof Shape & string)[] = [],
): Wire<Shape> {
  const keys = Object.keys(shape);
  const wireNames = new Map<string, string>(
    keys.map((key) => [key, (names as Readonly<Record<string, string | undefined>>)[key] ?? snake(key)]),
  );
  const record = z.record(z.string(), z.unknown());
  const fromWire = (json: Json): Json => {
    const ours: Json = {};
    for (const [key, wireName] of wireNames) {
      const value = json[wireName];
      if (value !== undefined && value !== null && !untold.includes(key)) ours[key] = value;
    }
    return ours;
  };
  const toWire = (ours: Json): Json => {
    const json: Json = {};
    for (const [key, wireName] of wireNames) if (ours[key] !== undefined) json[wireName] = ours[key];
    return json;
  };
  const draft = z.object(
    Object.fromEntries(keys.map((key) => [key, (shape[key] as z.ZodType).nullish()])),
  ) as z.ZodObject;
  return {
    schema: z.codec(record, z.object(shape), {
      decode: (json) => fromWire(json) as z.input<z.ZodObject<Shape>>,
      encode: (ours) => toWire(ours as Json),
    }),
    encode: (some) => toWire(z.encode(draft, some)),
  };
}

/** What a wire's records are in our words. */
export type Of<W> = W extends Wire<infer Shape> ? z.output<z.ZodObject<Shape>> : never;

const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
