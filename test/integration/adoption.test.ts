import { describe, expect, onTestFinished, test } from "vitest";
import { annotations, labels } from "../../src/api/names.ts";
import type { FurtherSettings } from "../../src/core/adoption/further-settings.ts";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import { plainSecurity } from "../../src/core/plan/container-security.ts";
import type { AdoptionRequest, PlannedAdoption } from "../../src/ports/adoptions.ts";
import { plainSettings } from "../support/adoptions.ts";
import { startApiBed } from "../support/api-bed.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { desiredContainer, gpuAttachment } from "../support/desired-container.ts";
import { inventory } from "../support/devices.ts";
import { device } from "../support/world-builder.ts";

function newBed(before?: ControllerBed): ControllerBed {
  const bed = before === undefined ? new ControllerBed() : new ControllerBed({}, before.store, before);
  bed.provider.answer = () => inventory([device(0), device(1)]);
  onTestFinished(() => bed.stop());
  return bed;
}

/** A controller that knows its engine and its specs. */
async function started(bed: ControllerBed, name = "llm", fields: Partial<DesiredContainer> = {}) {
  const own = { "aime.mlc.USER": "alice", "aime.mlc.NAME": "llm" };
  const id = bed.runtime.run(desiredContainer(name, { labels: own, ...fields }));
  bed.furtherSettings.set(id, { ...plainSettings, deviceDrivers: ["nvidia"] });
  bed.start();
  await bed.until("it to be known", () => bed.manager.ready() && bed.manager.settled());
  bed.runtime.clearCalls();
  return id;
}

const request = (given: Partial<AdoptionRequest> = {}): AdoptionRequest => ({
  container: "llm",
  owner: null,
  name: null,
  by: "root",
  ...given,
});

const adoptionsOf = (bed: ControllerBed) => bed.manager.controlPlane().adoptions;
const examine = async (bed: ControllerBed, given: Partial<AdoptionRequest> = {}): Promise<PlannedAdoption> =>
  adoptionsOf(bed).examine(request(given));
const write = (bed: ControllerBed, { answer }: PlannedAdoption): void =>
  bed.source.write(answer.path, answer.text);

async function adopted(bed: ControllerBed, given: Partial<AdoptionRequest> = {}): Promise<PlannedAdoption> {
  const planned = await examine(bed, given);
  await adoptionsOf(bed).promise(planned.adoption);
  write(bed, planned);
  const { namespace, name } = planned.adoption;
  await bed.until("it to run", () => bed.phase(`${namespace}/${name}`) === "Running");
  return planned;
}

const withGpu = { attachment: gpuAttachment("0") };

