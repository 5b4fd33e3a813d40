import { z } from "zod";
import type { Clock } from "../process/clock.ts";
import type { Log } from "../process/log.ts";
import { endpointUrl, offered, serviceTypeNames } from "./catalog.ts";
import type { CloudConfig, Scope } from "./cloud-config.ts";
import { checkConfined, refuseKeystone } from "./confinement.ts";
import type { Discovered, Microversions } from "./discovery.ts";
import { discovered, isWithin, microversionHeaders, rootUrl, versionedUrl } from "./discovery.ts";
import { means, OpenStackError } from "./errors.ts";
import type { IssuedToken } from "./keystone/tokens.ts";
import { issueToken, secretOf } from "./keystone/tokens.ts";
import { nextQuery, queryOf } from "./paging.ts";
import type { Answer } from "./refusal.ts";
import { refusalOf, requestIdOf } from "./refusal.ts";
import { secretsIn } from "./secrets.ts";
import type { Service, ServiceRequest, ServiceType } from "./service.ts";
import { TokenKeeper, waitFor } from "./token-keeper.ts";
import { payloadOf, Transport } from "./transport.ts";
import type { Payload } from "./transport.ts";

export interface SessionOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log?: Log;
  /** How many requests an endpoint gets at once; 4 when absent. */
  readonly concurrency?: number;
  /** How long a service may think about an answer, in ms; a minute when absent. */
  readonly answerTimeoutMs?: number;
}

export interface SurveyedService {
  /** As the catalog calls it. */
  readonly type: string;
  readonly url: string;
  /** Of its API: v2.0. undefined where it did not tell, or is none that we speak to. */
  readonly version: string | undefined;
  readonly microversions: Microversions | undefined;
}

/** What a cloud is like. */
export interface CloudSurvey {
  readonly authUrl: string;
  readonly region: string | undefined;
  readonly project: { readonly id: string; readonly name: string | undefined } | undefined;
  readonly services: readonly SurveyedService[];
}

/** Glance gives 25 at a time unless it is asked for more, and never more than its own limit. */
const imagesPerPage = 1000;

const userAgent = "stowage";

/**
 * Speaks to one cloud as one user. Made without a request: the first one gets a token, which tells where the services
 * are. Disposing of it lets what is under way end first.
 */
export class Session implements Service, AsyncDisposable {
  readonly #config: CloudConfig;
  readonly #clock: Clock;
  readonly #transport: Transport;
  readonly #tokens: TokenKeeper;
  readonly #discovered = new Map<string, Promise<Discovered>>();

  constructor(config: CloudConfig, options: SessionOptions) {
    this.#config = config;
    this.#clock = options.clock;
    this.#transport = new Transport(config, options);
    this.#tokens = new TokenKeeper({ clock: options.clock, log: options.log, issue: () => this.#issue() });
  }

  get onlyProject(): string | undefined {
    return this.#config.onlyProject;
  }

  /** The token that requests are made with: who we are, what it is good for, and the catalog. */
  token(signal?: AbortSignal): Promise<IssuedToken> {
    return this.#tokens.current(signal);
  }

  async projectId(signal?: AbortSignal): Promise<string | undefined> {
    return (await this.token(signal)).token.project?.id;
  }

  async userId(signal?: AbortSignal): Promise<string> {
    return (await this.token(signal)).token.user.id;
  }

