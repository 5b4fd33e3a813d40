/** The Engine's progress and event streams: one JSON value per line. */

/** Yields each line's value. Lines that are no JSON are left out; a last one without its end was cut off. */
export async function* jsonLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const value = parse(line);
      if (value !== undefined) yield value;
    }
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