describe("a container that is adopted", () => {
  test("is its spec's from the moment in which that is taken up, and nothing is done to it", async () => {
    const bed = newBed();
    const id = await started(bed, "llm", withGpu);
    const { adoption, answer } = await adopted(bed);
    expect(answer).toMatchObject({ namespace: "alice", name: "llm", path: "users/alice/llm.yaml", id });
    expect(bed.record("alice/llm")).toMatchObject({ uid: adoption.uid, status: { container: { id } } });
    expect(bed.record("alice/llm")?.status.gpus).toMatchObject([{ uuid: "GPU-0" }]);
    await bed.pass(600_000);
    expect(bed.runtime.containers).toHaveLength(1);
    expect(bed.runtime.mutations).toEqual([]);
  });

  test("stays nobody's while its spec is not there, also for the next controller", async () => {
    const first = newBed();
    const id = await started(first, "llm", withGpu);
    const planned = await examine(first);
    await adoptionsOf(first).promise(planned.adoption);
    await first.stop();

    const next = newBed(first);
    next.start();
    await next.until("it to be ready", () => next.manager.ready() && next.manager.settled());
    await next.pass(120_000);
    expect(next.store.list("ContainerSpec")).toEqual([]);
    expect(next.runtime.container(id).state).toBe("running");
    // It is adopted with the same words as if nothing had been.
    await adopted(next);
    expect(next.runtime.mutations).toEqual([]);
  });

  test("is its spec's when the controller ended between the two, or right after both", async () => {
    const first = newBed();
    const id = await started(first, "llm", withGpu);
    const planned = await examine(first);
    await adoptionsOf(first).promise(planned.adoption);
    await first.stop();
    const next = newBed(first);
    write(next, planned);
    next.start();
    await next.until("it to run", () => next.phase("alice/llm") === "Running");
    await next.pass(60_000);
    expect(next.record("alice/llm")?.status.container?.id).toBe(id);
    expect(next.runtime.mutations).toEqual([]);
  });

  test("is waited for by a spec that came without the promise", async () => {
    const bed = newBed();
    const id = await started(bed, "llm", withGpu);
    const planned = await examine(bed);
    write(bed, planned);
    await bed.until("it to wait", () => bed.record("alice/llm")?.status.reason === "NotAdopted");
    // The last GPU that is free is not kept for it.
    bed.declare("bob", "train", ["gpus: { count: 1 }"]);
    await bed.until("somebody else's to run", () => bed.phase("bob/train") === "Running");
    await bed.pass(60_000);
    bed.runtime.clearCalls();
    expect(bed.runtime.mutations).toEqual([]);
    const again = await examine(bed);
    expect(again.isWritten).toBe(true);
    await adoptionsOf(bed).promise(again.adoption);
    await bed.until("it to run", () => bed.phase("alice/llm") === "Running");
    expect(bed.record("alice/llm")?.status.container?.id).toBe(id);
    expect(bed.runtime.mutations).toEqual([]);
  });

  test("is not to be had by writing its id into another spec", async () => {
    const bed = newBed();
    await started(bed, "llm", withGpu);
    const planned = await examine(bed);
    await adoptionsOf(bed).promise(planned.adoption);
    const text = planned.answer.text.replace("name: llm", "name: mine");
    bed.source.write("users/mallory/mine.yaml", text);
    bed.source.write(
      "users/alice/llm.yaml",
      planned.answer.text.replace("image: bed/base:1", "image: bed/other:1"),
    );
    await bed.until("both to wait", () =>
      ["mallory/mine", "alice/llm"].every((key) => bed.record(key)?.status.reason === "NotAdopted"),
    );
    expect(bed.runtime.mutations).toEqual([]);
  });

  test("runs as its owner where that is who it runs as, and as a number where it is not", async () => {
    const bed = newBed();
    await started(bed, "llm", { user: "1001:1001" });
    expect((await examine(bed)).answer.text).toContain("user: owner");
    await expect(examine(bed, { owner: "bob" })).rejects.toThrow("UserDenied");
  });

  test("is forgotten only when it is gone for sure", async () => {
    const bed = newBed();
    const id = await started(bed);
    await adopted(bed);
    const known = (): boolean => JSON.stringify(bed.adoptions.value).includes(id);
    bed.runtime.goDown();
    await bed.pass(120_000);
    bed.runtime.comeUp();
    await bed.until("the engine to be there", () => bed.phase("alice/llm") === "Running");
    expect(known()).toBe(true);
    bed.source.remove("users/alice/llm.yaml");
    await bed.until("it to be gone", () => bed.record("alice/llm") === undefined, 60_000);
    expect(bed.runtime.containers).toEqual([]);
    await bed.until("its entry to be gone", () => !known());
  });

  test("keeps Docker's restarts while it runs, and loses them when it stops", async () => {
    const bed = newBed();
    const id = await started(bed);
    const { config } = bed.runtime.container(id);
    bed.runtime.container(id).config = { ...config, restartPolicy: "unless-stopped" };
    const { answer } = await adopted(bed);
    await bed.pass(60_000);
    expect(bed.runtime.mutations).toEqual([]);
    bed.source.write(answer.path, answer.text.replace("desiredState: Running", "desiredState: Stopped"));
    await bed.until(
      "it to be stopped",
      () => bed.runtime.container(id).config.restartPolicy === "no",
      60_000,
    );
    expect(bed.runtime.container(id).state).toBe("exited");
    bed.source.write(answer.path, answer.text);
    await bed.until("it to run again", () => bed.phase("alice/llm") === "Running");
    expect(bed.runtime.containers.map((container) => container.id)).toEqual([id]);
  });

  test("gets what a quota supplies with its next container only", async () => {
    const bed = newBed();
    const quota =
      "spec: { subjects: { default: true }, perContainer: { default: { memory: 1Gi, shmSize: 1Gi } } }";
    bed.source.write(
      "quotas/all.yaml",
      `apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: { name: all }\n${quota}\n`,
    );
    const id = await started(bed);
    const { answer } = await adopted(bed);
    expect(answer.notes.map(({ about }) => about)).toEqual(["memory", "shmSize", "name"]);
    await bed.pass(60_000);
    expect(bed.runtime.mutations).toEqual([]);
    bed.source.write(answer.path, answer.text.replace("desiredState: Running", "desiredState: Stopped"));
    await bed.until("it to be stopped", () => bed.runtime.container(id).state === "exited", 60_000);
    bed.source.write(answer.path, answer.text);
    await bed.until("it to run again", () => bed.phase("alice/llm") === "Running", 60_000);
    expect(bed.runtime.containers.map((container) => container.id)).toEqual([id]);
    expect(bed.runtime.container(id).config.memoryBytes).toBeNull();
  });
});

