/** What is left in a bucket of tokens, and when that was counted. */
export interface Tokens {
  readonly left: number;
  readonly at: Date;
}

export interface TokenLimit {
  /** How many tokens a full bucket holds. */
  readonly burst: number;
  /** Every so many milliseconds one comes back. */
  readonly refillMs: number;
}

/** The bucket after one token was taken; undefined when there is none. A bucket never used before is full. */
export function takeToken(bucket: Tokens | undefined, limit: TokenLimit, now: Date): Tokens | undefined {
  const refilled = bucket === undefined ? limit.burst : (now.getTime() - bucket.at.getTime()) / limit.refillMs;
  const left = Math.min(limit.burst, (bucket?.left ?? 0) + Math.max(0, refilled));
  return left < 1 ? undefined : { left: left - 1, at: now };
}
