/**
 * Nothing is written that would use more than a ResourceQuota of the namespace allows. What a write adds is charged to
 * status.used by compare-and-swap before it is done, so that any number of servers together stay within the limit; what
 * fails afterwards is given back by the resource-quota controller.
 * Source: k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go.
 */
import type { Amount } from "../../crds/amount.ts";
import { addAmounts, noAmount, readAmount, subtractAmounts, writeAmount } from "../../crds/amount.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { Amounts } from "../../crds/quota.ts";
import { counts, unsaid, usageOf } from "../../crds/quota.ts";
import type { Quantity } from "../../crds/schema.ts";
import type { Entry, WritableObject } from "../codec.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { ApiError, forbidden, hasReason } from "../status.ts";
import { ConflictError, NotFoundError } from "../storage/errors.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

/** How often a charge is tried again because others charged the same quota; each time at least one of all succeeds. */
const maxAttempts = 50;

interface QuotaObject extends KubeObject {
  readonly status?: {
    readonly hard?: Readonly<Record<string, Quantity>>;
    readonly used?: Readonly<Record<string, Quantity>>;
  };
}

/** A quota on its way to be charged. */
interface Account {
  readonly entry: Entry;
  readonly name: string;
  readonly hard: Amounts;
  used: Amounts;
}

/** One request that waits for its charge. */
interface Waiter {
  readonly request: AdmissionRequest;
  readonly object: KubeObject;
  /** What the request adds. */
  readonly added: Amounts;
  readonly settle: (refusal?: Error) => void;
}

export class ResourceQuotaPlugin implements AdmissionPlugin {
  readonly #quotas: () => Endpoint;
  /** By namespace, while its quotas are being charged: whoever comes meanwhile is charged together with the others. */
  readonly #waiting = new Map<string, Waiter[]>();
  /** What this server wrote last, until the cache has it. */
  readonly #written = new Map<string, Entry>();

  constructor(quotas: () => Endpoint) {
    this.#quotas = quotas;
  }

  /** Throws Forbidden. */
  validate(request: AdmissionRequest): Promise<void> | undefined {
    const { operation, subresource, name, object, old } = request;
    if ((operation !== "CREATE" && operation !== "UPDATE") || subresource !== undefined) return undefined;
    const { namespace } = name;
    if (namespace === undefined || object === undefined || !this.#hasQuotas(namespace)) return undefined;
    const given = object as unknown as KubeObject;
    const added = addedUsage(request, given, old as unknown as KubeObject | undefined);
    if (added.size === 0) return undefined;
    return new Promise((resolve, reject) => {
      const settle = (refusal?: Error): void => {
        if (refusal === undefined) resolve();
        else reject(refusal);
      };
      this.#enqueue(namespace, { request, object: given, added, settle });
    });
  }

  #hasQuotas(namespace: string): boolean {
    const { cacher, codec } = this.#quotas();
    return cacher.list(codec.prefix(namespace)).length > 0;
  }

  #enqueue(namespace: string, waiter: Waiter): void {
    const queue = this.#waiting.get(namespace);
    if (queue !== undefined) {
      queue.push(waiter);
      return;
    }
    this.#waiting.set(namespace, [waiter]);
    void this.#work(namespace);
  }

  async #work(namespace: string): Promise<void> {
    for (let batch = this.#take(namespace); batch.length > 0; batch = this.#take(namespace)) {
      try {
        await this.#charge(batch, this.#accounts(namespace));
      } catch (error) {
        for (const { settle } of batch) settle(error as Error);
      }
    }
    this.#waiting.delete(namespace);
    this.#forget();
  }

  /** What the cache has by now, or what is gone. */
  #forget(): void {
    const { cacher } = this.#quotas();
    for (const [key, { revision }] of this.#written)
      if ((cacher.get(key)?.revision ?? Infinity) >= revision) this.#written.delete(key);
  }

  #take(namespace: string): readonly Waiter[] {
    return this.#waiting.get(namespace)?.splice(0) ?? [];
  }

  #accounts(namespace: string): readonly Account[] {
    const { cacher, codec } = this.#quotas();
    return cacher.list(codec.prefix(namespace)).map((cached) => {
      const written = this.#written.get(cached.key);
      if (written !== undefined && written.revision > cached.revision) return accountOf(written);
      this.#written.delete(cached.key);
      return accountOf(cached);
    });
  }

  /** Settles every waiter of the batch. Whom a quota that is not the newest refuses is looked at again. */
  async #charge(batch: readonly Waiter[], known: readonly Account[]): Promise<void> {
    let accounts = known;
    let waiters = batch;
    for (let attempt = 1, newest = false; ; attempt++) {
      const before = new Map(accounts.map((account) => [account, account.used]));
      const verdicts = waiters.map((waiter) => ({ waiter, refusal: refusalOf(waiter, accounts) }));
      if (!newest && verdicts.some(({ refusal }) => refusal !== undefined)) {
        accounts = await this.#newest(accounts);
        newest = true;
        continue;
      }
      for (const { waiter, refusal } of verdicts) if (refusal !== undefined) waiter.settle(refusal);
      waiters = verdicts.filter(({ refusal }) => refusal === undefined).map(({ waiter }) => waiter);
      const changed = accounts.filter((account) => account.used !== before.get(account));
      // Whoever was charged to one quota and not to another is looked at again for that other one only.
      accounts = await this.#write(changed);
      if (accounts.length === 0) break;
      if (attempt === maxAttempts)
        throw new ApiError("Conflict", "the ResourceQuotas of the namespace change too often");
      newest = true;
    }
    for (const { settle } of waiters) settle();
  }

  async #newest(accounts: readonly Account[]): Promise<readonly Account[]> {
    const quotas = this.#quotas();
    const read = accounts.map(async ({ entry }) => {
      const { namespace, name } = entry.object.metadata;
      try {
        return [accountOf(await quotas.read(namespace, name))];
      } catch (error) {
        if (hasReason(error, "NotFound")) return [];
        throw error;
      }
    });
    return (await Promise.all(read)).flat();
  }

  /** Returns those that others wrote meanwhile, as they are now. */
  async #write(accounts: readonly Account[]): Promise<readonly Account[]> {
    return (await Promise.all(accounts.map((account) => this.#writeOne(account)))).flat();
  }

  async #writeOne({ entry, used }: Account): Promise<readonly Account[]> {
    const { store, codec } = this.#quotas();
    const object = entry.copy();
    const amounts = Object.fromEntries([...used].map(([name, amount]) => [name, writeAmount(amount)]));
    object["status"] = { ...(object["status"] as WritableObject | undefined), used: amounts };
    const value = codec.encode(object);
    try {
      const { revision } = await store.update(entry.key, value, entry.revision);
      this.#written.set(entry.key, codec.decode(entry.key, value, revision));
      return [];
    } catch (error) {
      if (error instanceof NotFoundError) return [];
      if (!(error instanceof ConflictError)) throw error;
      const { current } = error;
      return [accountOf(codec.decode(current.key, current.value, current.revision))];
    }
  }
}

