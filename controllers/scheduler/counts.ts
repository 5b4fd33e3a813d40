/** Adds `change` to what is counted of `key`. What is none is not kept: the map's size is how many there are of any. */
export function addTo<K>(counts: Map<K, number>, key: K, change: number): void {
  const next = (counts.get(key) ?? 0) + change;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}
