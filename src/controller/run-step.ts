import { labels } from "../api/names.ts";
import { isReplacementName } from "../core/plan/container-name.ts";
import type { DesiredContainer } from "../core/plan/desired-container.ts";
import type { Step } from "../core/plan/step.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ContainerFiles } from "../ports/container-files.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import type { OwnerAccount } from "../core/account/owner-account.ts";
import type { Identity } from "../ports/identity.ts";
import type { InstanceLock } from "../ports/lock.ts";
import type { OwnerFiles } from "../ports/owner-files.ts";
import { ConflictError, StalledError, WaitingError } from "../util/errors.ts";
import type { AggregateBook } from "./aggregate-book.ts";
import type { ContainerAccount } from "./container-account.ts";
import type { ContainerSecrets } from "./container-secrets.ts";
import { seedContainer } from "./container-seed.ts";
import type { GivenFileBook } from "./given-file-book.ts";
import type { HostState } from "./host-state.ts";
import type { ImageBook } from "./image-book.ts";
import type { RuntimeCache } from "./runtime-cache.ts";
import type { SeedTurns } from "./seed-turns.ts";
import type { UseCheck } from "./use-check.ts";
import { refuseForeignVolumes } from "./volume-check.ts";

/** What steps need to be carried out. */
export interface StepContext {
  readonly runtime: ContainerRuntime;
  readonly cache: RuntimeCache;
  readonly host: HostState;
  readonly images: ImageBook;
  readonly useCheck: UseCheck;
  readonly seeds: SeedTurns;
  readonly account: Pick<ContainerAccount, "beforeStart">;
  readonly identity: Pick<Identity, "accountOf">;
  readonly ownerFiles: OwnerFiles;
  readonly givenFiles: Pick<GivenFileBook, "variables">;
  readonly containerFiles: ContainerFiles;
  readonly secrets: Pick<ContainerSecrets, "beforeCreate" | "beforeStart" | "tidy">;
  readonly aggregates: Pick<AggregateBook, "ensure">;
  readonly lock: InstanceLock;
  /** A container was made for the object just now, under its own name, by this very call. */
  readonly onCreated: (record: ContainerRecord, id: string) => void;
  /** Long work (pull, stop) begins; its end follows for certain. */
  readonly onLongStepStart: () => void;
  /** Long work has ended; `error` says how, undefined for success. */
  readonly onLongStepEnd: (record: ContainerRecord, step: Step, error: unknown) => void;
}

type Executor<K extends Step["do"]> = (
  step: Extract<Step, { do: K }>,
  record: ContainerRecord,
  context: StepContext,
) => Promise<StepProgress>;

/** `goes-on`: long work continues beside the worker, and its end wakes the key. */
export type StepProgress = "done" | "goes-on";

