/** What a reconcile asks for; a thrown error means backoff instead. */
export interface ReconcileResult {
  /** Look again at this time (milliseconds since the epoch) at the latest. */
  readonly requeueAt?: number;
  /** Look again at once: steps ran and the world has changed. */
  readonly requeue?: boolean;
}

/** Makes the world match one object. It is told which object, never what happened. */
export interface Reconciler {
  readonly kind: string;
  reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult>;
}
