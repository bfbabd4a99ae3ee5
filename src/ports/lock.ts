/** The right to act on a state directory (I12). */
export interface InstanceLock {
  /** False once the lock was lost (paused and taken over); checked before each side effect. */
  held(): boolean;
  onLost(callback: () => void): void;
  release(): Promise<void>;
}
