import type { Client } from "../../api/client/client.ts";
import { namespaceType, secretType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import type { Cloud } from "../../crds/openstack/cloud.ts";
import { clouds as cloudType, projectAnnotation } from "../../crds/openstack/cloud.ts";
import { disposeOnAbort } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, EventRecorder, Informers } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import type { AnyExternal } from "./actuator.ts";
import type { Connect, Secret } from "./clouds.ts";
import { CloudReconciler } from "./cloud-reconciler.ts";
import { Clouds, secretKeyOf } from "./clouds.ts";
import { bySecret, cloudSecretIndex, CredentialsGuard, secretIndex } from "./credentials-guard.ts";
import type { ImageSources } from "./image-data.ts";
import { actuatorsWith } from "./kinds/index.ts";
import { cloudController, controllerOf, credentialsGuard, workers } from "./names.ts";
import { ExternalReconciler } from "./reconciler.ts";
import { byReference, cloudKey, namespaceKey, referenceKey, References, referencesIndex } from "./references.ts";
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
 * One controller for each kind of openstack.stowage.dev, `openstack-network` and so on, and one that keeps their Secrets.
 * An object's controller is woken by the object, by what it names, by who names it, by its Secret, and by its Cloud: that
 * itself, its Secret, and what the Namespace says of who may use it.
 */
export function openstackControllers(options: OpenStackControllersOptions): readonly ControllerDefinition[] {
  const { client, informers, events, clock, connect, imageSources, resyncMs, graceMs, random } = options;
  const secrets = informers.for<Secret>(secretType);
  const namespaces = informers.for<KubeObject>(namespaceType);
  const cloudObjects = informers.for<Cloud>(cloudType, { [bySecret]: cloudSecretIndex });
  const clouds = new Clouds({ client, secrets, clouds: cloudObjects, namespaces, connect });
  const kinds = actuatorsWith({ clock, sources: imageSources }).map((actuator) => ({
    actuator,
    type: actuator.type,
    objects: informers.for<AnyExternal>(actuator.type, {
      [byReference]: referencesIndex(actuator),
      [bySecret]: secretIndex,
    }),
  }));
  const references = new References(kinds, secrets);
  const controllers = kinds.map(({ actuator, type, objects }): ControllerDefinition => {
    const common = { client, events, clock, resyncMs, graceMs, random };
    const shares = new Shares();
    return {
      name: controllerOf(type),
      workers,
      reconciler: new ExternalReconciler({ ...common, actuator, objects, references, clouds, shares }),
      start(wake, signal) {
        shares.onTurn(wake);
        const wakeThose = (index: string, value: string): void => {
          for (const object of objects.byIndex(index, value)) wake(keyOf(object));
        };
        /** Those whose credentials are in that index, and those that borrow them. */
        const wakeSpeaking = (index: string, value: string): void => {
          wakeThose(index, value);
          if (actuator.lenderOf === undefined) return;
          for (const lender of kinds)
            for (const { metadata } of lender.objects.byIndex(index, value))
              wakeThose(byReference, referenceKey(lender.type, metadata.namespace ?? "", metadata.name));
        };
        const subscriptions = [
          objects.onChange((_old, next) => {
            if (next !== undefined) wake(keyOf(next));
          }),
          secrets.onChange((_old, next) => {
            if (next === undefined) return;
            const { namespace = "", name } = next.metadata;
            wakeSpeaking(bySecret, keyOf(next));
            wakeThose(byReference, referenceKey(secretType, namespace, name));
            for (const cloud of cloudObjects.byIndex(bySecret, keyOf(next)))
              wakeSpeaking(byReference, cloudKey(cloud.metadata.name));
          }),
          cloudObjects.onChange((old, next) => {
            // What was seen of it changes nothing.
            if (old?.metadata.generation === next?.metadata.generation) return;
            wakeSpeaking(byReference, cloudKey((next ?? old ?? noObject).metadata.name));
          }),
          namespaces.onChange((old, next) => {
            if (next === undefined || lendingOf(old) === lendingOf(next)) return;
            wakeSpeaking(byReference, namespaceKey(next.metadata.name));
          }),
          ...kinds.map((other) =>
            other.objects.onChange((old, next) => {
              const { metadata, spec } = next ?? old ?? noObject;
              const { namespace = "", name } = metadata;
              // Those that name it wait for it.
              wakeThose(byReference, referenceKey(other.type, namespace, name));
              // It is gone: those that it named may go.
              if (next !== undefined) return;
              for (const reference of other.actuator.references(spec))
                if (groupResource(reference.type) === groupResource(type)) wake(`${namespace}/${reference.name}`);
            }),
          ),
        ];
        disposeOnAbort(signal, subscriptions);
      },
    };
  });
  const usersOf = (cloud: Cloud): string | undefined =>
    references.usersOfCloud(cloud.metadata.name, (namespace) => clouds.lends(cloud, namespace));
  const isUsed = (secretKey: string): boolean =>
    kinds.some(({ objects }) => objects.byIndex(bySecret, secretKey).length > 0) ||
    cloudObjects.byIndex(bySecret, secretKey).some((cloud) => usersOf(cloud) !== undefined);
  return [
    ...controllers,
    {
      ...cloudController,
      reconciler: new CloudReconciler({ client, objects: cloudObjects, clouds, usersOf, clock, resyncMs, random }),
      start(wake, signal) {
        const subscriptions = [
          cloudObjects.onChange((_old, next) => {
            if (next !== undefined) wake(keyOf(next));
          }),
          secrets.onChange((old, next) => {
            const secret = next ?? old;
            if (secret === undefined) return;
            for (const cloud of cloudObjects.byIndex(bySecret, keyOf(secret))) wake(keyOf(cloud));
          }),
          ...kinds.map(({ objects }) =>
            objects.onChange((old, next) => {
              if (next === undefined && old?.spec.cloudRef !== undefined) wake(old.spec.cloudRef.name);
            }),
          ),
        ];
        disposeOnAbort(signal, subscriptions);
      },
    },
    {
      ...credentialsGuard,
      reconciler: new CredentialsGuard({ client, secrets, isUsed }),
      start(wake, signal) {
        const subscriptions = [
          secrets.onChange((_old, next) => {
            if (next?.metadata.deletionTimestamp !== undefined) wake(keyOf(next));
          }),
          cloudObjects.onChange((old) => {
            if (old !== undefined) wake(secretKeyOf(old.spec));
          }),
          ...kinds.map(({ objects }) =>
            objects.onChange((old, next) => {
              if (old === undefined || next !== undefined) return;
              for (const secret of secretIndex(old)) wake(secret);
              const cloud = cloudObjects.get(old.spec.cloudRef?.name ?? "");
              if (cloud !== undefined) wake(secretKeyOf(cloud.spec));
            }),
          ),
        ];
        disposeOnAbort(signal, subscriptions);
        signal.addEventListener("abort", () => void clouds[Symbol.asyncDispose]());
      },
    },
  ];
}

/** What a Namespace says that changes which Clouds it may use, and how. */
const lendingOf = (namespace: KubeObject | undefined): string | undefined =>
  namespace &&
  JSON.stringify([
    namespace.metadata.uid,
    namespace.metadata.labels,
    namespace.metadata.annotations?.[projectAnnotation],
  ]);

const noObject = {
  metadata: { namespace: "", name: "" },
  spec: { cloudCredentialsRef: { secretName: "", cloudName: "" } },
};
