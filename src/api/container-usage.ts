/** What a container uses now, in the shape of PodMetrics of metrics.k8s.io, with a little more. */
export interface ContainerUsage {
  readonly metadata: { readonly name: string; readonly namespace: string };
  /** RFC 3339 */
  readonly timestamp: string;
  /** Over which time the CPU was measured, such as `1s`. */
  readonly window: string;
  readonly containers: readonly [
    {
      readonly name: string;
      /** Kubernetes' quantities: `250m` of a CPU, `1024Ki`. */
      readonly usage: { readonly cpu: string; readonly memory: string };
      readonly pids: number | null;
    },
  ];
}

/** As Kubernetes lists it. */
export interface ContainerUsageList {
  readonly kind: "PodMetricsList";
  readonly apiVersion: "metrics.k8s.io/v1beta1";
  readonly metadata: object;
  readonly items: readonly ContainerUsage[];
}
