/**
 * `text` with $(NAME) replaced by the variable of that name. What has no variable stays as it is, and so does $$ but for
 * one of its dollars. Source: kubernetes/third_party/forked/golang/expansion/expand.go.
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\(([^)]*)\)|[^])/g, (found, name: string | undefined) => {
    if (name !== undefined) return variables.get(name) ?? found;
    return found === "$$" ? "$" : found;
  });
}
