import { describe, expect, test } from "vitest";
import { aborted, childOf, orAborted } from "../../process/abort.ts";

describe("aborted", () => {
  test("resolves with the signal, and for one that aborted before", async () => {
    const stop = new AbortController();
    const ended = aborted(stop.signal);
    stop.abort();
    await ended;
    await aborted(stop.signal);
  });
});

describe("orAborted", () => {
  const never = new Promise<string>(() => undefined);

  test("gives what the promise gives, failures too", async () => {
    const { signal } = new AbortController();
    expect(await orAborted(Promise.resolve("done"), signal)).toBe("done");
    await expect(orAborted(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
  });

  test("waits no longer than the signal", async () => {
    const stop = new AbortController();
    const ended = orAborted(never, stop.signal);
    stop.abort();
    expect(await ended).toBeUndefined();
    expect(await orAborted(never, stop.signal)).toBeUndefined();
  });

  test("a failure after the signal aborted troubles nobody", async () => {
    const stop = new AbortController();
    const { promise, reject } = Promise.withResolvers<string>();
    const ended = orAborted(promise, stop.signal);
    stop.abort();
    expect(await ended).toBeUndefined();
    reject(new Error("too late"));
  });
});

describe("childOf", () => {
  test("aborts with its parent and for its reason, or alone", () => {
    const parent = new AbortController();
    const [one, two] = [childOf(parent.signal), childOf(parent.signal)];
    one.abort();
    expect([one.signal.aborted, two.signal.aborted, parent.signal.aborted]).toEqual([true, false, false]);
    parent.abort("over");
    expect(two.signal.reason).toBe("over");
    expect(childOf(parent.signal).signal.aborted).toBe(true);
  });

  test("lets go of its parent", () => {
    const parent = new AbortController();
    const child = childOf(parent.signal);
    child[Symbol.dispose]();
    parent.abort();
    expect(child.signal.aborted).toBe(false);
  });
});