describe("a container is not adopted", () => {
  async function refusal(
    fields: Partial<DesiredContainer>,
    prepare: (bed: ControllerBed, id: string) => Promise<void> | void = () => undefined,
    given: Partial<AdoptionRequest> = {},
  ): Promise<string> {
    const bed = newBed();
    const id = await started(bed, "llm", fields);
    await prepare(bed, id);
    await bed.pass(61_000);
    bed.runtime.clearCalls();
    const error: unknown = await examine(bed, given).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ reason: "AdoptionRefused" });
    expect(bed.runtime.mutations).toEqual([]);
    expect(bed.adoptions.value).toBeNull();
    return error instanceof Error ? error.message : "";
  }

  const changed = (bed: ControllerBed, id: string, further: Partial<FurtherSettings>): void =>
    void bed.furtherSettings.set(id, { ...plainSettings, ...further });

  test("that is a controller's already", async () => {
    const own = {
      [labels.managed]: "true",
      [labels.user]: "alice",
      [labels.uid]: "u",
      [labels.instance]: "other",
    };
    expect(await refusal({ labels: own })).toContain("another ds01 (other)");
    const bed = newBed();
    await started(bed);
    await adopted(bed);
    await expect(examine(bed)).rejects.toThrow("it is the container of alice/llm");
    expect(adoptionsOf(bed).candidates()).toEqual([]);
  });

  test("that would not stay as it is: made with --rm, not started, too long stopped, or revived by Docker", async () => {
    expect(await refusal({}, (bed, id) => changed(bed, id, { removedWhenStopped: true }))).toContain("--rm");
    expect(await refusal({}, (bed, id) => void (bed.runtime.container(id).state = "created"))).toContain(
      "created",
    );
    const revived = await refusal({}, (bed, id) => {
      const container = bed.runtime.container(id);
      container.config = { ...container.config, restartPolicy: "always" };
      bed.runtime.stopByHand(id);
    });
    expect(revived).toContain("restartPolicy is always");
    const removed = await refusal({}, async (bed, id) => {
      bed.runtime.stopByHand(id);
      quotaOf(bed, "lifecycle: { removeAfterStop: 1s }");
    });
    expect(removed).toContain("removeAfterStop");
  });

  function quotaOf(bed: ControllerBed, spec: string): void {
    const head = "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: { name: all }\n";
    bed.source.write("quotas/all.yaml", `${head}spec: { subjects: { default: true }, ${spec} }\n`);
  }

  test("whose rights, GPUs or number its owner's quota does not allow", async () => {
    const security = { ...plainSecurity, privileged: true };
    expect(await refusal({ security })).toContain("PrivilegedDenied");
    const nominal = await refusal(withGpu, (bed) => quotaOf(bed, "gpus: { nominal: 0.5 }"));
    expect(nominal).toContain("quotas/all.yaml");
    const number = await refusal({}, async (bed) => {
      quotaOf(bed, "maxContainers: 1");
      bed.declare("alice", "other");
      await bed.until("it to run", () => bed.phase("alice/other") === "Running");
    });
    expect(number).toContain('container 2 of alice; quota "all" allows 1 (quotas/all.yaml:4)');
  });

  test("whose GPUs are somebody else's as well, or are not known", async () => {
    const second = { attachment: gpuAttachment("GPU-0"), labels: {} };
    expect(
      await refusal(withGpu, (bed) => void bed.runtime.run(desiredContainer("beside", second))),
    ).toContain("also used by beside");
    expect(await refusal({ attachment: gpuAttachment("17") })).toContain("called 17");
  });

  test("whose owner or name is not clear or not free", async () => {
    expect(await refusal({ labels: {} })).toContain("nothing tells whose it is");
    const taken = async (bed: ControllerBed): Promise<void> => {
      bed.declare("alice", "llm");
      await bed.until("it to run", () => bed.phase("alice/llm") === "Running");
    };
    expect(await refusal({}, taken)).toContain("alice/llm is there already");
    const other = { ...request(), name: "llm", owner: "bob" };
    const named = (bed: ControllerBed): void => void bed.runtime.run(desiredContainer("llm._.bob"));
    expect(await refusal({}, named, other)).toContain("llm._.bob");
  });

  test("that does not exist", async () => {
    const bed = newBed();
    await started(bed);
    await expect(examine(bed, { container: "nothing" })).rejects.toMatchObject({
      reason: "ContainerNotFound",
    });
  });
});

