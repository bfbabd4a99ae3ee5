import { describe, expect, it } from "vitest";
import { changed, ended, remembering, running } from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { restartBackoff } from "../util/backoff.ts";
import { decide } from "./decide.ts";
import { predict } from "./plan/predict.ts";
import type { World } from "./world.ts";

const second = 1000;
/** Four starts in a row that did not last: the next one would come after 80 s. */
const crashing = remembering(running(), { attempts: 4, restarts: 4 });

/** The container has run for so long and then ended; looked at in that moment. */
function endedAfter(ranMs: number, before: World = crashing): { readonly world: World; readonly at: number } {
  const startedAt = before.containers[0]?.startedAt ?? start;
  const at = startedAt + ranMs;
  return { world: changed(before, ended(at)), at };
}

describe("the restarts of a container that crashes", () => {
  it("are slowed down by those before when it ran for a little less than ten minutes", () => {
    const { world, at } = endedAfter(restartBackoff.forgetAfterMs - second);

    expect(decide(world, at)).toMatchObject({ steps: [], requeueAt: at + 80 * second });
    expect(decide(world, at + 80 * second).memory).toMatchObject({ attempts: 5, restarts: 5 });
  });

  it("begin anew when it ran for ten minutes: at once, then after ten seconds; the total goes on", () => {
    const { world, at } = endedAfter(restartBackoff.forgetAfterMs);

    const first = decide(world, at);
    expect(first.steps.map((step) => step.do)).toEqual(["start"]);
    expect(first.memory).toMatchObject({ attempts: 1, restarts: 5 });

    const again = endedAfter(second, predict(world, first, at));
    expect(decide(again.world, again.at)).toMatchObject({ steps: [], requeueAt: again.at + 10 * second });
  });
});
