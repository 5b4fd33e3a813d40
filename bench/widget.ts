/** The custom resources of the benches: about 300 bytes each, as a client sends them. */

const group = "bench.stowage.dev";
/** Of the widgets in namespace default. */
export const widgetPath = `/apis/${group}/v1/namespaces/default/widgets`;

export const widgetDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                required: ["size", "colour"],
                properties: {
                  size: { type: "integer", minimum: 0 },
                  colour: { type: "string", maxLength: 20 },
                  parts: {
                    type: "array",
                    items: {
                      type: "object",
                      properties: { name: { type: "string" }, weight: { type: "integer" } },
                    },
                  },
                },
              },
              status: {
                type: "object",
                properties: { phase: { type: "string" }, observedGeneration: { type: "integer" } },
              },
            },
          },
        },
      },
    ],
  },
};

export function widget(name: string, size: number) {
  return {
    apiVersion: `${group}/v1`,
    kind: "Widget",
    metadata: { name, namespace: "default", labels: { app: "bench", shelf: `s${size % 10}` } },
    spec: {
      size,
      colour: "green",
      parts: [
        { name: "axle", weight: 120 },
        { name: "wheel", weight: 340 },
        { name: "bearing", weight: 15 },
      ],
    },
  };
}
