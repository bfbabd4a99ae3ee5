import { type DeviceVerdict, deviceVerdicts } from "./device-verdicts.ts";
import { explain, type Explanation, type Waiting } from "./explain.ts";
import { findHint } from "./hint.ts";
import type { Lease } from "./lease.ts";
import type { ScheduleOutcome } from "./outcome.ts";
import type { Pass } from "./pass.ts";
import type { Nomination } from "./preemption.ts";

type Outcome = Extract<ScheduleOutcome, { type: "waiting" }>;
/** What is known before anybody asks for sentences. */
type Known = Omit<Waiting, "leases" | "longestNowMs">;

/** Of a thousand that wait few are asked for their sentences at a time, so these are made when they are. */
export class WaitingOutcome implements Outcome {
  readonly type = "waiting";
  readonly quotaLeft: number | null;
  readonly reason: Outcome["reason"];
  readonly never: boolean;
  readonly position: number;
  readonly of: number;
  readonly behind: string | null;
  readonly priority: number;
  readonly since: number;
  readonly eta: number | null;
  readonly basis: Outcome["basis"];
  declare readonly nomination?: Nomination;
  declare readonly lookAgainAt?: number;
  readonly #waiting: Known;
  readonly #pass: Pass;
  #explained: Explanation | undefined;
  #hint: string | null | undefined;

  constructor(waiting: Known, pass: Pass) {
    const { demand, reason, before, forecast } = waiting;
    this.quotaLeft = waiting.quotaLeft;
    this.reason = reason;
    this.never = reason === "NoMatchingDevice";
    this.position = waiting.position;
    this.of = waiting.of;
    this.behind = before === undefined ? null : before.uid;
    this.priority = demand.priority;
    this.since = demand.submittedAt;
    this.eta = forecast.eta;
    this.basis = forecast.basis;
    if (waiting.nomination !== undefined) this.nomination = waiting.nomination;
    const lookAgainAt = pass.looksAgain.get(demand.uid);
    if (lookAgainAt !== undefined) this.lookAgainAt = lookAgainAt;
    this.#waiting = waiting;
    this.#pass = pass;
  }

  get message(): string {
    return this.#explanation.message;
  }

  get blockers(): readonly Lease[] {
    return this.#explanation.blockers;
  }

  get hint(): string | null {
    if (this.#hint === undefined) {
      const { demand, quotaLeft } = this.#waiting;
      this.#hint = findHint(demand, { ...this.#pass.input, leases: this.#leases, quotaLeft });
    }
    return this.#hint;
  }

  get verdicts(): readonly DeviceVerdict[] {
    return deviceVerdicts({ ...this.#waiting, leases: this.#leases });
  }

  get #explanation(): Explanation {
    this.#explained ??= explain({
      ...this.#waiting,
      leases: this.#leases,
      longestNowMs: this.#pass.longestNow(this.#waiting.demand),
    });
    return this.#explained;
  }

  get #leases(): readonly Lease[] {
    return this.#pass.leasesAgainst(this.#waiting.demand);
  }
}
