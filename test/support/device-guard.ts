import type { ObservedContainer } from "../../src/core/observed.ts";
import { deviceUuidsOf } from "../../src/core/expiry.ts";
import { isLive } from "../../src/core/plan/roles.ts";
import type { FakeCallName } from "./fake-faults.ts";
import type { FakeRuntime } from "./fake-runtime.ts";

/** Looks at who uses which device after every call that changes something, and keeps what must never be. */
export class DeviceGuard {
  /** `GPU-1: train._.alice, job._.bob`, once for each moment at which it was so. */
  readonly violations: string[] = [];
  /** How often it looked while some device was in use: a guard that saw nothing has shown nothing. */
  looks = 0;
  readonly #runtime: FakeRuntime;

  constructor(runtime: FakeRuntime) {
    this.#runtime = runtime;
    for (const call of ["create", "start", "stop", "remove", "rename"] as const) this.#wrap(call);
  }

  /** The live containers by device. */
  users(): ReadonlyMap<string, readonly ObservedContainer[]> {
    const users = new Map<string, ObservedContainer[]>();
    for (const container of this.#runtime.containers.filter(isLive)) {
      for (const uuid of deviceUuidsOf(container)) users.set(uuid, [...(users.get(uuid) ?? []), container]);
    }
    return users;
  }

  look(): void {
    const users = this.users();
    if (users.size > 0) this.looks += 1;
    for (const [uuid, containers] of users) {
      const owners = new Set(containers.map((container) => container.labels["ds01.uid"]));
      if (owners.size > 1) this.violations.push(`${uuid}: ${containers.map(({ name }) => name).join(", ")}`);
    }
  }

  #wrap(call: Extract<FakeCallName, "create" | "start" | "stop" | "remove" | "rename">): void {
    const runtime = this.#runtime as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
    const original = runtime[call]?.bind(runtime);
    if (original === undefined) throw new Error(`the fake runtime has no ${call}`);
    runtime[call] = async (...given) => {
      try {
        return await original(...given);
      } finally {
        this.look();
      }
    };
  }
}
