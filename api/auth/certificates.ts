/** A certificate authority of our own, the server's certificate and the administrator's, in DIR/pki. */
import { X509Certificate, createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { isIP } from "node:net";
import { join } from "node:path";

/** PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** PEM of the authority that signed the others, and whose clients we know. */
  readonly ca: string;
  readonly server: KeyPair;
  readonly admin: KeyPair;
}

const day = 24 * 60 * 60 * 1000;
const caDays = 3650;
const leafDays = 365;
/** A certificate that is this close to its end is replaced when the server starts. */
const renewalDays = 30;

/**
 * Reads what is there and makes what is missing, about to expire, or does not fit `listenHost` and `otherNames`. Files
 * have mode 0600. Replicas are given one authority as kubeadm's control planes are: by ca.crt and ca.key, copied to where
 * the others look before they are first started. Throws when only the certificate was copied.
 */
export async function ensureCertificates(
  dataDir: string,
  listenHost: string,
  now: Date,
  otherNames: readonly string[] = [],
): Promise<Certificates> {
  const folder = join(dataDir, "pki");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [knownCa, knownServer, knownAdmin] = await Promise.all(
    ["ca", "server", "admin"].map((name) => readPair(folder, name)),
  );
  if (knownCa === undefined) await refuseHalfAuthority(folder);
  const names = [...serverNames(listenHost), ...otherNames];
  const keepCa = usable(knownCa, knownCa, now);
  const ca = keepCa ?? (await save(folder, "ca", await newAuthority(now)));
  const server =
    usable(knownServer, ca, now, (certificate) => names.every((name) => isFor(certificate, name))) ??
    (await save(folder, "server", await newLeaf(ca, "CN=stowage-server", { names }, now)));
  const admin =
    usable(knownAdmin, ca, now) ??
    (await save(folder, "admin", await newLeaf(ca, "CN=stowage-admin,O=system:masters", {}, now)));
  return { ca: ca.cert, server, admin };
}

/** Names and addresses that clients may reach this server by. */
function serverNames(listenHost: string): readonly string[] {
  const wildcard = listenHost === "0.0.0.0" || listenHost === "::" || listenHost === "";
  const reached = wildcard ? machineAddresses() : [listenHost];
  return [...new Set(["localhost", "127.0.0.1", "::1", hostname(), ...reached])];
}

/** Link-local ones aside, which no certificate can name with their zone. */
function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith("fe80:"));
}

/** The key is written first, so a certificate alone is not what a crash left: to replace it would shut its clients out. */
async function refuseHalfAuthority(folder: string): Promise<void> {
  const files = await readdir(folder);
  if (!files.includes("ca.crt")) return;
  throw new Error(
    `Cannot use "${join(folder, "ca.crt")}": its key is missing; copy ca.key there too, or remove ca.crt`,
  );
}

function isFor(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) > 0 ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
}

async function readPair(folder: string, name: string): Promise<KeyPair | undefined> {
  try {
    const [cert, key] = await Promise.all(
      ["crt", "key"].map((extension) => readFile(join(folder, `${name}.${extension}`), "utf8")),
    );
    return cert === undefined || key === undefined ? undefined : { cert, key };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`Cannot read the certificates in "${folder}": ${(error as Error).message}`, { cause: error });
  }
}

async function save(folder: string, name: string, pair: KeyPair): Promise<KeyPair> {
  // A crash in between leaves a key that does not fit: the pair is then made again.
  await writePrivate(join(folder, `${name}.key`), pair.key);
  await writePrivate(join(folder, `${name}.crt`), pair.cert);
  return pair;
}

/** Replaces a file at once, readable for its owner only. A kill in between leaves at most `path`.tmp, used again next time. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    throw new Error(
      `Cannot write "${path}": ${(error as Error).message}; make its folder writable or give another one`,
      {
        cause: error,
      },
    );
  }
}

function usable(
  pair: KeyPair | undefined,
  authority: KeyPair | undefined,
  now: Date,
  fits: (certificate: X509Certificate) => boolean = () => true,
): KeyPair | undefined {
  if (pair === undefined || authority === undefined) return undefined;
  try {
    const certificate = new X509Certificate(pair.cert);
    const issuer = new X509Certificate(authority.cert);
    const inTime = Date.parse(certificate.validTo) - now.getTime() > renewalDays * day;
    const whole = certificate.checkPrivateKey(createPrivateKey(pair.key)) && certificate.verify(issuer.publicKey);
    return inTime && whole && fits(certificate) ? pair : undefined;
  } catch {
    return undefined; // unreadable: as good as not there
  }
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Loaded only when a certificate has to be made: it takes longer to load than the rest of the server. */
async function loadX509() {
  await import("reflect-metadata"); // what @peculiar/x509's dependency injection expects to find
  return import("@peculiar/x509");
}

async function newAuthority(now: Date): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: "CN=stowage-ca",
    ...validity(now, caDays),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

async function newLeaf(
  authority: KeyPair,
  subject: string,
  { names }: { readonly names?: readonly string[] },
  now: Date,
): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const der = createPrivateKey(authority.key).export({ type: "pkcs8", format: "der" });
  const signingKey = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  const issuer = new x509.X509Certificate(authority.cert);
  const usage = names === undefined ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth;
  const alternatives = names?.map((name) => ({
    type: isIP(name) > 0 ? ("ip" as const) : ("dns" as const),
    value: name,
  }));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer.subject,
    ...validity(now, leafDays),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(alternatives === undefined ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)]),
    ],
  });
  return { cert: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

/** A minute early, for clients whose clock is behind. */
function validity(now: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now.getTime() - 60_000), notAfter: new Date(now.getTime() + days * day) };
}

/** Positive and of at most 20 bytes: RFC 5280, 4.1.2.2. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
}
