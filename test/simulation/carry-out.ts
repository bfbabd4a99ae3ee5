import { labels } from "../../src/api/names.ts";
import { isAlive } from "../support/fake-container.ts";
import type { FakeContainer } from "../support/fake-container.ts";
import { desiredContainer, gpuAttachment } from "../support/desired-container.ts";
import type { Operation } from "./operation.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

type Carry<K extends Operation["do"]> = (
  operation: Extract<Operation, { do: K }>,
  world: SimulatedWorld,
) => void;

const carriers: { readonly [K in Operation["do"]]: Carry<K> } = {
  write: ({ path, text }, { tree }) => tree.write(path, text),
  writeSlowly: ({ path, text, afterMs }, world) => {
    world.tree.write(path, text.slice(0, text.length / 2));
    later(world, `the rest of ${path}`, afterMs, () => world.tree.write(path, text));
  },
  replace: ({ path, text, afterMs }, world) => {
    world.tree.remove(path);
    later(world, `${path} is back`, afterMs, () => world.tree.write(path, text));
  },
  break: ({ path }, { tree }) => {
    const text = tree.files.get(path);
    if (text !== undefined) tree.write(path, `${text}  nonsense: [`);
  },
  declare: ({ path, state }, { tree }) => {
    const text = tree.files.get(path);
    if (text === undefined) return;
    const without = text.replace(/^ {2}desiredState: \w+\n/m, "");
    tree.write(path, `${without}  desiredState: ${state}\n`);
  },
  move: ({ path, to }, { tree }) => {
    const text = tree.files.get(path);
    if (text === undefined || tree.files.has(to)) return;
    tree.remove(path);
    tree.write(to, text);
  },
  delete: ({ path }, { tree }) => tree.remove(path),
  deleteFolder: ({ path }, { tree }) => {
    for (const file of tree.files.keys()) if (file.startsWith(`${path}/`)) tree.remove(file);
  },
  treeAway: ({ forMs }, world) => {
    world.tree.unavailable = "cannot read the specs: input/output error";
    later(world, "the tree is back", forMs, () => {
      world.tree.unavailable = null;
    });
  },
  treeEvents: ({ lost }, { tree }) => {
    tree.losesEvents = lost;
  },
  hand: ({ command, which }, world) => {
    const { containers } = world.engine;
    const container = containers[which % Math.max(1, containers.length)];
    if (container !== undefined) commands[command](container, world);
  },
  foreign: ({ name, gpu, instance }, world) => {
    if (world.engine.containers.some((one) => one.name === name)) return;
    const id = world.engine.run(
      desiredContainer(name, {
        ...(gpu === null ? {} : { attachment: gpuAttachment(gpu) }),
        labels: instance === null ? {} : labelsOf(instance),
      }),
    );
    world.observer.onHand(id);
  },
  fault: ({ fault }, { weather }) => weather.add(fault),
  events: ({ how }, { weather }) => {
    weather.losesEvents = how === "lost";
    weather.repeatsEvents = how === "repeated";
  },
  engineAway: ({ forMs, restart }, world) => {
    world.engine.goDown();
    later(world, "the engine is back", forMs, () => {
      if (restart) world.engine.restartEngine();
      else world.engine.comeUp();
    });
  },
  emergency: ({ user, over }, world) => {
    const plane = world.acting?.manager.controlPlane();
    const done = over
      ? plane?.resume(user, "root")
      : plane?.emergencyStop({ user, by: "root", reason: "smoke in the rack" });
    // There is none to take back, or it cannot be written down: the admin is told.
    done?.catch((error: unknown) => world.observer.onRefusal(error));
  },
  book: ({ name, user, device, inMs, forMs }, { tree, clock }) => {
    const at = (time: number): string => new Date(time).toISOString();
    const start = clock.now() + inMs;
    const lines = [
      "apiVersion: ds01.io/v1alpha1",
      "kind: ReservationSpec",
      `metadata: { name: ${name} }`,
      "spec:",
      `  subjects: { users: [${user}] }`,
      `  devices: [${device}]`,
      `  start: "${at(start)}"`,
      `  end: "${at(start + forMs)}"`,
      "",
    ];
    tree.write(`reservations/${name}.yaml`, lines.join("\n"));
  },
  cards: ({ whole }, { devices }) => {
    devices.wholeGpus = whole;
  },
  gpu: ({ how, uuid }, { devices }) => {
    if (how === "sick") devices.sick.add(uuid);
    else if (how === "well") devices.sick.delete(uuid);
    else if (how === "gone") devices.gone.add(uuid);
    else devices.gone.delete(uuid);
  },
  recut: ({ layout }, { devices }) => {
    devices.layout = layout;
  },
  gpuStackAway: ({ forMs }, world) => {
    world.devices.failure = "nvidia-smi did not answer within 10 s";
    later(world, "nvidia-smi answers", forMs, () => {
      world.devices.failure = null;
    });
  },
  diskFull: ({ forMs }, world) => {
    world.disk.isFull = true;
    later(world, "the disk has space", forMs, () => {
      world.disk.isFull = false;
    });
  },
  clock: ({ byMs }, { clock }) => clock.jump(byMs),
  crash: ({ downMs }, world) => {
    const acting = world.lockHolder;
    if (acting === null) return;
    world.kill(acting);
    later(world, "systemd starts ds01", downMs, () => world.startController());
  },
  halt: ({ forMs, second }, world) => {
    const halted = world.acting;
    if (halted === null) return;
    halted.halt();
    if (second) later(world, "somebody starts a second ds01", forMs / 2, () => world.startController());
    later(world, `${halted.name} goes on`, forMs, () => world.resume(halted));
  },
};

