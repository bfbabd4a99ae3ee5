import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ProxyRule } from "../bed/docker-proxy.ts";
import { waitFor } from "../bed/wait-for.ts";
import type { FaultId } from "../support/faults.ts";
import { recordFault } from "../support/record-fault.ts";
import { Bystanders } from "./bystanders.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

interface WireFault {
  readonly id: FaultId;
  readonly rules: readonly ProxyRule[];
  /** How many requests must have met it before it ends. */
  readonly meets: number;
  /** Whether all must be done while it lasts. */
  readonly getsDone?: boolean;
}

const changes = ["POST", "DELETE"] as const;
const onChanges = (rule: ProxyRule): readonly ProxyRule[] => changes.map((method) => ({ ...rule, method }));

const wireFaults: readonly (readonly [what: string, fault: WireFault])[] = [
  [
    "every answer comes 2 s late",
    { id: "wire-slow", rules: [{ fault: "delay", delayMs: 2000 }], meets: 5, getsDone: true },
  ],
  ["every connection is dropped", { id: "wire-reset", rules: [{ fault: "reset" }], meets: 5 }],
  ["answers end in their middle", { id: "wire-cut", rules: [{ fault: "cut" }], meets: 3 }],
  [
    "everything is answered with 500",
    { id: "wire-500", rules: [{ fault: "status", status: 500 }], meets: 5 },
  ],
  [
    "every change is answered with 409",
    { id: "wire-409", rules: onChanges({ fault: "status", status: 409 }), meets: 3 },
  ],
  [
    "the engine acts and its answers are lost",
    { id: "wire-lost", rules: onChanges({ fault: "lost", times: 3 }), meets: 3, getsDone: true },
  ],
];

describe("what lies between the controller and the engine", () => {
  const standing = ["alice/train", "bob/serve"];
  let host: Host;
  let others: Bystanders;
  let round = 0;

  const runs = async (): Promise<readonly string[]> =>
    Promise.all(
      standing.map(async (key) => {
        const { Id, State } = await host.dockerInspect(key);
        return `${key} ${Id} ${State.StartedAt}`;
      }),
    );
  const ownNames = async (): Promise<readonly string[]> => {
    const filters = { label: ["ds01.managed=true"] };
    const listed = await host.engine.docker.listContainers({ all: true, filters });
    return listed.map(({ Names: [name = ""] }) => name.slice(1)).toSorted();
  };

  beforeAll(async () => {
    const files = {
      "users/alice/train.yaml": containerSpec("train", { gpus: { count: 1 } }),
      "users/bob/serve.yaml": containerSpec("serve"),
    };
    host = await startHost({ name: "wire-faults", nvidia: "2xL40S", files });
    for (const key of standing) await host.waitForReady(key);
    others = await Bystanders.start(host.engine.docker);
  });

  afterEach(async () => {
    await others.expectUntouched();
  });

  afterAll(async () => {
    await host.stop();
  });

  it.each(wireFaults)("must cost time and nothing else when %s", { timeout: 600_000 }, async (_, fault) => {
    round += 1;
    const [fresh, gone, hit] = ["new", "gone", "hit"].map((name) => `carol/${name}${round}`) as [
      string,
      string,
      string,
    ];
    const file = (key: string): string => `users/${key}.yaml`;
    for (const key of [gone, hit]) host.drop(file(key), containerSpec(key.split("/")[1] ?? ""));
    for (const key of [gone, hit]) await host.waitForReady(key);
    const before = await runs();
    host.proxy.clear();

    const ends = fault.rules.map((rule) => host.proxy.addRule(rule));
    host.drop(file(fresh), containerSpec(fresh.split("/")[1] ?? ""));
    host.removeFile(file(gone));
    await host.engine.docker.getContainer(dockerName(hit)).kill();
    const met = (): number => host.proxy.requests.filter((request) => request.fault !== undefined).length;
    await waitFor(`${fault.meets} requests to meet it`, () => met() >= fault.meets);
    const allDone = async (): Promise<void> => {
      await host.waitForReady(fresh, 90_000);
      await host.waitForObject(hit, "up again", ({ status }) => status.restarts === 1, 90_000);
      await host.waitForReady(hit, 90_000);
      await host.waitUntilGone(gone, 90_000);
    };
    if (fault.getsDone === true) await allDone();
    const failed = met();
    for (const end of ends) end();
    await allDone();

    expect(await runs()).toEqual(before);
    expect(await ownNames()).toEqual([...[...standing, fresh, hit].map(dockerName), "x._.zoe"].toSorted());
    host.proxy.clear();
    await host.client.resync();
    expect(host.proxy.mutations()).toEqual([]);
    recordFault(
      fault.id,
      `met by at least ${fault.meets} requests${fault.getsDone === true ? ", all done while it lasted" : ""}: one container made, one started again, one removed, none twice; ${before.length} others kept their ids and start times`,
    );
    expect(failed).toBeGreaterThanOrEqual(fault.meets);
    await host.remove(fresh, hit);
  });

  /** A create that is on its way when its controller is killed; hands it to the engine. */
  async function createOnItsWay(key: string): Promise<() => void> {
    const arrive = host.proxy.addRule({ fault: "late", method: "POST", path: /\/create$/, times: 1 });
    host.proxy.clear();
    host.drop(`users/${key}.yaml`, containerSpec(key.split("/")[1] ?? ""));
    await waitFor("the create to be on its way", () =>
      host.proxy.requests.some((request) => request.fault === "late"),
    );
    await host.controller.end("SIGKILL");
    return arrive;
  }

  it("must not make a container twice when the engine hears of it only after the next controller has made it", async () => {
    const key = "carol/late";
    const before = await runs();
    const arrive = await createOnItsWay(key);
    await host.startController();
    await host.waitForReady(key);
    const ids = await host.containersOf(key);
    arrive();
    await host.client.resync();
    expect(await host.containersOf(key)).toEqual(ids);
    expect(ids).toHaveLength(1);
    expect(await runs()).toEqual(before);
    recordFault("wire-late", `${ids.length} container, made by the next controller, kept its id`);
    await host.remove(key);
  });

  it("must remove what the engine makes when its object is gone by then", async () => {
    const key = "carol/gone";
    const before = await runs();
    const arrive = await createOnItsWay(key);
    host.removeFile(`users/${key}.yaml`);
    await host.startController();
    await host.waitUntilGone(key);
    arrive();
    // It may be gone again before anybody looks.
    const isRemoved = (): boolean => host.proxy.mutations().some((one) => one.startsWith("DELETE "));
    await waitFor(
      "the engine to make it",
      async () => (await host.containersOf(key)).length === 1 || isRemoved(),
    );
    await waitFor("it to be removed", isRemoved);
    await host.waitUntilGone(key);
    expect(await runs()).toEqual(before);
    recordFault(
      "wire-late-gone",
      "the container that nobody declared any more was removed; nothing else was touched",
    );
  });
});
