import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { KindName } from "../../src/api/names.ts";
import { kindByWord } from "../../src/api/names.ts";
import { isAbort, messageOf } from "../../src/util/errors.ts";
import { updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { containerSpec } from "../e2e/spec-text.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import type { SoakHost } from "./soak-host.ts";

/** How many of each stand at once: what is older is deleted when a new one comes. */
const standing = { service: 4, job: 3, git: 2 } as const;

type Sort = keyof typeof standing;

interface Standing {
  readonly sort: Sort;
  readonly name: string;
  stopped: boolean;
}

/** What people, programs and accidents do to a machine on an ordinary day, one thing at a time, drawn from a seed. */
export class MixedLoad {
  readonly #machine: SoakHost;
  readonly #random: SeededRandom;
  readonly #open = new Set<AbortController>();
  #standing: Standing[] = [];
  #named = 0;
  /** How often each thing was done. */
  readonly done = new Map<string, number>();
  /** What went wrong with it; while the engine is away some of it must. */
  readonly failed: string[] = [];
  /** Names are never used twice: what is kept of each that has gone must not pile up without a bound. */
  past = 0;

  constructor(machine: SoakHost, seed: number) {
    this.#machine = machine;
    this.#random = new SeededRandom(seed);
  }

  readonly #actions: Readonly<Record<string, () => Promise<void>>> = {
    service: async () => this.#create("service"),
    job: async () => this.#create("job"),
    push: async () => this.#create("git"),
    edit: async () => this.#edit(),
    stopOrStart: async () => this.#stopOrStart(),
    lists: async () => this.#lists(),
    watch: async () => this.#watch(),
    follow: async () => this.#follow(),
    exec: async () => this.#exec(),
    questions: async () => this.#questions(),
    commandLine: async () => this.#commandLine(),
    mistake: async () => this.#mistake(),
    kill: async () => this.#kill(),
    halfRequest: async () => this.#halfRequest(),
    gpuFault: async () => this.#gpuFault(),
  };

  /** Everything that can be done, for a first round that has met it all. */
  get actions(): readonly string[] {
    return Object.keys(this.#actions);
  }

  /** Does one thing, drawn unless named. */
  async act(name: string = this.#random.pick(this.actions)): Promise<void> {
    this.done.set(name, (this.done.get(name) ?? 0) + 1);
    try {
      await this.#actions[name]?.();
    } catch (error) {
      this.failed.push(`${new Date().toISOString()} ${name}: ${messageOf(error)}`);
    }
  }

  /** Short jobs, so many at once and gone again, until it says that it is enough. */
  async fill(atOnce: number, isEnough: () => Promise<boolean>): Promise<void> {
    const { host } = this.#machine;
    while (!(await isEnough())) {
      const names = Array.from({ length: atOnce }, () => `fill-${++this.#named}`);
      for (const [index, name] of names.entries()) {
        const gpus = index % 2 === 0 ? { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "1s" } } : {};
        const text = containerSpec(name, { command: ["true"], restartPolicy: "Never", ...gpus });
        this.#machine.drop(`users/alice/${name}.yaml`, text);
      }
      const haveEnded = async (): Promise<boolean> => {
        const { items } = await host.client.list(kind("container"), { namespace: "alice" });
        const ended = items.filter(({ status }) => (status as { phase?: string }).phase === "Completed");
        return names.every((name) => ended.some(({ metadata }) => metadata.name === name));
      };
      await waitFor("short jobs to end", haveEnded, { timeoutMs: 300_000, intervalMs: 250 });
      for (const name of names) await host.client.delete(kind("container"), { namespace: "alice", name });
      this.past += atOnce;
    }
  }

  /** Restarts the engine, every other time by a kill; containers live on, and everybody finds the engine again. */
  async restartEngine(byKill: boolean): Promise<void> {
    const { host } = this.#machine;
    if (byKill) await host.engine.kill("KILL");
    await host.engine.restart();
    await host.client.resync();
  }

  /** Ends what is open, deletes what stands, and waits until nothing is left of it; throws with what is left. */
  async clear(): Promise<void> {
    for (const one of this.#open) one.abort();
    const { host } = this.#machine;
    // By the API: as many files that vanish at once would be held back, as they should.
    for (const one of this.#standing) await this.#remove(one, true);
    let left = "";
    const isClear = async (): Promise<boolean> => {
      const { items } = await host.client.list(kind("container"), {});
      const containers = await host.engine.docker.listContainers({ all: true });
      const objects = items.map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status)}`);
      left = [...objects, ...containers.map(({ Names, Status }) => `${Names.join()} ${Status}`)].join("\n");
      return left === "";
    };
    await waitFor("nothing to be left", isClear, { timeoutMs: 120_000, intervalMs: 500 }).catch(
      (error: unknown) => {
        throw new Error(`not everything that was deleted has gone:\n${left}`, { cause: error });
      },
    );
  }

  async #create(sort: Sort): Promise<void> {
    this.#named += 1;
    const name = `${sort}-${this.#named}`;
    const gpus = this.#random.chance(0.4) ? { gpus: { count: 1 } } : {};
    if (this.#standing.filter((one) => one.sort === sort).length >= standing[sort])
      await this.#removeOldest(sort);
    const text =
      sort === "job"
        ? containerSpec(name, {
            command: ["sh", "-c", "echo works; sleep 2"],
            restartPolicy: "Never",
            ...gpus,
          })
        : containerSpec(name, { env: [{ name: "ROUND", value: "0" }], ...gpus });
    this.#write(sort, name, text);
    this.#standing.push({ sort, name, stopped: false });
  }

  #write(sort: Sort, name: string, text: string): void {
    const { git } = this.#machine;
    if (sort !== "git") return this.#machine.drop(`users/alice/${name}.yaml`, text);
    git.write(`users/gina/${name}.yaml`, text);
    git.push(name);
  }

  async #removeOldest(sort: Sort): Promise<void> {
    const oldest = this.#standing.find((one) => one.sort === sort);
    if (oldest !== undefined) await this.#remove(oldest, this.#random.chance(0.5));
  }

  async #remove(one: Standing, byApi: boolean): Promise<void> {
    const { host, git } = this.#machine;
    const { sort, name } = one;
    if (sort === "git") {
      git.remove(`users/gina/${name}.yaml`);
      git.push(name);
    } else if (byApi) await host.client.delete(kind("container"), { namespace: "alice", name });
    else this.#machine.removeFile(`users/alice/${name}.yaml`);
    this.#standing = this.#standing.filter((other) => other !== one);
    this.past += 1;
  }

  #someService(): Standing | undefined {
    const services = this.#standing.filter(({ sort, stopped }) => sort === "service" && !stopped);
    return services.length === 0 ? undefined : this.#random.pick(services);
  }

  async #edit(): Promise<void> {
    const one = this.#someService();
    if (one === undefined) return;
    const change = this.#random.chance(0.5)
      ? { env: [{ name: "ROUND", value: String(this.#random.below(1000)) }] }
      : { resources: { memory: `${64 + this.#random.below(64)}Mi` } };
    this.#machine.drop(`users/alice/${one.name}.yaml`, containerSpec(one.name, change));
    await sleep(100);
  }

  async #stopOrStart(): Promise<void> {
    const services = this.#standing.filter(({ sort }) => sort === "service");
    if (services.length === 0) return;
    const one = this.#random.pick(services);
    one.stopped = !one.stopped;
    const desiredState = one.stopped ? "Stopped" : "Running";
    const target = { namespace: "alice", name: one.name };
    await this.#machine.host.client.patch(kind("container"), target, { spec: { desiredState } });
  }

  async #lists(): Promise<void> {
    const { client } = this.#machine.host;
    for (const word of ["container", "gpu", "event", "quota", "source", "image"]) {
      await client.list(kind(word), {});
      await client.table(kind(word), {});
    }
  }

  /** Opens three watches and leaves them, one after the other, without a word. */
  async #watch(): Promise<void> {
    for (const word of ["container", "event", "gpu"]) {
      void this.#whileOpen(15_000, async (signal) => {
        const changes = this.#machine.host.client.watch(kind(word), { signal });
        for await (const change of changes) if (change.type === "BOOKMARK") continue;
      });
    }
    await sleep(50);
  }

  async #follow(): Promise<void> {
    const one = this.#someService();
    if (one === undefined) return;
    const target = { namespace: "alice", name: one.name };
    void this.#whileOpen(10_000, async (signal) => {
      const { stream } = await this.#machine.host.client.logs(target, { follow: true, signal });
      signal.addEventListener("abort", () => stream.destroy(), { once: true });
      for await (const chunk of stream) void chunk;
    });
    await sleep(50);
  }

  /** One process that ends, and one whose client goes away. */
  async #exec(): Promise<void> {
    const one = this.#someService();
    if (one === undefined) return;
    const { client } = this.#machine.host;
    const target = { namespace: "alice", name: one.name };
    const ending = await client.exec(target, { command: ["echo", "hello"] });
    ending.stdout.resume();
    await Promise.race([ending.exitCode, sleep(10_000)]);
    ending.close();
    const left = await client.exec(target, { command: ["sh", "-c", "read line"], stdin: true, tty: true });
    await sleep(200);
    left.close();
  }

  async #questions(): Promise<void> {
    const { client } = this.#machine.host;
    const one = this.#someService();
    if (one !== undefined) await client.describe({ namespace: "alice", name: one.name });
    await client.queue();
    await client.health();
    await client.gpuUsage();
    await client.limits("alice");
    await client.containerUsage(undefined);
    await client.deletedObjects();
    await client.resync();
  }

  async #commandLine(): Promise<void> {
    const { code, stderr } = await this.#machine.host.ds01("get", "containers", "-A");
    if (code !== 0) throw new Error(stderr);
  }

  /** A file with a mistake, and its correction. */
  async #mistake(): Promise<void> {
    const one = this.#someService();
    if (one === undefined) return;
    const text = containerSpec(one.name);
    this.#machine.drop(`users/alice/${one.name}.yaml`, text.replace("image:", "imgae:"));
    await sleep(1000);
    this.#machine.drop(`users/alice/${one.name}.yaml`, text);
  }

  /** By hand, past ds01. */
  async #kill(): Promise<void> {
    const one = this.#someService();
    if (one === undefined) return;
    await this.#machine.host.engine.docker
      .getContainer(`${one.name}._.alice`)
      .kill()
      .catch((error: unknown) => {
        // It may not run yet, or be made anew just now.
        if (!/No such container|is not running/.test(messageOf(error))) throw error;
      });
  }

  async #halfRequest(): Promise<void> {
    const socket = connect(this.#machine.host.socketPath);
    socket.on("error", () => undefined);
    socket.write("GET /apis/ds01.io/v1alpha1/containers HTTP/1.1\r\nhost: x\r\n");
    await sleep(200);
    socket.destroy();
  }

  /** nvidia-smi fails for some seconds. */
  async #gpuFault(): Promise<void> {
    const { gpuState } = this.#machine.host.engine;
    updateGpuState(gpuState, (state) => void (state.fault = { mode: "exit", exitCode: 1 }));
    await this.#machine.host.client.resync();
    await sleep(2000);
    updateGpuState(gpuState, (state) => void delete state.fault);
  }

  /** Keeps something open for so long, or until everything is cleared. */
  async #whileOpen(milliseconds: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    this.#open.add(controller);
    const timer = setTimeout(() => controller.abort(), milliseconds);
    try {
      await work(controller.signal);
    } catch (error) {
      if (!isAbort(error) && !controller.signal.aborted) this.failed.push(`open: ${messageOf(error)}`);
    } finally {
      clearTimeout(timer);
      this.#open.delete(controller);
    }
  }
}

function kind(word: string): KindName {
  const found = kindByWord(word);
  if (found === undefined) throw new Error(`no kind is called ${word}`);
  return found;
}