/** One executor a step; a step without one does not compile. Long ones go on beside the worker. */
const executors: { readonly [K in Step["do"]]: Executor<K> } = {
  // eslint-disable-next-line typescript/require-await -- the pull goes on beside the worker
  pull: async (step, record, context) => {
    context.onLongStepStart();
    const pull = context.images.pull(step.image, record);
    void pull.then(
      () => context.onLongStepEnd(record, step, undefined),
      (error: unknown) => context.onLongStepEnd(record, step, error),
    );
    return "goes-on";
  },
  // eslint-disable-next-line typescript/require-await -- the build goes on beside the worker
  build: async (step, record, context) => {
    context.onLongStepStart();
    void context.images.builds.build(record).then(
      () => {
        // Its event may come later than the next look.
        context.images.forget();
        context.onLongStepEnd(record, step, undefined);
      },
      (error: unknown) => context.onLongStepEnd(record, step, error),
    );
    return "goes-on";
  },
  tag: async (step, record, context) => {
    await context.images.tag(step, record);
    return "done";
  },
  makeHostPath: async (step, record, context) => {
    await context.ownerFiles.make(step.path, step.kind, await ownerOf(record, context));
    return "done";
  },
  create: async (step, record, context) => {
    const isReplacement = isReplacementName(step.container.name);
    await context.useCheck.beforeCreate(record);
    const { volumes } = step.container;
    await context.secrets.beforeCreate(record);
    await refuseForeignVolumes(volumes, `${record.namespace}/${record.name}`, context.runtime);
    try {
      const id = await context.runtime.create(await withFiles(step, record, context));
      if (!isReplacement) context.onCreated(record, id);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      await adopt(step.container, record, context, error);
    }
    context.images.used(record.uid);
    // Under its own name it is started at once, and looked at then; what presets mount in it only it shows.
    if (isReplacement || (record.spec?.presets ?? []).length > 0)
      await context.cache.refresh(step.container.name);
    return "done";
  },
  seed: async (step, record, context) => {
    const container = await context.cache.refresh(step.id ?? step.name);
    // One that was found under the name may run by now: what it has written stays.
    if (container === undefined || container.startedAt !== null) return "done";
    const { containerFiles: files, ownerFiles, seeds } = context;
    const owner = (): Promise<OwnerAccount> => ownerOf(record, context);
    await seeds.run(step, async () => seedContainer(container, step, { files, ownerFiles, owner }));
    return "done";
  },
  start: async (step, record, context) => {
    if (!context.host.keepsReservation(record.uid)) {
      throw new WaitingError({
        reason: "DevicesTaken",
        message: `${step.name} is not started: a device it was made for is held by another container`,
      });
    }
    const known = step.id === null ? context.cache.byName(step.name) : context.cache.get(step.id);
    await context.account.beforeStart(record, step.id ?? step.name, known);
    await context.secrets.beforeStart(record, step.id ?? step.name, known);
    // Right before, for what a path leads to may change at any time.
    await context.useCheck.beforeStart(record, known);
    await context.runtime.start(step.id ?? step.name);
    await context.cache.refresh(step.id ?? step.name);
    return "done";
  },
  pause: async (step, _record, context) => {
    await context.runtime.pause(step.id);
    await context.cache.refresh(step.id);
    return "done";
  },
  unpause: async (step, _record, context) => {
    await context.runtime.unpause(step.id);
    await context.cache.refresh(step.id);
    return "done";
  },
  // eslint-disable-next-line typescript/require-await -- the stop goes on beside the worker
  stop: async (step, record, context) => {
    // One without grace is also sent beside one with grace that is under way: the engine carries out both.
    context.host.markStopping(step.id, step.graceMs);
    context.onLongStepStart();
    const stop = context.runtime.stop(step.id, step.graceMs);
    void stop
      .finally(() => context.host.doneStopping(step.id))
      .then(
        () => context.onLongStepEnd(record, step, undefined),
        (error: unknown) => context.onLongStepEnd(record, step, error),
      );
    return "goes-on";
  },
  remove: async (step, _record, context) => {
    await context.runtime.remove(step.id);
    await context.cache.refresh(step.id);
    return "done";
  },
  rename: async (step, _record, context) => {
    await context.runtime.rename(step.id, step.to);
    await context.cache.refresh(step.id);
    return "done";
  },
  update: async (step, _record, context) => {
    await context.runtime.update(step.id, { limits: step.limits, restartPolicyNo: step.restartPolicyNo });
    await context.cache.refresh(step.id);
    return "done";
  },
};

/** Only what the engine is given has what stands in files: nothing that is decided on, written down or told has. */
async function withFiles(
  { container, files = [] }: Extract<Step, { do: "create" }>,
  record: ContainerRecord,
  { givenFiles }: StepContext,
): Promise<DesiredContainer> {
  const variables = await givenFiles.variables(files, record);
  return { ...container, environment: { ...variables, ...container.environment } };
}

/** As whom files of the host are touched for the object. */
async function ownerOf(
  { namespace, name }: ContainerRecord,
  { identity }: StepContext,
): Promise<OwnerAccount> {
  const owner = await identity.accountOf(namespace);
  if (owner !== undefined) return owner;
  throw new StalledError({
    reason: "UnknownUser",
    message: `${namespace}/${name} uses files of its owner; this host has no user "${namespace}"`,
    remedy: "add the account",
  });
}

/** Carries out one step, or begins it when it takes long. */
export async function runStep(
  step: Step,
  record: ContainerRecord,
  context: StepContext,
): Promise<StepProgress> {
  const execute = executors[step.do] as Executor<Step["do"]>;
  return await execute(step as never, record, context);
}

/**
 * A lost create may exist: 409, inspect, adopt when it is the one that was wanted (peers 3.7). One of ours that was
 * made for other devices or another spec is left to the next decision, and so is somebody else's.
 */
async function adopt(
  wanted: DesiredContainer,
  record: ContainerRecord,
  context: StepContext,
  conflict: ConflictError,
): Promise<void> {
  const found = await context.cache.refresh(wanted.name);
  // Its name is taken and nothing is there yet: somebody is creating it right now.
  if (found === undefined) throw conflict;
  const same = ([labels.uid, labels.instance, labels.specHash, labels.gpuUuids] as const).every(
    (label) => found.labels[label] === wanted.labels[label],
  );
  if (same && found.labels[labels.uid] === record.uid) return;
  throw new WaitingError({
    reason: "NameTaken",
    message: `a container called ${wanted.name} is there already and is not the one that was wanted`,
    cause: conflict,
  });
}
