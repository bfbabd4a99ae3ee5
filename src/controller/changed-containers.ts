import type { ObservedContainer } from "../core/observed.ts";

/** A container that is another than before, or gone. */
export interface ChangedContainer {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Those of `before` that are not the same in `now`. */
export function changedContainers(
  before: ReadonlyMap<string, ObservedContainer | undefined>,
  now: ReadonlyMap<string, ObservedContainer>,
): readonly ChangedContainer[] {
  return [...before].flatMap(([id, earlier]) => {
    const found = now.get(id);
    return found === earlier ? [] : [{ id, labels: (found ?? earlier)?.labels ?? {} }];
  });
}
