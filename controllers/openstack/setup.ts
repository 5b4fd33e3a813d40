import type { Client } from "../../api/client/client.ts";
import { secretType } from "../../crds/core.ts";
import { groupResource } from "../../crds/meta.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, EventRecorder, Informers } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import type { AnyActuator, AnyExternal } from "./actuator.ts";
import type { Connect, Secret } from "./clouds.ts";
import { Clouds } from "./clouds.ts";
import { bySecret, CredentialsGuard, secretIndex } from "./credentials-guard.ts";
import type { ImageSources } from "./image-data.ts";
import { actuatorsWith } from "./kinds/index.ts";
import { ExternalReconciler } from "./reconciler.ts";
import { byReference, referenceKey, References, referencesIndex } from "./references.ts";
import { Shares } from "./shares.ts";

export interface OpenStackControllersOptions {
  readonly client: Pick<Client, "updateStatus" | "patch">;
  readonly informers: Informers;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly connect: Connect;
  readonly imageSources: ImageSources;
  /** How often each object is compared with its cloud where it does not say so itself, in ms; 0 never. */
  readonly resyncMs: number;
  /** How long a creation that was never answered may still be carried out, in ms: see reconciler.ts. */
  readonly graceMs: number;
  readonly random: () => number;
}

/**
 * Of each kind. As many as four clouds keep busy that do not answer, until that is known of them: see shares.ts. How many
 * requests an endpoint gets at once is the session's to say.
 */
const workers = 64;

/**
 * One controller for each kind of openstack.stowage.dev, `openstack-network` and so on, and one that keeps their Secrets.
 * An object's controller is woken by the object, by what it names, by who names it, and by its Secret.
 */
export function openstackControllers(options: OpenStackControllersOptions): readonly ControllerDefinition[] {
  const { client, informers, events, clock, connect, imageSources, resyncMs, graceMs, random } = options;
  const secrets = informers.for<Secret>(secretType);
  const clouds = new Clouds({ client, secrets, connect });
  const kinds = actuatorsWith({ clock, sources: imageSources }).map((actuator) => ({
    actuator,
    type: actuator.kind.type,
    objects: informers.for<AnyExternal>(actuator.kind.type, {
      [byReference]: referencesIndex(actuator),
      [bySecret]: secretIndex,
    }),
  }));
  const references = new References(kinds, secrets);
  const controllers = kinds.map(({ actuator, type, objects }): ControllerDefinition => {
    const common = { client, events, clock, resyncMs, graceMs, random };
    const shares = new Shares();
    return {
      name: nameOf(actuator),
      workers,
      reconciler: new ExternalReconciler({ ...common, actuator, objects, references, clouds, shares }),
      start(wake, signal) {
        shares.onTurn(wake);
        const subscriptions = [
          objects.onChange((_old, next) => {
            if (next !== undefined) wake(keyOf(next));
          }),
          secrets.onChange((_old, next) => {
            if (next === undefined) return;
            const { namespace = "", name } = next.metadata;
            for (const object of objects.byIndex(bySecret, keyOf(next))) wake(keyOf(object));
            for (const object of objects.byIndex(byReference, referenceKey(secretType, namespace, name)))
              wake(keyOf(object));
            if (actuator.lenderOf === undefined) return;
            for (const lender of kinds)
              for (const { metadata } of lender.objects.byIndex(bySecret, keyOf(next)))
                for (const object of objects.byIndex(byReference, referenceKey(lender.type, namespace, metadata.name)))
                  wake(keyOf(object));
          }),
          ...kinds.map((other) =>
            other.objects.onChange((old, next) => {
              const { metadata, spec } = next ?? old ?? noObject;
              const { namespace = "", name } = metadata;
              // Those that name it wait for it.
              for (const object of objects.byIndex(byReference, referenceKey(other.type, namespace, name)))
                wake(keyOf(object));
              // It is gone: those that it named may go.
              if (next !== undefined) return;
              for (const reference of other.actuator.references(spec))
                if (groupResource(reference.type) === groupResource(type)) wake(`${namespace}/${reference.name}`);
            }),
          ),
        ];
        signal.addEventListener("abort", () => {
          for (const subscription of subscriptions) subscription[Symbol.dispose]();
        });
      },
    };
  });
  return [
    ...controllers,
    {
      name: "openstack-credentials",
      workers: 1,
      reconciler: new CredentialsGuard({ client, secrets, objects: kinds.map(({ objects }) => objects) }),
      start(wake, signal) {
        const subscriptions = [
          secrets.onChange((_old, next) => {
            if (next?.metadata.deletionTimestamp !== undefined) wake(keyOf(next));
          }),
          ...kinds.map(({ objects }) =>
            objects.onChange((old, next) => {
              if (old !== undefined && next === undefined) for (const secret of secretIndex(old)) wake(secret);
            }),
          ),
        ];
        signal.addEventListener("abort", () => {
          for (const subscription of subscriptions) subscription[Symbol.dispose]();
          void clouds[Symbol.asyncDispose]();
        });
      },
    },
  ];
}

const noObject = {
  metadata: { namespace: "", name: "" },
  spec: { cloudCredentialsRef: { secretName: "", cloudName: "" } },
};

const nameOf = ({ kind }: AnyActuator): string => `openstack-${kind.singular}`;
