/** How it is found out whether a container is well. Source of names: Probe in k8s.io/api/core/v1/types.go. */
import { z } from "zod";
import { IntOrString, withRules } from "./schema.ts";

const ProbePort = IntOrString.describe("Number of a port of the container, or the name of one of ports.");

const ExecAction = z.object({
  command: z
    .array(z.string())
    .min(1)
    .max(256)
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Runs in the container, without a shell; exit code 0 is success."),
});
const HttpGetAction = z.object({
  path: z
    .string()
    .max(4096)
    .regex(/^\/[^\s]*$/)
    .default("/"),
  port: ProbePort,
  scheme: z.enum(["HTTP", "HTTPS"]).default("HTTP").describe("HTTPS checks no certificate."),
  httpHeaders: z
    .array(
      z.object({
        name: z.string().regex(/^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/),
        value: z.string().regex(/^[^\r\n\0]*$/),
      }),
    )
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
});
const TcpSocketAction = z.object({ port: ProbePort });

const oneOf = (...names: readonly string[]): { readonly rule: string; readonly message: string } => ({
  rule: `[${names.map((name) => `has(self.${name})`).join(", ")}].filter(x, x).size() == 1`,
  message: `exactly one of ${names.join(", ")}`,
});

const actions = {
  exec: ExecAction.optional(),
  httpGet: HttpGetAction.optional().describe("Status 200 to 399 is success. Asked inside the container's network."),
  tcpSocket: TcpSocketAction.optional().describe("Success where the port takes a connection."),
};

export const Probe = withRules(
  z.object({
    ...actions,
    initialDelaySeconds: z.int().min(0).max(86_400).default(0).describe("Seconds from the start to the first time."),
    timeoutSeconds: z.int().min(1).max(3_600).default(1),
    periodSeconds: z.int().min(1).max(86_400).default(10),
    successThreshold: z.int().min(1).max(1000).default(1).describe("Successes in a row, after a failure."),
    failureThreshold: z.int().min(1).max(1000).default(3).describe("Failures in a row."),
    terminationGracePeriodSeconds: z
      .int()
      .min(1)
      .max(2147483647)
      .optional()
      .describe("Instead of the Container's own, where this probe ends it."),
  }),
  oneOf("exec", "httpGet", "tcpSocket"),
);
export type Probe = z.infer<typeof Probe>;

const LifecycleHandler = withRules(
  z.object({ ...actions, sleep: z.object({ seconds: z.int().min(1).max(3_600) }).optional() }),
  oneOf("exec", "httpGet", "tcpSocket", "sleep"),
);
export type LifecycleHandler = z.infer<typeof LifecycleHandler>;

export const Lifecycle = z.object({
  postStart: LifecycleHandler.optional().describe(
    "Done right after the start. Where it fails the container is restarted; it is not ready before.",
  ),
  preStop: LifecycleHandler.optional().describe("Done before the stop signal, within the grace period."),
});
export type Lifecycle = z.infer<typeof Lifecycle>;

type Handlers = Pick<LifecycleHandler, "httpGet" | "tcpSocket">;

/** What of a Container's spec asks how it is, and what is done at its start and end. */
export interface Asking {
  readonly livenessProbe?: Probe | undefined;
  readonly readinessProbe?: Probe | undefined;
  readonly startupProbe?: Probe | undefined;
  readonly lifecycle?: Lifecycle | undefined;
}

/** Whether anything opens connections inside the container: hosts prepare for that when they make it. */
export function connectsInside(spec: Asking): boolean {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = spec;
  const all: readonly (Handlers | undefined)[] = [
    ...[livenessProbe, readinessProbe, startupProbe],
    ...[lifecycle?.postStart, lifecycle?.preStop],
  ];
  return all.some((one) => one?.httpGet !== undefined || one?.tcpSocket !== undefined);
}
