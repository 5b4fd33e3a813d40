/** A certificate authority with one server and one client, as dockerd --tlsverify wants them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./commands.ts";

export interface Certificates {
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Arguments of dockerd that make it use the server's. */
  readonly serverArguments: readonly string[];
}

/** Makes them with openssl in `folder`. The server's names are `localhost`, `engine.test` and its address. */
export async function makeCertificates(folder: string, address = "127.0.0.1"): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const request = (name: string, ...more: string[]): Promise<string> =>
    run("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-keyout", at(`${name}.key`), "-out", at(`${name}.crt`), "-subj", `/CN=${name}`, ...more],
    ]);
  const signed = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-addext", "basicConstraints=critical,CA:false"];
  await request("ca");
  await request(
    "server",
    ...[...signed, "-addext", `subjectAltName=DNS:localhost,DNS:engine.test,IP:${address}`],
    ...["-addext", "extendedKeyUsage=serverAuth"],
  );
  await request("client", ...signed, "-addext", "extendedKeyUsage=clientAuth");
  const [ca, cert, key] = await Promise.all(
    ["ca.crt", "client.crt", "client.key"].map((name) => readFile(at(name), "utf8")),
  );
  return {
    ca: ca ?? "",
    cert: cert ?? "",
    key: key ?? "",
    serverArguments: [
      ...["--tlsverify", "--tlscacert", at("ca.crt")],
      ...["--tlscert", at("server.crt"), "--tlskey", at("server.key")],
    ],
  };
}
