import { monitorEventLoopDelay } from "node:perf_hooks";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { IssuedCredential, NetworkAddress } from "../../src/api/network-access.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import { randomRequests, requestBudget, RequestSender } from "../support/random-requests.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";
const budget = requestBudget(4000);
const batchSize = 20;
/** A machine that is busy with other tests takes this long to look up, without anybody being to blame. */
const longestTurnMs = 2000;

it(
  "random requests at both doors end neither the server nor its patience",
  { timeout: 120_000 + budget * 20 },
  async () => {
    const secrets = await doorSecrets(temporaryDirectory(), systemClock);
    const bed = await startApiBed({ clock: systemClock, writeDeadlineMs: 50, https: { port: 0, secrets } });
    const address = (await bed.json(`${group}/network-address`)) as NetworkAddress;
    bed.actAs("alice");
    const credential = async (): Promise<string> =>
      (JSON.parse((await bed.call("POST", `${group}/tokens`)).text) as IssuedCredential).token;
    let token = await credential();
    const renewal = setInterval(() => void credential().then((next) => (token = next)), 60_000);
    onTestFinished(() => clearInterval(renewal));
    const sender = new RequestSender({ socketPath: bed.socketPath, address, token: () => token });
    onTestFinished(() => sender.end());

    const turns = monitorEventLoopDelay({ resolution: 10 });
    turns.enable();
    const started = performance.now();
    await fc.assert(
      fc.asyncProperty(
        fc.array(randomRequests("alice"), { minLength: batchSize, maxLength: batchSize }),
        async (batch) => {
          await bed.control.drop("users/alice/train.yaml", containerText("train"));
          const codes = await Promise.all(batch.map(async (one) => sender.send(one)));
          // A fault of ours would be a 500; logs, exec and ports have nothing behind them here.
          const wrong = batch.filter(
            ({ base }, index) => codes[index] === 500 && !/\/(?:log|exec|attach|portforward)$/.test(base),
          );
          expect(wrong).toEqual([]);
        },
      ),
      { numRuns: Math.ceil(budget / batchSize) },
    );
    turns.disable();
    const seconds = (performance.now() - started) / 1000;
    const longest = turns.max / 1e6;
    process.stdout.write(
      `random requests: ${budget} sent, ${sender.answers} answered in ${seconds.toFixed(0)} s, longest turn of the event loop ${longest.toFixed(0)} ms\n`,
    );
    // Those that are cut off while they send a body that nobody wants get none.
    expect(sender.answers).toBeGreaterThan(budget * 0.95);
    expect(longest).toBeLessThan(longestTurnMs);
    expect(await bed.call("GET", "/livez")).toMatchObject({ code: 200 });
  },
);
