/** Does what spec.lifecycle asks for, as kubelet's handlers do: kubernetes/pkg/kubelet/lifecycle/handlers.go. */
import type { ContainerSpec } from "../../crds/container.ts";
import type { LifecycleHandler } from "../../crds/probes.ts";
import type { HostDriver } from "../../drivers/driver.ts";
import { StepError } from "../../drivers/driver.ts";
import type { Clock } from "../../process/clock.ts";
import { sleep } from "../../process/clock.ts";
import { check } from "./prober/check.ts";

export interface HookOptions {
  readonly driver: Pick<HostDriver, "exec" | "connect">;
  readonly id: string;
  readonly ports: ContainerSpec["ports"];
  readonly clock: Clock;
}

/**
 * Why it failed; undefined where it succeeded. What a hook writes is not told: kubelet gave that up because people write
 * secrets. For httpGet any answer is success. Throws HostUnreachableError, and the signal's reason where it aborts.
 */
export async function runHook(
  hook: LifecycleHandler,
  timeoutMs: number,
  options: HookOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { clock, driver, id } = options;
  if (hook.sleep !== undefined) {
    await sleep(clock, Math.min(1000 * hook.sleep.seconds, timeoutMs), signal);
    signal.throwIfAborted();
    return undefined;
  }
  try {
    if (hook.exec !== undefined) {
      const limits = { timeoutMs, maxOutput: 0 };
      const { exitCode } = await driver.exec(id, hook.exec.command, limits, signal);
      if (exitCode === undefined) return `the command did not end within ${timeoutMs / 1000} s`;
      return exitCode === 0 ? undefined : `the command ended with exit code ${exitCode}`;
    }
    const { ok, message } = await check(hook, timeoutMs, { ...options, signal });
    return ok || message.startsWith("HTTP probe failed with statuscode") ? undefined : message;
  } catch (error) {
    if (error instanceof StepError) return error.message;
    throw error;
  }
}
