/**
 * Asks a Container to leave its Host, as far as DisruptionBudgets let it: what the eviction subresource does, and what
 * controllers do who empty a Host. Source: kubernetes/pkg/registry/core/pod/storage/eviction.go, which deletes the pod; a
 * Container is placed anew instead.
 */
import type { Container } from "../../crds/container.ts";
import { containers } from "../../crds/container.ts";
import type { DisruptionBudget, DisruptionBudgetStatus } from "../../crds/disruption-budget.ts";
import { disruptionBudgets } from "../../crds/disruption-budget.ts";
import { budgetsOf, hasEnded, isGuarded, isLeaving, isReady, whyStays } from "../../crds/disruption.ts";
import { formatTime } from "../../crds/meta.ts";
import { ApiError, conflict, forbidden, isConflict } from "../status.ts";
import type { Client, DeleteOptions, Name } from "./client.ts";

export interface EvictionRequest {
  /** As the Container's status.eviction has them. */
  readonly reason: string;
  readonly message: string;
  /** Decide, and write nothing. */
  readonly dryRun?: boolean;
  readonly preconditions?: DeleteOptions["preconditions"];
  /** Where it leaves, and it alone: of one that is elsewhere by now nothing is asked. */
  readonly hostName?: string;
}

/** How often it begins anew because somebody else wrote first. Source: EvictionsRetry, ibid. */
const mostTries = 20;
/** Source: MaxDisruptedPodSize, ibid. */
const mostDisrupted = 2000;

/**
 * Returns when the Container knows that it has to leave; also where it does already, or has nothing to leave. Throws
 * ApiError: NotFound; Conflict where the preconditions do not hold; Forbidden where it cannot go on elsewhere;
 * TooManyRequests where a budget wants it to stay for now; InternalError where it has several budgets.
 */
export async function evict(
  client: Pick<Client, "get" | "list" | "updateStatus">,
  name: Name,
  request: EvictionRequest,
  now: () => Date,
): Promise<void> {
  const first = await client.get<Container>(containers, name);
  let charged = false;
  for (let container = first, tries = 1; ; container = await client.get<Container>(containers, name), tries++) {
    checkPreconditions(container, request.preconditions);
    if (!hasToLeave(container, first, request)) return;
    const why = whyStays(container);
    if (why !== undefined) throw forbidden(containers, name.name, `it stays with its Host: ${why}`);
    try {
      if (!charged) await charge(client, container, request.dryRun === true, now());
      charged = true;
      const { reason, message, dryRun = false } = request;
      const eviction = { reason, message, requestedAt: formatTime(now()) };
      const leaving: Container = { ...container, status: { ...container.status, eviction } };
      await client.updateStatus<Container>(containers, leaving, { dryRun });
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (tries === mostTries)
        throw new ApiError("Timeout", `couldn't evict container "${name.name}" due to conflicts`, {
          retryAfterSeconds: 10,
        });
    }
  }
}

/** Of one that was bound elsewhere since `first`, nothing more is asked. */
function hasToLeave(
  container: Container,
  first: Container,
  { hostName = first.status?.hostName }: EvictionRequest,
): boolean {
  const isSame = container.metadata.uid === first.metadata.uid && container.status?.hostName === hostName;
  return isSame && container.status?.hostName !== undefined && !isLeaving(container) && !hasEnded(container);
}

/** Source: Preconditions.Check in k8s.io/apiserver/pkg/storage/interfaces.go. */
function checkPreconditions({ metadata }: Container, preconditions: EvictionRequest["preconditions"] = {}): void {
  for (const [field, what] of [
    ["uid", "UID"],
    ["resourceVersion", "ResourceVersion"],
  ] as const) {
    const wanted = preconditions[field];
    if (wanted === undefined || wanted === metadata[field]) continue;
    const why = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${metadata[field]}`;
    throw conflict(containers, metadata.name, why);
  }
}

/** Takes down what the Container's budget allows, where it has one that counts it. Throws Conflict when it was too slow. */
async function charge(
  client: Pick<Client, "list" | "updateStatus">,
  container: Container,
  dryRun: boolean,
  now: Date,
): Promise<void> {
  if (!isGuarded(container)) return;
  const { namespace, name } = container.metadata;
  const { items } = await client.list<DisruptionBudget>(disruptionBudgets, { namespace });
  const [budget, ...others] = budgetsOf(container, items);
  if (budget === undefined) return;
  if (others.length > 0)
    throw new ApiError(
      "InternalError",
      "This container has more than one DisruptionBudget, which the eviction subresource does not support.",
    );
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  // What is not Ready is not counted: it takes nothing from those that are, where these are enough.
  if (!isReady(container) && currentHealthy >= desiredHealthy && desiredHealthy > 0) return;
  const next: DisruptionBudget = { ...budget, status: lessOne(budget, name, now) };
  if (!dryRun) await client.updateStatus<DisruptionBudget>(disruptionBudgets, next);
}

/** Source: checkAndDecrement, ibid. */
function lessOne({ metadata, status = {} }: DisruptionBudget, container: string, now: Date): DisruptionBudgetStatus {
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedContainers = {} } = status;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw tooMany(`The disruption budget ${metadata.name} is still being processed by the server.`, 10);
  if (Object.keys(disruptedContainers).length > mostDisrupted)
    throw forbidden(
      disruptionBudgets,
      metadata.name,
      "too many evictions are not confirmed by the disruption controller yet",
    );
  if (disruptionsAllowed === 0)
    throw tooMany(
      `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy containers and has ${currentHealthy} currently`,
    );
  return {
    ...status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedContainers: { ...disruptedContainers, [container]: formatTime(now) },
  };
}

function tooMany(message: string, retryAfterSeconds?: number): ApiError {
  return new ApiError(
    "TooManyRequests",
    "Cannot evict container as it would violate the container's disruption budget.",
    {
      causes: [{ reason: "DisruptionBudget", message }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  );
}
