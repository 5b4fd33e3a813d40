/** What a host and the programs on it say of a container, without what is not to be told. Pure. */
import type { ContainerSpec } from "../../../crds/container.ts";
import type { Inputs, ProcessInputs } from "../../../drivers/inputs.ts";

type Process = Pick<ContainerSpec, "command" | "args">;

/**
 * Without the values that $(NAME) stands for: a host that finds no such program says its name, and a variable may be of a
 * Secret.
 */
export function withoutValues(words: string, spec: ContainerSpec, inputs: Inputs | undefined): string {
  if (inputs === undefined || words === "") return words;
  const inits = (spec.initContainers ?? []).map((init) => [init, inputs.initContainers.get(init.name)] as const);
  return [[spec, inputs.main] as const, ...inits].reduce(
    (text, [asked, given]) => withoutProgram(text, programOf(asked), programOf(given ?? {})),
    words,
  );
}

/** The word that a host takes for the program; the image may say another, which is no value of ours. */
const programOf = ({ command = [], args = [] }: Process | ProcessInputs): string => [...command, ...args][0] ?? "";

/** Source of the words: runc's libcontainer and Go's os/exec. The value may be an older one than the host was told. */
function withoutProgram(words: string, asked: string, given: string): string {
  if (!asked.includes("$(")) return words;
  const said = /exec: "(?:[^"\\]|\\.)*"(?:: stat .*?(?=: (?:no such|permission|not a)))?/g;
  // Where the spec has no command it may be the image's own: nobody can tell.
  const told = words.replace(said, () => `exec: a program that is not told (it may be what ${asked} stands for)`);
  if (given === "" || given === asked) return told;
  const value = given.replace(/[^a-zA-Z0-9]/g, String.raw`\$&`);
  return told.replace(new RegExp(`(?<!\\w)${value}(?!\\w)`, "g"), () => asked);
}

/** Shorter ones are in every sentence. */
const [leastText, leastLine] = [4, 12];

/** Without what Secrets have: all of a key, or a line of it. */
export function conceal(words: string, secrets: readonly string[] = []): string {
  if (words === "") return words;
  const parts = secrets.flatMap((secret) => [
    ...[secret.trim()].filter((text) => text.length >= leastText),
    ...secret.split("\n").flatMap((line) => (line.trim().length >= leastLine ? [line.trim()] : [])),
  ]);
  const longestFirst = [...new Set(parts)].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((text, part) => text.replaceAll(part, "***"), words);
}