/** What a write adds to what was there; nothing where it adds nothing. An update that uses less is charged nothing. */
function addedUsage({ definition }: AdmissionRequest, object: KubeObject, old: KubeObject | undefined): Amounts {
  const before = old === undefined ? new Map<string, Amount>() : usageOf(definition, old);
  const after = [...usageOf(definition, object)].map(
    ([name, amount]) => [name, subtractAmounts(amount, before.get(name) ?? noAmount)] as const,
  );
  return new Map(after.filter(([, { nano }]) => nano > 0n));
}

function accountOf(entry: Entry): Account {
  const { metadata, status = {} } = entry.object as QuotaObject;
  return { entry, name: metadata.name, hard: amountsOf(status.hard), used: amountsOf(status.used) };
}

const amountsOf = (list: Readonly<Record<string, Quantity>> = {}): Amounts =>
  new Map(Object.entries(list).map(([name, quantity]) => [name, readAmount(quantity)]));

/** Why the request is refused; undefined when it is not, and then it has been charged to `accounts`. */
function refusalOf({ request, object, added }: Waiter, accounts: readonly Account[]): ApiError | undefined {
  const { definition, name, dryRun } = request;
  const refuse = (why: string): ApiError => forbidden(definition, name.name, why);
  const charged: (readonly [Account, Amounts])[] = [];
  for (const account of accounts) {
    const { hard, used } = account;
    const restricted = [...hard.keys()].filter((resource) => counts(definition, resource));
    const missing = unsaid(definition, object, restricted).toSorted();
    if (missing.length > 0) {
      const list = missing.map((resource) => `${resource} for: ${object.metadata.name}`).join("; ");
      return refuse(`failed quota: ${account.name}: must specify ${list}`);
    }
    if (restricted.some((resource) => !used.has(resource)))
      return refuse(`status unknown for quota: ${account.name}, resources: ${restricted.toSorted().join(",")}`);
    const requested = new Map([...added].filter(([resource]) => hard.has(resource)));
    const sum = new Map(used);
    for (const [resource, amount] of requested) sum.set(resource, addAmounts(used.get(resource) ?? noAmount, amount));
    const exceeded = [...requested.keys()].filter(
      (resource) => (sum.get(resource) ?? noAmount).nano > (hard.get(resource) ?? noAmount).nano,
    );
    if (exceeded.length > 0) {
      const [asked, inUse, most] = [requested, used, hard].map((amounts) => shown(amounts, exceeded));
      return refuse(`exceeded quota: ${account.name}, requested: ${asked}, used: ${inUse}, limited: ${most}`);
    }
    if (requested.size > 0) charged.push([account, sum]);
  }
  if (!dryRun) for (const [account, sum] of charged) account.used = sum;
  return undefined;
}

function shown(amounts: Amounts, names: readonly string[]): string {
  return names
    .toSorted()
    .map((name) => `${name}=${writeAmount(amounts.get(name) ?? noAmount)}`)
    .join(",");
}
