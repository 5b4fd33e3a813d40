/** All that is compared. */
import type { Sequence } from "../sequence.ts";
import { builtInKinds } from "./built-in-kinds.ts";
import { coreKinds } from "./core-kinds.ts";
import { customObjects } from "./custom-objects.ts";
import { customResourceDefinitions } from "./definitions.ts";
import { deletion } from "./deletion.ts";
import { discovery } from "./discovery.ts";
import { http } from "./http.ts";
import { lists } from "./lists.ts";
import { metadata } from "./metadata.ts";
import { patches } from "./patches.ts";
import { serverSideApply } from "./apply.ts";
import { watches } from "./watches.ts";
import { webhooks } from "./webhooks.ts";

export const sequences: readonly Sequence[] = [
  ...[builtInKinds, coreKinds, metadata, customObjects, customResourceDefinitions, webhooks],
  ...[lists, watches, patches, serverSideApply, deletion, http, discovery],
].flat();
