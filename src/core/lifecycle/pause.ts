import { earlier } from "../expiry.ts";
import { fact, type Fact } from "./fact.ts";
import { warningAt } from "./runtime-warning.ts";
import { deadlineOf, type Situation } from "./situation.ts";

/** A paused container: as declared, or somebody has paused it. What else is wrong with it waits until it goes on. */
export function observePaused(situation: Situation): Fact {
  const { spec, memory } = situation;
  if (spec.desiredState === "Paused") {
    const message = "paused as declared; it keeps its GPU and its memory, and its time runs";
    return fact("paused.kept", "Paused", message, nextEnd(situation));
  }
  return memory.state === "Paused"
    ? fact("container.paused", "SpecRunning", "spec.desiredState is Running again")
    : fact("container.paused", "Paused", "paused from outside; spec says Running");
}

/** It runs, and is declared to be paused. */
export function pauseDue({ memory }: Situation): Fact {
  const message =
    memory.state === "Paused" ? "unpaused from outside; spec says Paused" : "spec.desiredState is Paused";
  return fact("pause.due", "SpecPaused", message);
}

/** When something comes to a container that lives: a warning, the end of its time, or that it gives way; null for never. */
export function nextEnd(situation: Situation): number | null {
  const warning = warningAt(situation);
  const end = earlier(deadlineOf(situation), situation.world.preemption?.at ?? null);
  return warning !== null && warning > situation.now ? earlier(warning, end) : end;
}
