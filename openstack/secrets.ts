/** Keeps secrets out of what services say: some quote what they were sent. Pure. */

/** Names of fields whose values nobody is to read: passwords, secrets, private keys, user data. */
const secretName = /pass(word|wd)?$|secret|token|private_?key|user_?data|credential$|^blob$/i;

/** Shorter ones would take words out of messages that have nothing to do with them. */
const shortest = 4;

/** The secret values in a body that is sent. */
export function secretsIn(body: unknown, name = ""): readonly string[] {
  if (typeof body === "string") return secretName.test(name) && body.length >= shortest ? [body] : [];
  if (typeof body !== "object" || body === null || ArrayBuffer.isView(body)) return [];
  return Object.entries(body).flatMap(([key, value]) => secretsIn(value, Array.isArray(body) ? name : key));
}

/** `text` with each of them replaced by three stars. */
export function redact(text: string, secrets: readonly (string | undefined)[]): string {
  return (
    secrets
      .filter((secret): secret is string => secret !== undefined && secret.length >= shortest)
      // The longest first: one that another begins with would leave that one's end.
      .sort((a, b) => b.length - a.length)
      .reduce((clean, secret) => clean.replaceAll(secret, "***"), text)
  );
}