describe("the way to it", () => {
  const path = "/apis/ds01.io/v1alpha1/adoptions";

  test("is open to admins alone", async () => {
    const bed = await startApiBed();
    const body = JSON.stringify({ container: "llm" });
    bed.actAs("alice");
    expect((await bed.call("GET", path)).code).toBe(403);
    expect((await bed.call("POST", path, { body })).code).toBe(403);
    bed.actAs("carol");
    expect((await bed.call("GET", path)).code).toBe(200);
    expect((await bed.call("POST", path, { body })).code).toBe(404);
    expect((await bed.call("POST", path, { body: "{}" })).code).toBe(400);
    expect((await bed.call("POST", path, { body: "{" })).code).toBe(400);
  });

  test("takes the promise back when the spec cannot be written, and not when it is only late", async () => {
    const done: string[] = [];
    const planned: PlannedAdoption = {
      adoption: {
        id: "a".repeat(64),
        namespace: "alice",
        name: "llm",
        uid: "u",
        specHash: "v1:x",
        gpuUuids: [],
        gpuSlots: [],
        gpuSlices: "",
        at: 0,
        by: "root",
        injection: "none",
      },
      answer: {
        container: "llm",
        id: "a".repeat(64),
        namespace: "alice",
        name: "llm",
        path: "users/alice/llm.yaml",
        text: `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: { name: llm, annotations: { ${annotations.adopts}: "${"a".repeat(64)}" } }\nspec: { image: x }\n`,
        notes: [],
        adopted: false,
      },
      isWritten: false,
    };
    const bed = await startApiBed();
    bed.control.adoptions = {
      candidates: () => [],
      examine: async () => planned,
      promise: async () => void done.push("promise"),
      withdraw: async () => void done.push("withdraw"),
    };
    const body = JSON.stringify({ container: "llm" });
    expect((await bed.call("POST", `${path}?dryRun=All`, { body })).code).toBe(200);
    expect(done).toEqual([]);
    const answer = await bed.call("POST", path, { body });
    expect(JSON.parse(answer.text)).toMatchObject({ adopted: true });
    expect(done).toEqual(["promise"]);
    bed.control.adoptions = {
      ...bed.control.adoptions,
      examine: async () => ({ ...planned, adoption: { ...planned.adoption, name: "bad" } }),
    };
    bed.control.adoptions = {
      ...bed.control.adoptions,
      examine: async () => ({ ...planned, answer: { ...planned.answer, text: "spec: nonsense\n" } }),
    };
    expect((await bed.call("POST", path, { body })).code).not.toBe(200);
    expect(done).toEqual(["promise", "promise", "withdraw"]);
  });
});
