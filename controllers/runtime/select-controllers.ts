/**
 * Which controllers run: `*` is all of them, `none` none, `a,b` those two, `*,-c` or `-c` all but one. What is named
 * is stronger than `*`, and the first mention of a name counts (as kube-controller-manager's --controllers:
 * k8s.io/controller-manager/pkg/clientbuilder, app/helper.go, IsControllerEnabled).
 *
 * Throws when a name is not among `known`.
 */
export function selectControllers(select: string, known: readonly string[]): ReadonlySet<string> {
  const words = select
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  if (words.length === 1 && words[0] === "none") return new Set();
  const mentions = words.filter((word) => word !== "*");
  for (const name of mentions.map(nameIn)) {
    if (known.includes(name)) continue;
    throw new Error(
      `Cannot run controllers "${select}": there is no controller "${name}". Known are ${[...known].sort().join(", ")}`,
    );
  }
  const others = words.includes("*") || (mentions.length > 0 && mentions.every((word) => word.startsWith("-")));
  return new Set(
    known.filter((name) => {
      const mention = mentions.find((word) => nameIn(word) === name);
      return mention === undefined ? others : !mention.startsWith("-");
    }),
  );
}

const nameIn = (word: string): string => (word.startsWith("-") ? word.slice(1) : word);
