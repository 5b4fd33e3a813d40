import { secretType } from "../../crds/core.ts";
import { clouds } from "../../crds/openstack/cloud.ts";
import { credentialsFinalizer } from "../../crds/openstack/external.ts";
import { openstackTypes } from "../../crds/openstack/types.ts";
import type { ControllerDefinition } from "../runtime/reconciler.ts";
import type { Connect } from "./clouds.ts";
import { cloudController, controllerOf, credentialsGuard, workers } from "./names.ts";
import type { OpenStackControllersOptions } from "./setup.ts";

export interface OnDemandOptions extends Omit<OpenStackControllersOptions, "connect"> {
  /** Asked for once, with the controllers. */
  readonly connect: () => Promise<Connect>;
}

const named = [
  ...openstackTypes.map((type) => ({ name: controllerOf(type), workers })),
  cloudController,
  credentialsGuard,
];

/**
 * The controllers of setup.ts, which are loaded when there is something for them to do: an object of one of their kinds,
 * or a Secret that they hold. They and what speaks to OpenStack are half of the server's modules, and most who run it
 * have nothing there.
 */
export function openstackControllersOnDemand({
  connect,
  ...options
}: OnDemandOptions): readonly ControllerDefinition[] {
  const { informers } = options;
  const needed = Promise.withResolvers<undefined>();
  for (const type of [...openstackTypes, clouds])
    informers.for(type).onChange((_old, next) => {
      if (next !== undefined) needed.resolve(undefined);
    });
  informers.for(secretType).onChange((_old, next) => {
    if (next?.metadata.finalizers?.includes(credentialsFinalizer) === true) needed.resolve(undefined);
  });

  const load = async (): Promise<ReadonlyMap<string, ControllerDefinition>> => {
    await needed.promise;
    const { openstackControllers } = await import("./setup.ts");
    const controllers = openstackControllers({ ...options, connect: await connect() });
    return new Map(controllers.map((controller) => [controller.name, controller]));
  };
  let loaded: ReturnType<typeof load> | undefined;
  const controllerNamed = async (name: string): Promise<ControllerDefinition> => {
    const controller = (await (loaded ??= load())).get(name);
    if (controller === undefined) throw new Error(`Cannot run the controller ${name}: setup.ts has none of that name`);
    return controller;
  };

  return named.map(({ name, workers }) => ({
    name,
    workers,
    reconciler: {
      reconcile: async (key, signal, log) => (await controllerNamed(name)).reconciler.reconcile(key, signal, log),
    },
    start(wake, signal) {
      // It is told then of all that is there already.
      void controllerNamed(name).then((controller) => {
        if (!signal.aborted) controller.start(wake, signal);
      });
    },
  }));
}
