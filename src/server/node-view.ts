import type { ApiObject } from "../api/meta.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import { failedChecks } from "./failed-checks.ts";
import type { HostFacts } from "./host-facts.ts";
import type { ObjectCache } from "./object-cache.ts";
import { presentNode } from "./present-node.ts";

/** What a NodeView follows. */
export interface NodeViewParts {
  readonly control: Pick<ControlPlane, "gpus" | "health">;
  readonly host: HostFacts;
  /** Version of ds01. */
  readonly version: string;
  readonly clock: Pick<Clock, "now">;
}

/** This machine as it is now; remembers since when it has been ready, or not. */
export class NodeView {
  readonly #parts: NodeViewParts;
  readonly #since: number;
  #ready: { readonly is: boolean; readonly since: number };

  constructor(parts: NodeViewParts) {
    this.#parts = parts;
    this.#since = parts.clock.now();
    this.#ready = { is: this.#isReady(), since: this.#since };
  }

  now(): ApiObject {
    const { control, host, version, clock } = this.#parts;
    const is = this.#isReady();
    if (is !== this.#ready.is) this.#ready = { is, since: clock.now() };
    const parts = { host, gpus: control.gpus.list(), health: control.health(), version };
    return presentNode({ ...parts, since: this.#since, readySince: this.#ready.since });
  }

  /** Nobody tells when health changes: it is looked at when somebody asks, and recorded where it has changed. */
  bringUpToDate(nodes: ObjectCache): void {
    const now = this.now();
    const known = nodes.get(undefined, now.metadata.name);
    if (JSON.stringify(known?.status) !== JSON.stringify(now.status)) nodes.record(now, false);
  }

  #isReady(): boolean {
    return failedChecks(this.#parts.control.health()).length === 0;
  }
}
