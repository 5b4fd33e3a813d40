/** What clients find out before they do anything: which kinds there are, and where. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open();
  const schema = { type: "object", properties: { spec: { type: "object", properties: { n: { type: "integer" } } } } };
  const version = (name: string, storage: boolean): object => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {}, scale: { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n" } },
  });
  const { code } = await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "boats.sea.example" },
    spec: {
      group: "sea.example",
      scope: "Namespaced",
      names: { plural: "boats", kind: "Boat", shortNames: ["bt"] },
      versions: [version("v1beta1", true), version("v1", false), version("v2alpha1", false), version("v10", false)],
    },
  });
  expect(code).toBe(201);
});
afterAll(() => api[Symbol.asyncDispose]());

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

interface Aggregated {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly freshness: string;
      readonly resources: readonly { readonly resource: string }[];
    }[];
  }[];
}

const groups = async (): Promise<Aggregated> =>
  (await api.get("/apis", { accept: aggregated("v2") })).body as unknown as Aggregated;

describe("aggregated discovery", () => {
  test.each(["v2", "v2beta1"])("%s is what it says that it is", async (version) => {
    const { code, headers, body } = await api.get("/apis", { accept: `${aggregated(version)},application/json` });
    expect(code).toBe(200);
    expect(headers["content-type"]).toBe(
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    );
    expect(headers["vary"]).toContain("Accept");
    expect(body).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: `apidiscovery.k8s.io/${version}` });
  });

  test("a version that there is not is no reason to fail", async () => {
    expect((await api.get("/apis", { accept: `${aggregated("v9")},application/json` })).body.kind).toBe("APIGroupList");
    expect((await api.get("/apis", { accept: aggregated("v9") })).code).toBe(406);
  });

  test("is not sent again to whoever has it, until something changes", async () => {
    const accept = aggregated("v2");
    const { headers } = await api.get("/apis", { accept });
    const again = await api.get("/apis", { accept, "if-none-match": headers["etag"] ?? "" });
    expect([again.code, again.text, again.headers["etag"]]).toEqual([304, "", headers["etag"]]);
    await api.patch("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.sea.example", {
      spec: { names: { shortNames: ["bt", "bo"] } },
    });
    expect((await api.get("/apis", { accept, "if-none-match": headers["etag"] ?? "" })).code).toBe(200);
  });

  test("Kubernetes' own groups come first, versions in Kubernetes' order", async () => {
    const { items } = await groups();
    const names = items.map(({ metadata }) => metadata.name);
    expect(names.indexOf("apiextensions.k8s.io")).toBeLessThan(names.indexOf("coordination.k8s.io"));
    expect(names.indexOf("coordination.k8s.io")).toBeLessThan(names.indexOf("sea.example"));
    const boats = items.find(({ metadata }) => metadata.name === "sea.example");
    expect(boats?.versions.map(({ version }) => version)).toEqual(["v10", "v1", "v1beta1", "v2alpha1"]);
    expect(boats?.versions.map(({ freshness }) => freshness)).toEqual(Array(4).fill("Current"));
  });

  test("a resource has its singular, its scope, and what is below it", async () => {
    const { items } = await groups();
    const boats = items.find(({ metadata }) => metadata.name === "sea.example");
    expect(boats?.versions[1]?.resources).toMatchObject([
      {
        resource: "boats",
        responseKind: { group: "sea.example", version: "v1", kind: "Boat" },
        scope: "Namespaced",
        singularResource: "boat",
        subresources: [
          {
            subresource: "scale",
            responseKind: { group: "autoscaling", version: "v1", kind: "Scale" },
            verbs: ["get", "patch", "update"],
          },
          {
            subresource: "status",
            responseKind: { group: "sea.example", version: "v1", kind: "Boat" },
            verbs: ["get", "patch", "update"],
          },
        ],
      },
    ]);
  });
});

describe("legacy discovery", () => {
  test("prefers what is preferred", async () => {
    const { body } = await api.get("/apis/sea.example");
    expect(body).toMatchObject({
      kind: "APIGroup",
      name: "sea.example",
      preferredVersion: { groupVersion: "sea.example/v10", version: "v10" },
    });
    expect((await api.get("/apis/nothing.example")).code).toBe(404);
  });

  test("every version of a kind has the hash of the one that is stored", async () => {
    const hashes = await Promise.all(
      ["v10", "v1beta1"].map(async (version) => {
        const { resources } = (await api.get(`/apis/sea.example/${version}`)).body;
        return (resources[0] as unknown as { storageVersionHash: string }).storageVersionHash;
      }),
    );
    expect(hashes[0]).toBe(hashes[1]);
  });

  test("a scale says which kind it is", async () => {
    const { resources } = (await api.get("/apis/sea.example/v1")).body;
    expect(resources.find(({ name }) => name === "boats/scale")).toEqual({
      name: "boats/scale",
      singularName: "",
      namespaced: true,
      group: "autoscaling",
      version: "v1",
      kind: "Scale",
      verbs: ["get", "patch", "update"],
    });
  });
});

describe("health", () => {
  test("checks can be left out, and asked for one by one", async () => {
    expect((await api.get("/readyz?verbose&exclude=store&exclude=nope")).text).toBe(
      '[+]ping ok\n[+]store excluded: ok\n[+]shutdown ok\nwarn: some health checks cannot be excluded: no matches for "nope"\nreadyz check passed\n',
    );
    expect((await api.get("/readyz/store")).text).toBe("ok");
    expect((await api.get("/livez/store")).code).toBe(404);
  });
});

describe("metrics", () => {
  test("count requests by verb, resource and code, and nothing that a client made up", async () => {
    await api.get("/api/v1/namespaces/default/configmaps/none");
    await api.get("/apis/made.up/v1/names");
    const { code, headers, text } = await api.get("/metrics");
    expect(code).toBe(200);
    expect(headers["content-type"]).toContain("text/plain; version=0.0.4");
    expect(text).toMatch(
      /^apiserver_request_total\{verb="GET",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",code="404"\} \d+$/m,
    );
    expect(text).toContain('apiserver_request_duration_seconds_bucket{le="0.05",verb="GET"');
    expect(text).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 1');
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(text).not.toContain("made.up");
  });

  test("count watches while they last", async () => {
    const running = async (): Promise<string | undefined> =>
      /^apiserver_longrunning_requests\{.*resource="secrets".*\} (\d+)$/m.exec((await api.get("/metrics")).text)?.[1];
    await using watch = await api.watch("/api/v1/secrets?watch=true&timeoutSeconds=60");
    expect(await running()).toBe("1");
    await watch[Symbol.asyncDispose]();
    await expect.poll(running).toBe("0");
  });
});
