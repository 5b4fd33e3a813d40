/** How the services tell where a list goes on. Pure. */
import { z } from "zod";

const links = z.array(z.object({ rel: z.string(), href: z.string() }));
const linked = z.object({ links: z.object({ next: z.string().nullish() }) });
const following = z.object({ next: z.string() });

/**
 * The query of the page after this one, with its question mark; undefined where this is the last. Neutron, Nova and
 * Cinder have `<plural>_links`, Keystone `links.next`, Glance `next`. Hosts and paths in them are not used: they are
 * often those behind a proxy.
 */
export function nextQuery(body: unknown): string | undefined {
  const href = following.safeParse(body).data?.next ?? linked.safeParse(body).data?.links.next ?? nextOfLinks(body);
  if (!href || !URL.canParse(href, base)) return undefined;
  const { search } = new URL(href, base);
  return search === "" ? undefined : search;
}

const base = "http://page.invalid";

function nextOfLinks(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const [, value] = Object.entries(body).find(([key]) => key.endsWith("_links")) ?? [];
  return links.safeParse(value).data?.find(({ rel }) => rel === "next")?.href;
}

/** Absent values are left out; a list repeats its key. With its question mark, or empty. */
export function queryOf(
  query: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> = {},
): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value])
      parameters.append(key, String(one));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}