const commands: Readonly<
  Record<
    Extract<Operation, { do: "hand" }>["command"],
    (container: FakeContainer, world: SimulatedWorld) => void
  >
> = {
  stop: ({ id, state }, { engine }) => {
    if (isAlive(state)) engine.stopByHand(id);
  },
  kill: ({ id, state }, { engine }) => {
    if (isAlive(state)) engine.kill(id);
  },
  rm: ({ id }, { engine }) => engine.removeByHand(id),
  start: ({ id, state }, world) => {
    if (isAlive(state)) return;
    world.observer.onHand(id);
    world.engine.startByHand(id);
  },
  pause: ({ id, state }, { engine }) => {
    if (state === "running") engine.pauseByHand(id);
  },
  unpause: ({ id, state }, { engine }) => {
    if (state === "paused") engine.unpauseByHand(id);
  },
  rename: ({ id, name }, { engine }) => {
    if (!engine.containers.some((other) => other.name === `${name}-mine`))
      engine.renameByHand(id, `${name}-mine`);
  },
  oom: ({ id, state }, { engine }) => {
    if (isAlive(state)) engine.killForMemory(id);
  },
  killShim: (container, world) => {
    if (!isAlive(container.state)) return;
    world.engine.killShim(container.id);
    later(world, `the last process of ${container.name} ends`, 30_000, () => {
      container.lingering = false;
    });
  },
};

/** Another controller's container of an object that is called as one of ours, and has its uid too. */
function labelsOf(instance: string): Readonly<Record<string, string>> {
  return {
    [labels.managed]: "true",
    [labels.instance]: instance,
    [labels.user]: "alice",
    [labels.name]: "one",
    [labels.uid]: "uid-1",
  };
}

/** Does it now; what takes its time goes on by itself. */
export function carryOut(operation: Operation, world: SimulatedWorld): void {
  const carry = carriers[operation.do] as Carry<Operation["do"]>;
  carry(operation, world);
}

function later(world: SimulatedWorld, label: string, delayMs: number, run: () => void): void {
  world.scheduler.add(null, "outside", { label, delayMs, run });
}
