/** Calls `fn` for every item, for at most `limit` of them at once. Rejects with the first failure, and begins no more. */
export async function forEachParallel<T>(
  items: readonly T[],
  limit: number,
  fn: (item: T) => Promise<void>,
): Promise<void> {
  let failed = false;
  const rest = items.values();
  const work = async (): Promise<void> => {
    for (const item of rest) {
      if (failed) return;
      try {
        await fn(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
}
