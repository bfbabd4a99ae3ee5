/** A core/v1 Event as Kubernetes shapes it; times are RFC 3339. */
export interface EventObject {
  readonly apiVersion: "v1";
  readonly kind: "Event";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: InvolvedObject;
  readonly source: { readonly component: string };
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
}

export interface InvolvedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}
