/** What a healthy server never does: the client against a scripted one. Whole conversations are in test/contracts. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import type { ResourceType } from "../../crds/meta.ts";
import { ApiError } from "../status.ts";
import { HttpClient } from "./http.ts";
import { UnreachableError } from "./unreachable.ts";

const type: ResourceType = { group: "example.dev", version: "v1", plural: "things", kind: "Thing", namespaced: true };
const object = (resourceVersion: string) => ({ kind: "Thing", metadata: { name: "a", resourceVersion } });

async function scripted(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly client: HttpClient; readonly warnings: string[] }> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens on no port");
  const warnings: string[] = [];
  const client = HttpClient.open({
    ...{ server: `http://127.0.0.1:${address.port}/`, userAgent: "test", token: "t0ken" },
    onWarning: (warning) => warnings.push(warning),
  });
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  return { client, warnings };
}

function json(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(code, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

const status = (reason: string, code: number) => ({
  kind: "Status",
  status: "Failure",
  reason,
  code,
  message: `it is ${reason}`,
});

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

test("names objects, collections and subresources as Kubernetes does, and says who it is", async () => {
  const seen: string[] = [];
  const { client } = await scripted((request, response) => {
    seen.push(`${request.method ?? ""} ${request.url ?? ""} ${request.headers["content-type"] ?? ""}`.trim());
    expect(request.headers).toMatchObject({ "user-agent": "test", authorization: "Bearer t0ken" });
    json(response, 200, request.url?.includes("?") === true ? { items: [], metadata: {} } : object("1"));
  });
  const draft = { apiVersion: "example.dev/v1", kind: "Thing", metadata: { name: "a", namespace: "n s" } };
  await client.get(type, { namespace: "n s", name: "a/b" });
  await client.list(type, { labelSelector: "a=b", limit: 5 });
  await client.create(type, draft, { dryRun: true, fieldManager: "me", fieldValidation: "Strict" });
  await client.update(type, draft);
  await client.patch(type, { namespace: "n", name: "a" }, { type: "merge", body: {} });
  await client.patch(type, { namespace: "n", name: "a" }, { type: "json", body: [] });
  await client.updateStatus(type, draft);
  await client.delete(type, { namespace: "n", name: "a" });
  await client.finalizeNamespace({ ...draft, metadata: { name: "n" } });
  const things = "/apis/example.dev/v1/namespaces";
  expect(seen).toEqual([
    `GET ${things}/n%20s/things/a%2Fb`,
    "GET /apis/example.dev/v1/things?labelSelector=a%3Db&limit=5",
    `POST ${things}/n%20s/things?dryRun=All&fieldManager=me&fieldValidation=Strict application/json`,
    `PUT ${things}/n%20s/things/a application/json`,
    `PATCH ${things}/n/things/a application/merge-patch+json`,
    `PATCH ${things}/n/things/a application/json-patch+json`,
    `PUT ${things}/n%20s/things/a/status application/json`,
    `DELETE ${things}/n/things/a application/json`,
    "PUT /api/v1/namespaces/n/finalize application/json",
  ]);
});

test("a Status becomes an ApiError with its reason, code and causes", async () => {
  const causes = [{ field: "spec.a", message: "wrong" }];
  const { client } = await scripted((_, response) => {
    json(response, 422, { ...status("Invalid", 422), details: { causes } });
  });
  const error = await failure(client.get(type, { name: "a" }));
  expect(error).toMatchObject({
    name: "ApiError",
    reason: "Invalid",
    code: 422,
    message: "it is Invalid",
    details: { causes },
  });
});

test("an answer that is no Status gets the reason that its code stands for", async () => {
  const { client } = await scripted((_, response) =>
    response.writeHead(503, { "content-type": "text/html" }).end("<h1>proxy</h1>"),
  );
  const error = await failure(client.get(type, { name: "a" }));
  expect(error).toMatchObject({
    reason: "ServiceUnavailable",
    code: 503,
    message: "the server answered 503: <h1>proxy</h1>",
  });
});

test("items of a list get the apiVersion and kind that the list has", async () => {
  const { client } = await scripted((_, response) => {
    json(response, 200, { metadata: { resourceVersion: "9", continue: "" }, items: [{ metadata: { name: "a" } }] });
  });
  expect(await client.list(type)).toEqual({
    resourceVersion: "9",
    items: [{ apiVersion: "example.dev/v1", kind: "Thing", metadata: { name: "a" } }],
  });
});

test("a server that asks to come back later is asked again, but not for ever", async () => {
  let asked = 0;
  const { client } = await scripted((request, response) => {
    asked += 1;
    if (request.url?.endsWith("/never") !== true && asked === 3) json(response, 200, object("1"));
    else json(response, 429, status("TooManyRequests", 429), { "retry-after": "0" });
  });
  await client.get(type, { name: "a" });
  expect(asked).toBe(3);
  asked = 0;
  expect(await failure(client.get(type, { name: "never" }))).toMatchObject({ reason: "TooManyRequests" });
  expect(asked).toBe(6);
});

test("a connection that was closed while idle is no failure", async () => {
  let asked = 0;
  const { client } = await scripted((request, response) => {
    asked += 1;
    if (asked === 2) request.socket.destroy();
    else json(response, 200, object("1"));
  });
  await client.get(type, { name: "a" });
  await client.get(type, { name: "a" });
  expect(asked).toBe(3);
});

test("a server that is not there is told by name", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  await using client = HttpClient.open({ server: `https://127.0.0.1:${address.port}`, userAgent: "test" });
  const error = await failure(client.get(type, { name: "a" }));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error).toMatchObject({
    code: "ECONNREFUSED",
    message: `Cannot reach https://127.0.0.1:${address.port}: connection refused`,
  });
});

test("every Warning header is told", async () => {
  const { client, warnings } = await scripted((_, response) => {
    response.setHeader("warning", ['299 - "unknown field \\"spec.a\\""', '299 - "old version"']);
    json(response, 200, object("1"));
  });
  await client.get(type, { name: "a" });
  expect(warnings).toEqual(['unknown field "spec.a"', "old version"]);
});

async function watched(client: HttpClient, signal: AbortSignal): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of client.watch(type, { resourceVersion: "1", signal })) events.push(event);
  return events;
}

const never = new AbortController().signal;

test("watch events may come in any pieces, even within a letter", async () => {
  const event = { type: "ADDED", object: { ...object("2"), note: "grüße" } };
  const bookmark = { type: "BOOKMARK", object: object("3") };
  const bytes = Buffer.from(`${JSON.stringify(event)}\n${JSON.stringify(bookmark)}\n`);
  const { client } = await scripted((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const send = (at: number): void => {
      if (at >= bytes.length) response.end();
      else response.write(bytes.subarray(at, at + 1), () => { send(at + 1); }); // prettier-ignore
    };
    send(0);
  });
  expect(await watched(client, never)).toEqual([event, { type: "BOOKMARK", resourceVersion: "3" }]);
});

test("an ERROR event is thrown as the ApiError that it holds", async () => {
  const { client } = await scripted((_, response) => {
    response.end(`${JSON.stringify({ type: "ERROR", object: status("Expired", 410) })}\n`);
  });
  const error = await failure(watched(client, never));
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ reason: "Expired", code: 410 });
});

test("a watch whose connection breaks ends, so that its reader goes on from what it saw", async () => {
  const event = { type: "ADDED", object: object("2") };
  const { client } = await scripted((request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(`${JSON.stringify(event)}\n{"type":"MOD`, () => request.socket.destroy());
  });
  expect(await watched(client, never)).toEqual([event]);
});

test("a watch ends quietly when it is aborted", async () => {
  const stop = new AbortController();
  const { client } = await scripted((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(`${JSON.stringify({ type: "ADDED", object: object("2") })}\n`, () => { stop.abort(); }); // prettier-ignore
  });
  await watched(client, stop.signal);
  expect(stop.signal.aborted).toBe(true);
});

const wanted = {
  ...{ group: "example.dev", version: "v1", plural: "things", kind: "Thing", namespaced: true },
  ...{ verbs: ["get"], singular: "thing", shortNames: ["th"], categories: ["all"] },
};

test("discovers from the one document of all groups", async () => {
  const resource = {
    ...{ resource: "things", responseKind: { kind: "Thing" }, scope: "Namespaced", singularResource: "thing" },
    ...{ verbs: ["get"], shortNames: ["th"], categories: ["all"] },
  };
  const group = {
    metadata: { name: "example.dev" },
    versions: ["v1", "v1beta1"].map((version) => ({ version, resources: [resource] })),
  };
  const { client } = await scripted((request, response) => {
    const items = request.url === "/apis" ? [group] : [];
    json(response, 200, { kind: "APIGroupDiscoveryList", items });
  });
  expect(await client.discover()).toEqual([wanted]);
  expect((await client.discoverAll()).map(({ version }) => version)).toEqual(["v1", "v1beta1"]);
});

test("discovers from one document for each group and version, where there is no other", async () => {
  const things = { name: "things", kind: "Thing", namespaced: true, singularName: "", verbs: ["get"], shortNames: ["th"], categories: ["all"] }; // prettier-ignore
  const documents: Readonly<Record<string, unknown>> = {
    "/api": { kind: "APIVersions", versions: ["v1"] },
    "/apis": {
      kind: "APIGroupList",
      groups: [
        {
          name: "example.dev",
          versions: [{ version: "v1beta1" }, { version: "v1" }],
          preferredVersion: { version: "v1" },
        },
      ],
    },
    "/api/v1": { resources: [] },
    "/apis/example.dev/v1": { resources: [things, { ...things, name: "things/status" }] },
    "/apis/example.dev/v1beta1": { resources: [things] },
  };
  const { client } = await scripted((request, response) => {
    json(response, 200, documents[request.url ?? ""]);
  });
  expect(await client.discover()).toEqual([wanted]);
});
