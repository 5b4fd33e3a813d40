/** How a kind of ours is declared: everything that its CustomResourceDefinition says. */
import type { z } from "zod";
import type { ResourceType } from "./meta.ts";

export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date" | "number";
  readonly jsonPath: string;
  readonly description?: string;
  /** 0 is always shown, 1 with `-o wide` only. */
  readonly priority?: 0 | 1;
}

export interface Kind {
  readonly type: ResourceType;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly PrinterColumn[];
}
