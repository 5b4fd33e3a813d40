import { expect, test } from "vitest";
import { selectControllers } from "./select-controllers.ts";

const known = ["container", "host", "scheduler"];

test.each([
  { why: "a star is all", select: "*", want: known },
  { why: "none is none", select: "none", want: [] },
  { why: "nothing said is nothing run", select: "", want: [] },
  { why: "named ones only", select: "host,scheduler", want: ["host", "scheduler"] },
  { why: "blanks do not matter", select: " host , scheduler ", want: ["host", "scheduler"] },
  { why: "all but one", select: "*,-host", want: ["container", "scheduler"] },
  { why: "only what is left out is said: the others run", select: "-host", want: ["container", "scheduler"] },
  { why: "an exclusion beside names excludes nothing more", select: "container,-host", want: ["container"] },
  { why: "the first mention counts, as in Kubernetes", select: "host,-host", want: ["host"] },
])("$why", ({ select, want }) => {
  expect([...selectControllers(select, known)]).toEqual(want);
});

test.each(["hosts", "*,-hosts"])("a name that does not exist is refused, with those that do: %s", (select) => {
  expect(() => selectControllers(select, known)).toThrow(
    `Cannot run controllers "${select}": there is no controller "hosts". Known are container, host, scheduler`,
  );
});