  /** Signs in where that was not done yet, and asks each service that we know for its versions. Throws OpenStackError. */
  async survey(signal?: AbortSignal): Promise<CloudSurvey> {
    const { authUrl, region } = this.#config;
    const { project, catalog = [] } = (await this.token(signal)).token;
    const offers = offered(catalog, this.#config, project?.id);
    const services = await Promise.all(
      offers.map(async ({ type, service, url }): Promise<SurveyedService> => {
        const told = service && (await this.#told(service, url, project?.id, signal));
        return { type, url, version: told?.version, microversions: told?.microversions };
      }),
    );
    const found = region ?? offers.find((offer) => offer.region !== undefined)?.region;
    return { authUrl, region: found, project: project && { id: project.id, name: project.name }, services };
  }

  async request<T>(request: ServiceRequest<T>): Promise<T> {
    const answer = await this.#ask(request, queryOf(request.query));
    return understood(request, answer, bodyOf(answer));
  }

  async list<T>(request: ServiceRequest<readonly T[]>): Promise<readonly T[]> {
    const limit = request.service === "image" ? { limit: imagesPerPage } : {};
    const items: T[] = [];
    const seen = new Set<string>();
    let query: string | undefined = queryOf({ ...limit, ...request.query });
    // A page that was there already is no page: some services lead back to where one is.
    while (query !== undefined && !seen.has(query)) {
      seen.add(query);
      const answer = await this.#ask(request, query);
      const body = bodyOf(answer);
      items.push(...understood(request, answer, body));
      query = nextQuery(body);
    }
    return items;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }

  // -------------------------------------------------------------------------------------------------- one request

  /** The answer, if it is no refusal. A token that is not taken is replaced once. */
  async #ask(request: ServiceRequest<unknown>, query: string): Promise<Answer> {
    if (this.#config.onlyProject !== undefined && request.service === "identity") refuseKeystone(request.action);
    const payload = payloadOf(request.body);
    for (let isFirst = true; ; isFirst = false) {
      const token = await this.#tokens.current(request.signal);
      const answer = await this.#send(request, query, payload, token);
      if (answer.status >= 200 && answer.status < 300) return answer;
      const refusal = this.#refusal(request, answer, token);
      if (answer.status !== 401) throw refusal;
      this.#tokens.drop(token);
      if (!isFirst) throw refusal;
      // The next token may be taken, but what was sent of a stream is gone.
      if (payload?.repeatable === false) throw refusal.as("Unavailable");
    }
  }

  async #send(
    request: ServiceRequest<unknown>,
    query: string,
    payload: Payload | undefined,
    { id, token }: IssuedToken,
  ): Promise<Answer> {
    const { service, method = "GET", path, microversion, action, signal } = request;
    // A URL would go one up there, and what is meant for a part of something would be done to the whole.
    if (path.split("/").some((segment) => segment === "." || segment === ".."))
      throw new OpenStackError({ action, meaning: "BadRequest", message: 'nothing can be called "." or ".."' });
    const url = await this.#endpoint(service, token, signal);
    if (microversion !== undefined) await this.#demand(request, url, microversion);
    return this.#transport.send({
      service,
      method,
      url: `${url}${path}${query}`,
      headers: {
        accept: "application/json",
        "user-agent": userAgent,
        ...microversionHeaders(service, microversion),
        ...lowerCase(request.headers),
        "x-auth-token": id,
      },
      action,
      ...(payload && { payload }),
      ...(signal && { signal }),
    });
  }

  #refusal(
    { service, action, body, headers }: ServiceRequest<unknown>,
    answer: Answer,
    token: IssuedToken,
  ): OpenStackError {
    const subject = lowerCase(headers)["x-subject-token"];
    const secrets = [token.id, secretOf(this.#config.credentials), subject, ...secretsIn(body)];
    return refusalOf({ service, action, answer, secrets, now: this.#clock.now() });
  }

  async #issue(): Promise<IssuedToken> {
    const { name, authUrl, credentials, scope, onlyProject } = this.#config;
    const { url } = await this.#versioned("identity", authUrl, undefined);
    const action = `sign in to cloud "${name}"`;
    const now = (): Date => this.#clock.now();
    const issue = (asked: Scope, what: string): Promise<IssuedToken> =>
      issueToken((outgoing) => this.#transport.send(outgoing), { url, credentials, scope: asked, action: what, now });
    if (onlyProject === undefined) return issue(scope, action);
    const there = `${action} for project ${onlyProject}`;
    try {
      const issued = await issue({ kind: "project", project: { id: onlyProject } }, there);
      checkConfined(issued.token, onlyProject, there);
      return issued;
    } catch (error) {
      // Keystone says the same of a wrong password, which is told where the credentials are kept.
      if (means(error, "Unauthorized")) throw error.as("Forbidden");
      throw error;
    }
  }

  // -------------------------------------------------------------------------------------------------- where to

  async #endpoint(service: ServiceType, token: IssuedToken["token"], signal?: AbortSignal): Promise<string> {
    const { catalog = [], project } = token;
    const { services, authUrl } = this.#config;
    // A token without a scope tells of no services, and Keystone is where it was asked for.
    const isUntold = !catalog.some(({ type }) => serviceTypeNames.identity.includes(type));
    const url =
      service === "identity" && isUntold && services.identity?.url === undefined
        ? authUrl
        : endpointUrl(service, catalog, this.#config, project?.id);
    return (await waitFor(this.#versioned(service, url, project?.id), signal)).url;
  }

  #versioned(service: ServiceType, url: string, projectId: string | undefined): Promise<Pick<Discovered, "url">> {
    const known = versionedUrl(service, url, projectId);
    return known === undefined ? this.#discover(service, url, projectId) : Promise.resolve({ url: known });
  }

  /** What a service tells of itself; undefined where it is out of order. */
  async #told(
    service: ServiceType,
    url: string,
    projectId: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Discovered | undefined> {
    try {
      return await waitFor(this.#discover(service, url, projectId), signal);
    } catch (error) {
      if (error instanceof OpenStackError) return undefined;
      throw error;
    }
  }

  /** Throws where the service is known not to have the microversion; one that does not tell is taken by its word. */
  async #demand({ service, action, signal }: ServiceRequest<unknown>, url: string, wanted: string): Promise<void> {
    const { microversions } = await waitFor(this.#discover(service, url, undefined), signal);
    if (microversions === undefined || isWithin(wanted, microversions)) return;
    const { min, max } = microversions;
    const message = `needs microversion ${wanted} of ${service}, and the cloud has ${min} to ${max}`;
    throw new OpenStackError({ action, meaning: "BadRequest", message });
  }

  /** Asks a service once which versions it has; as all do, it tells those who have no token, too. */
  #discover(service: ServiceType, url: string, projectId: string | undefined): Promise<Discovered> {
    const root = rootUrl(url);
    const key = `${service} ${root} ${projectId ?? ""}`;
    const known = this.#discovered.get(key);
    if (known !== undefined) return known;
    const asking = this.#versions(service, root).then((body) => discovered(service, root, body, projectId));
    this.#discovered.set(key, asking);
    asking.catch(() => {
      this.#discovered.delete(key);
    });
    return asking;
  }

  async #versions(service: ServiceType, url: string): Promise<unknown> {
    const action = `ask ${service} of cloud "${this.#config.name}" for its versions`;
    const headers = { accept: "application/json", "user-agent": userAgent };
    const answer = await this.#transport.send({ service, method: "GET", url, headers, action });
    // 300 is how Keystone, Cinder and Glance answer it.
    if (answer.status === 200 || answer.status === 300) return bodyOf(answer);
    const refusal = refusalOf({ service, action, answer, secrets: [], now: this.#clock.now() });
    // One that is out of order says nothing of its versions; any other keeps them to itself.
    if (answer.status >= 500 || answer.status === 429) throw refusal;
    return undefined;
  }
}

const lowerCase = (
  headers: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string | undefined>> & Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** JSON, or the text where it is something else; undefined where it is nothing. */
function bodyOf({ text }: Answer): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function understood<T>({ schema, action, service }: ServiceRequest<T>, answer: Answer, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const requestId = requestIdOf(answer);
  throw new OpenStackError({
    action,
    meaning: "Unavailable",
    status: answer.status,
    message: `the ${service} service answered something else than was expected: ${z.prettifyError(parsed.error).replace(/\s+/g, " ")}`,
    ...(requestId !== undefined && { requestId }),
  });
}
