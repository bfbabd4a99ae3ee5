import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import type { ObservedContainer } from "../../src/core/observed.ts";
import type { ContainerRuntime, RuntimeHint } from "../../src/ports/container-runtime.ts";
import { ConflictError, NotFoundError, StalledError, WaitingError } from "../../src/util/errors.ts";
import { packTar } from "../bed/tar.ts";
import { waitFor } from "../bed/wait-for.ts";
import { desiredContainer, gpuAttachment } from "../support/desired-container.ts";

/** A runtime under test, and what people do to its containers behind ds01's back. */
export interface RuntimeUnderTest {
  readonly runtime: ContainerRuntime;
  readonly byHand: {
    kill(name: string): Promise<void>;
    pause(name: string): Promise<void>;
    remove(name: string): Promise<void>;
  };
  /** A folder that can be mounted. */
  readonly folder: string;
  close(): Promise<void>;
}

/** What every ContainerRuntime does; the engine must have the images of the test bed. */
export function containerRuntimeContract(kind: string, open: () => Promise<RuntimeUnderTest>): void {
  describe(`ContainerRuntime: ${kind}`, () => {
    let test: RuntimeUnderTest;
    let runtime: ContainerRuntime;
    const names = new Set<string>();

    beforeAll(async () => {
      test = await open();
      runtime = test.runtime;
    });
    afterEach(async () => {
      const left = (await runtime.list()).filter(({ name }) => names.has(name));
      for (const { id, state } of left) {
        if (state !== "created") await runtime.stop(id, 0);
        await runtime.remove(id);
      }
      names.clear();
    });
    afterAll(() => test.close());

    /** The description of a container whose name is free and is cleaned up after the test. */
    function desired(fields: Partial<DesiredContainer> = {}): DesiredContainer {
      const name = fields.name ?? `contract${names.size}._.alice`;
      names.add(name);
      return desiredContainer(name, fields);
    }

    async function running(fields: Partial<DesiredContainer> = {}): Promise<ObservedContainer> {
      const id = await runtime.create(desired(fields));
      await runtime.start(id);
      return inspect(id);
    }

    async function inspect(idOrName: string): Promise<ObservedContainer> {
      const observed = await runtime.inspect(idOrName);
      if (observed === undefined) throw new Error(`there is no container ${idOrName}`);
      return observed;
    }

    async function ended(id: string): Promise<ObservedContainer> {
      await waitFor("the container has ended", async () => (await inspect(id)).state === "exited");
      return inspect(id);
    }

    describe("create and inspect", () => {
      it("shows a created container exactly as it was described", async () => {
        const volume = { name: "contract-shown", labels: { "ds01.user": "a.b@c-d.lan" } };
        const wanted = desired({
          entrypoint: ["/bin/sh", "-c"],
          command: ["exec /bin/serve"],
          workingDir: "/tmp",
          environment: { EPOCHS: "3", TEXT: 'a=b "c" ü', NVIDIA_VISIBLE_DEVICES: "void" },
          user: "1000:1000",
          mounts: [
            { type: "bind", source: test.folder, target: "/data/b", readOnly: true },
            { type: "bind", source: test.folder, target: "/data/a", readOnly: false },
            { type: "volume", source: volume.name, target: "/data/c", readOnly: true },
            { type: "tmpfs", target: "/data/d", readOnly: false, sizeBytes: 1024 ** 2, mode: 0o750 },
            { type: "tmpfs", target: "/data/e", readOnly: false, sizeBytes: null, mode: null },
          ],
          volumes: [volume],
          ports: [
            { containerPort: 9000, hostPort: null, hostIp: "127.0.0.1", protocol: "udp" },
            { containerPort: 8888, hostPort: 18_888, hostIp: "127.0.0.1", protocol: "tcp" },
          ],
          cpus: 0.75,
          memoryBytes: 64 * 1024 ** 2,
          shmSizeBytes: 8 * 1024 ** 2,
          memorySwapBytes: 96 * 1024 ** 2,
          pidsLimit: 100,
          ioRates: [
            { path: "/dev/loop0", name: "readBytesPerSecond", perSecond: 1024 ** 2 },
            { path: "/dev/loop1", name: "readBytesPerSecond", perSecond: 2 * 1024 ** 2 },
            { path: "/dev/loop0", name: "writeOperationsPerSecond", perSecond: 50 },
          ],
          security: {
            privileged: true,
            pid: "host",
            capabilitiesAdded: ["SYS_PTRACE"],
            capabilitiesDropped: ["MKNOD", "NET_RAW"],
            securityOptions: ["apparmor=unconfined", "no-new-privileges", "seccomp=unconfined"],
            readOnlyRootFilesystem: true,
            devices: [{ pathOnHost: "/dev/null", pathInContainer: "/dev/nothing", permissions: "rw" }],
          },
          process: {
            tty: true,
            stdin: true,
            init: true,
            stopSignal: "SIGINT",
            hostname: "worker-1",
            healthCheck: {
              test: ["CMD", "test", "-e", "/tmp/healthy"],
              intervalMs: 1500,
              timeoutMs: 1000,
              startPeriodMs: null,
              retries: 2,
            },
            extraHosts: ["data:10.0.0.5", "six:fd00::5"],
          },
          labels: { "ds01.managed": "true", "ds01.user": "a.b@c-d.lan" },
        });
        const id = await runtime.create(wanted);
        const observed = await inspect(id);

        expect(observed).toMatchObject({
          id,
          name: wanted.name,
          state: "created",
          labels: wanted.labels,
          startedAt: null,
          finishedAt: null,
          exitCode: null,
          oomKilled: false,
          error: "",
          health: null,
          pid: null,
          lingering: false,
          gpuClaims: { all: false, ids: [] },
        });
        expect(Math.abs(observed.createdAt - Date.now())).toBeLessThan(60_000);
        expect(observed.config).toEqual({
          ulimits: [],
          cgroupParent: "",
          image: wanted.image,
          imageId: (await runtime.image(wanted.image))?.id,
          entrypoint: wanted.entrypoint,
          command: wanted.command,
          workingDir: wanted.workingDir,
          environment: { ...wanted.environment, PATH: expect.stringContaining("/bin") as string },
          user: wanted.user,
          mounts: [wanted.mounts[1], wanted.mounts[0], ...wanted.mounts.slice(2)],
          ports: [wanted.ports[1], wanted.ports[0]],
          network: wanted.network,
          ipc: wanted.ipc,
          process: wanted.process,
          security: wanted.security,
          restartPolicy: "no",
          cpus: wanted.cpus,
          memoryBytes: wanted.memoryBytes,
          memorySwapBytes: wanted.memorySwapBytes,
          shmSizeBytes: wanted.shmSizeBytes,
          pidsLimit: wanted.pidsLimit,
          ioWeight: null,
          ioRates: wanted.ioRates,
        });
      });

      it("makes a volume with its labels where it is missing, and leaves it when the container goes", async () => {
        const name = "contract-kept";
        const mounts = [{ type: "volume", source: name, target: "/data", readOnly: false } as const];
        expect(await runtime.volume(name)).toBeUndefined();
        const made = { name, labels: { "ds01.user": "alice" } };
        const id = await runtime.create(desired({ mounts, volumes: [made] }));
        expect(await runtime.volume(name)).toEqual({ labels: made.labels });
        await runtime.remove(id);

        await runtime.create(desired({ mounts, volumes: [{ name, labels: { "ds01.user": "bob" } }] }));
        expect(await runtime.volume(name)).toEqual({ labels: made.labels });
      });

      it("leaves to the image and the engine what is null", async () => {
        const { config } = await inspect(await runtime.create(desired({ shmSizeBytes: null })));
        expect(config).toMatchObject({
          entrypoint: [],
          command: ["/bin/serve"],
          workingDir: "/",
          user: "",
          cpus: null,
          memoryBytes: null,
          memorySwapBytes: null,
          ioWeight: null,
          ioRates: [],
          shmSizeBytes: 64 * 1024 ** 2,
          pidsLimit: null,
          mounts: [],
          ports: [],
        });
      });

      it("drops the image's command when an entrypoint is given", async () => {
        const { config } = await inspect(await runtime.create(desired({ entrypoint: ["/bin/serve"] })));
        expect(config).toMatchObject({ entrypoint: ["/bin/serve"], command: [] });
      });

      it("says what it offers for passing devices in", async () => {
        const offers = await runtime.devices();
        expect(offers.version).toMatch(/^\d+\.\d+/);
        expect(offers.runtimes).toEqual(expect.arrayContaining(["nvidia", "runc"]));
        expect(offers).toMatchObject({ cdiDevices: [], hookMissing: false });
      });

      it("shows the GPUs a container asks for, as they were written", async () => {
        const uuids = [
          "GPU-5c4b0b5e-0000-4000-8000-000000000001",
          "MIG-5c4b0b5e-0000-5000-8000-000000000002",
        ];
        const attachment = gpuAttachment(...uuids);
        const { gpuClaims } = await inspect(await runtime.create(desired({ attachment })));
        expect(gpuClaims).toEqual({ all: false, ids: uuids });
      });

      it("refuses a name that is taken, and the first container stays", async () => {
        const wanted = desired();
        const id = await runtime.create(wanted);
        await expect(runtime.create(wanted)).rejects.toThrowError(ConflictError);
        await expect(runtime.create(wanted)).rejects.toMatchObject({ reason: "NameInUse" });
        expect((await inspect(wanted.name)).id).toBe(id);
      });

      it("says that the image is missing", async () => {
        const answer = runtime.create(desired({ image: "bed/nowhere:1" }));
        await expect(answer).rejects.toThrowError(StalledError);
        await expect(answer).rejects.toMatchObject({ reason: "ImageNotFound" });
      });

      it("finds by id and by name, and knows for certain that there is none", async () => {
        const { id, name } = await running();
        expect((await inspect(name)).id).toBe(id);
        expect(await runtime.inspect("contract-none._.alice")).toBeUndefined();
        expect(await runtime.inspect("f".repeat(64))).toBeUndefined();
      });
    });

    describe("start and stop", () => {
      it("starts once; starting again changes nothing", async () => {
        const first = await running();
        expect(first).toMatchObject({ state: "running", exitCode: null });
        expect(first.pid).toBeGreaterThan(0);
        expect(first.startedAt).toBeGreaterThanOrEqual(first.createdAt);
        await runtime.start(first.id);
        expect(await inspect(first.id)).toEqual(first);
      });

      it("does not start what is not there", async () => {
        const answer = runtime.start("contract-none._.alice");
        await expect(answer).rejects.toThrowError(NotFoundError);
        await expect(answer).rejects.toMatchObject({ reason: "ContainerNotFound" });
      });

      it("stops with SIGTERM and keeps the exit code", async () => {
        const { id } = await running();
        await runtime.stop(id, 10_000);
        const stopped = await inspect(id);
        expect(stopped).toMatchObject({ state: "exited", exitCode: 0, pid: null, oomKilled: false });
        expect(stopped.finishedAt).toBeGreaterThanOrEqual(stopped.startedAt ?? 0);
      });

      it("kills what ignores SIGTERM after the grace", async () => {
        const { id } = await running({ image: "bed/stubborn:1" });
        await runtime.stop(id, 1_000);
        expect(await inspect(id)).toMatchObject({ state: "exited", exitCode: 137 });
      });

      it("stopping is done when it has ended already, was never started, or is gone", async () => {
        const { id } = await running();
        await runtime.stop(id, 1_000);
        await runtime.stop(id, 1_000);
        await runtime.stop(await runtime.create(desired()), 1_000);
        await runtime.stop("contract-none._.alice", 1_000);
        expect((await inspect(id)).state).toBe("exited");
      });

      it("starts again after it has ended", async () => {
        const { id, startedAt } = await running();
        await runtime.stop(id, 1_000);
        await runtime.start(id);
        const again = await inspect(id);
        expect(again).toMatchObject({ state: "running", exitCode: null });
        expect(again.startedAt).toBeGreaterThanOrEqual(startedAt ?? 0);
      });

      it("shows the code a process ended with by itself", async () => {
        const { id } = await running({ image: "bed/crash:1", environment: { CRASH_CODE: "3" } });
        expect(await ended(id)).toMatchObject({ exitCode: 3, oomKilled: false });
      });

      it("shows 137 after a kill by hand", async () => {
        const { id, name } = await running();
        await test.byHand.kill(name);
        expect(await ended(id)).toMatchObject({ exitCode: 137, oomKilled: false });
      });

      it("says that a port is taken, and succeeds once it is free", async () => {
        const ports = [
          { containerPort: 80, hostPort: 18_081, hostIp: "127.0.0.1", protocol: "tcp" },
        ] as const;
        const holder = await running({ ports });
        const waiting = await runtime.create(desired({ ports }));
        const refused = runtime.start(waiting);
        await expect(refused).rejects.toThrowError(WaitingError);
        await expect(refused).rejects.toMatchObject({ reason: "PortInUse" });
        expect(await inspect(waiting)).toMatchObject({
          state: "created",
          error: expect.stringContaining("port") as string,
        });
        await runtime.stop(holder.id, 1_000);
        await runtime.start(waiting);
        expect(await inspect(waiting)).toMatchObject({ state: "running", error: "" });
      });
    });

    describe("pause", () => {
      it("shows a paused container, and lets it go on", async () => {
        const { id, name } = await running();
        await test.byHand.pause(name);
        expect((await inspect(id)).state).toBe("paused");
        await runtime.unpause(id);
        await runtime.unpause(id);
        expect((await inspect(id)).state).toBe("running");
      });

      it("pauses what runs, and nothing else", async () => {
        const { id } = await running();
        await runtime.pause(id);
        await runtime.pause(id);
        expect((await inspect(id)).state).toBe("paused");
        await runtime.stop(id, 1_000);
        await expect(runtime.pause(id)).rejects.toThrowError(ConflictError);
      });

      it("ends a paused container", async () => {
        const { id, name } = await running();
        await test.byHand.pause(name);
        await runtime.stop(id, 1_000);
        expect((await inspect(id)).state).toBe("exited");
      });

      it("does not start a paused container over", async () => {
        const { id, name } = await running();
        await test.byHand.pause(name);
        await expect(runtime.start(id)).rejects.toThrowError(ConflictError);
        expect((await inspect(id)).state).toBe("paused");
      });
    });

    describe("what is not there", () => {
      it("is neither paused, nor unpaused, nor changed", async () => {
        const none = "contract-none._.alice";
        const change = { limits: null, restartPolicyNo: true };
        const missing = { name: "NotFoundError", reason: "ContainerNotFound" };
        await expect(runtime.pause(none)).rejects.toMatchObject(missing);
        await expect(runtime.unpause(none)).rejects.toMatchObject(missing);
        await expect(runtime.update(none, change)).rejects.toMatchObject(missing);
      });

      it("goes on only where it is paused: what has ended, or never ran, stays as it is", async () => {
        const { id } = await running();
        await runtime.stop(id, 0);
        await runtime.unpause(id);
        expect((await inspect(id)).state).toBe("exited");
        const made = await runtime.create(desired());
        await runtime.unpause(made);
        expect((await inspect(made)).state).toBe("created");
        await expect(runtime.pause(made)).rejects.toThrowError(ConflictError);
      });
    });

    describe("remove", () => {
      it("never removes what runs", async () => {
        const { id } = await running();
        const answer = runtime.remove(id);
        await expect(answer).rejects.toThrowError(ConflictError);
        await expect(answer).rejects.toMatchObject({ reason: "ContainerRunning" });
        expect((await inspect(id)).state).toBe("running");
      });

      it("removes what has ended, and is done when it is gone", async () => {
        const { id } = await running();
        await runtime.stop(id, 1_000);
        await runtime.remove(id);
        await runtime.remove(id);
        expect(await runtime.inspect(id)).toBeUndefined();
        expect((await runtime.list()).map((row) => row.id)).not.toContain(id);
      });
    });

    describe("rename and update", () => {
      it("renames, also to the name it has, and not to one that is taken", async () => {
        const { id } = await running();
        const other = await running();
        names.add("contract-renamed._.alice");
        await runtime.rename(id, "contract-renamed._.alice");
        await runtime.rename(id, "contract-renamed._.alice");
        expect((await inspect("contract-renamed._.alice")).id).toBe(id);
        await expect(runtime.rename(id, other.name)).rejects.toThrowError(ConflictError);
        await expect(runtime.rename("contract-none._.alice", "x._.alice")).rejects.toThrowError(
          NotFoundError,
        );
      });

      it("changes limits in place and leaves alone those that are null", async () => {
        const { id, pid } = await running({ cpus: 1, memoryBytes: 32 * 1024 ** 2, pidsLimit: 50 });
        const limits = { cpus: 0.5, memoryBytes: 64 * 1024 ** 2, pidsLimit: null };
        await runtime.update(id, { limits, restartPolicyNo: true });
        const updated = await inspect(id);
        expect(updated).toMatchObject({ state: "running", pid });
        expect(updated.config).toMatchObject({ ...limits, pidsLimit: 50, restartPolicy: "no" });
        expect(updated.config.memorySwapBytes).toBe(limits.memoryBytes);
        const swapping = { ...limits, memorySwapBytes: null };
        await runtime.update(id, { limits: swapping, restartPolicyNo: false });
        expect((await inspect(id)).config.memorySwapBytes).toBeNull();
        await runtime.update(id, { limits, restartPolicyNo: false });
        await runtime.update(id, { limits: null, restartPolicyNo: true });
        expect((await inspect(id)).config).toEqual(updated.config);
      });
    });

    describe("list and images", () => {
      it("lists every container, whatever its state, with names and labels", async () => {
        const created = await runtime.create(desired({ labels: { "ds01.user": "alice" } }));
        const { id: alive } = await running();
        const { id: over } = await running();
        await runtime.stop(over, 0);
        const rows = await runtime.list();
        const states = Object.fromEntries(rows.map(({ id, state }) => [id, state]));
        expect(states).toMatchObject({ [created]: "created", [alive]: "running", [over]: "exited" });
        const row = rows.find(({ id }) => id === created);
        expect(row).toMatchObject({ name: (await inspect(created)).name, labels: { "ds01.user": "alice" } });
      });

      it("knows which images there are", async () => {
        const image = await runtime.image("bed/base:1");
        expect(image).toMatchObject({
          reference: "bed/base:1",
          id: expect.stringMatching(/^sha256:/) as string,
        });
        expect(await runtime.image("bed/nowhere:1")).toBeUndefined();
        const rows = await runtime.images();
        const row = rows.find(({ references }) => references.includes("bed/base:1"));
        expect(row).toMatchObject({ id: image?.id });
        expect(row?.sizeBytes).toBeGreaterThan(0);
        const shared = await runtime.images(undefined, { withShared: true });
        expect(shared.map(({ id }) => id).toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
        const { sizeBytes = 0, sharedBytes } = shared.find(({ id }) => id === image?.id) ?? {};
        // Engines before API 1.42 do not say.
        expect(sharedBytes === null || (sharedBytes !== undefined && sharedBytes <= sizeBytes)).toBe(true);
        expect(rows.every((one) => one.sharedBytes === null)).toBe(true);
      });

      it("gives an image another name, and takes that from the one that had it", async () => {
        const base = await runtime.image("bed/base:1");
        await runtime.tag("bed/pause:1", "bed/tagged");
        await runtime.tag("bed/base:1", "bed/tagged:latest");
        expect(await runtime.image("bed/tagged")).toMatchObject({ id: base?.id });
        const answer = runtime.tag("bed/nowhere:1", "bed/tagged");
        await expect(answer).rejects.toMatchObject({ reason: "ImageNotFound" });
      });
    });

    describe("removing images", () => {
      /** An image of its own, made by the engine; the file keeps it apart from all others. */
      async function built(word: string): Promise<string> {
        const dockerfile = `FROM bed/base:1\nLABEL contract=${word}-${Date.now()}\n`;
        return runtime.build({
          tar: Readable.from([packTar([{ path: "Dockerfile", content: dockerfile }])]),
          dockerfile: "Dockerfile",
          args: {},
          target: null,
          labels: { "ds01.build": "true", "ds01.user": "alice" },
          limits: { cpus: null, memoryBytes: null, cgroupParent: null },
          logins: [],
          onOutput: () => {},
          signal: new AbortController().signal,
        });
      }

      async function namesOf(id: string): Promise<readonly string[] | undefined> {
        const row = (await runtime.images()).find((image) => image.id === id);
        return row?.references.filter((reference) => !reference.includes("@"));
      }

      it("takes one name away, and the image with its last one", async () => {
        const id = await built("names");
        expect((await runtime.images()).find((image) => image.id === id)?.labels).toMatchObject({
          "ds01.build": "true",
          "ds01.user": "alice",
        });
        await runtime.tag(id, "contract/names:1");
        await runtime.tag(id, "contract/names:2");
        await runtime.removeImage("contract/names:1");
        expect(await namesOf(id)).toEqual(["contract/names:2"]);
        await runtime.removeImage("contract/names:2");
        expect(await namesOf(id)).toBeUndefined();
        expect(await runtime.image(id)).toBeUndefined();
      });

      it("by its id removes one that has no name, and takes one that is gone for removed", async () => {
        const id = await built("nameless");
        expect(await namesOf(id)).toEqual([]);
        await runtime.removeImage(id);
        expect(await runtime.image(id)).toBeUndefined();
        await runtime.removeImage(id);
        await runtime.removeImage("contract/nowhere:1");
      });

      it("leaves what a container uses, whether it runs, has ended or was never started", async () => {
        const id = await built("used");
        await runtime.tag(id, "contract/used:1");
        const container = await runtime.create(desired({ image: "contract/used:1" }));
        const refused = { reason: "Conflict" };
        await expect(runtime.removeImage("contract/used:1")).rejects.toBeInstanceOf(ConflictError);
        await runtime.start(container);
        await expect(runtime.removeImage("contract/used:1")).rejects.toMatchObject(refused);
        await runtime.stop(container, 0);
        await expect(runtime.removeImage("contract/used:1")).rejects.toMatchObject(refused);
        await expect(runtime.removeImage(id)).rejects.toMatchObject(refused);
        expect(await namesOf(id)).toEqual(["contract/used:1"]);
        await runtime.remove(container);
        await runtime.removeImage("contract/used:1");
        expect(await namesOf(id)).toBeUndefined();
      });
    });

    describe("watch", () => {
      it("says connected first, then names what happens, and ends with the signal", async () => {
        const hints: RuntimeHint[] = [];
        const end = new AbortController();
        const watching = collect(runtime.watch(end.signal), hints);
        await waitFor("connected", () => hints[0]?.type === "connected");

        const { id, name } = await running({ labels: { "ds01.name": "train" } });
        await test.byHand.kill(name);
        await ended(id);
        await test.byHand.remove(name);
        await waitFor("the last hint", () =>
          hints.some((hint) => hint.id === id && hint.action === "destroy"),
        );
        end.abort();
        await watching;

        const own = hints.filter((hint) => hint.id === id);
        expect(own.map(({ action }) => action)).toEqual(["create", "start", "die", "destroy"]);
        for (const hint of own)
          expect(hint).toMatchObject({ type: "container", labels: { "ds01.name": "train" } });
      });

      it("names pauses, new limits and new names in their order", async () => {
        const { id } = await running();
        const hints: RuntimeHint[] = [];
        const end = new AbortController();
        const watching = collect(runtime.watch(end.signal), hints);
        await waitFor("connected", () => hints.length > 0);
        await runtime.pause(id);
        await runtime.unpause(id);
        await runtime.update(id, { limits: null, restartPolicyNo: true });
        names.add("contract-watched._.alice");
        await runtime.rename(id, "contract-watched._.alice");
        await runtime.stop(id, 1_000);
        await waitFor("the stop", () => hints.some((hint) => hint.id === id && hint.action === "stop"));
        end.abort();
        await watching;
        const own = hints.filter((hint) => hint.id === id).map(({ action }) => action);
        // The engine tells of a pause and its end once more where containerd is late to say that there was one.
        const isAgain = (action: string, index: number): boolean =>
          action.endsWith("pause") && own.indexOf(action) < index;
        expect(own.filter((action, index) => !isAgain(action, index))).toEqual([
          "pause",
          "unpause",
          "update",
          "rename",
          "die",
          "stop",
        ]);
      });

      it("tells nothing of before it was connected", async () => {
        const { id } = await running();
        const hints: RuntimeHint[] = [];
        const end = new AbortController();
        const watching = collect(runtime.watch(end.signal), hints);
        await waitFor("connected", () => hints.length > 0);
        await runtime.stop(id, 1_000);
        await waitFor("the stop", () => hints.some((hint) => hint.id === id && hint.action === "stop"));
        end.abort();
        await watching;
        expect(hints.filter((hint) => hint.id === id).map(({ action }) => action)).toEqual(["die", "stop"]);
      });
    });

    describe("signals", () => {
      it("does nothing under a signal that is aborted already", async () => {
        const wanted = desired();
        const signal = AbortSignal.abort();
        await expect(runtime.create(wanted, signal)).rejects.toMatchObject({ name: "AbortError" });
        await expect(runtime.list(signal)).rejects.toMatchObject({ name: "AbortError" });
        expect(await runtime.inspect(wanted.name)).toBeUndefined();
      });

      it("gives up waiting for a stop when the signal is aborted", async () => {
        const { id } = await running({ image: "bed/stubborn:1" });
        const cancel = new AbortController();
        const stopping = runtime.stop(id, 60_000, cancel.signal);
        cancel.abort();
        await expect(stopping).rejects.toMatchObject({ name: "AbortError" });
      });

      it("ends what was to be stopped although who asked for it has gone", async () => {
        const { id } = await running({ image: "bed/stubborn:1" });
        const gone = new AbortController();
        const stopping = runtime.stop(id, 1_000, gone.signal);
        // Answered after the stop was sent.
        await runtime.ping();
        gone.abort();
        await expect(stopping).rejects.toMatchObject({ name: "AbortError" });
        expect(await ended(id)).toMatchObject({ exitCode: 137 });
      });

      it("makes whole or not at all what was asked for by who has gone, and takes the same request again", async () => {
        const wanted = desired();
        await leaving((signal) => runtime.create(wanted, signal));
        // The engine may give up a create whose caller has gone, or be about to: asked again, it ends in one container.
        await waitFor("the container", async () => {
          if ((await runtime.inspect(wanted.name)) !== undefined) return true;
          await runtime.create(wanted).catch((error: unknown) => {
            expect(error).toMatchObject({ reason: "NameInUse" });
          });
          return false;
        });
        const made = await inspect(wanted.name);
        expect(made).toMatchObject({ state: "created", labels: wanted.labels });
      });

      it("starts, now or when asked again, what was to be started by who has gone", async () => {
        const wanted = desired();
        const id = await runtime.create(wanted);
        await leaving((signal) => runtime.start(id, signal));
        await waitFor("the start", async () => {
          if ((await inspect(id)).state === "running") return true;
          await runtime.start(id);
          return false;
        });
      });

      /** Goes away in the midst of the call, or when it has just been answered. */
      async function leaving(call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
        const gone = new AbortController();
        const answer = call(gone.signal);
        await runtime.ping();
        gone.abort();
        await answer.catch((error: unknown) => expect(error).toMatchObject({ name: "AbortError" }));
      }
    });

    it("answers a ping", async () => {
      await expect(runtime.ping()).resolves.toBeUndefined();
    });
  });
}

async function collect(hints: AsyncIterable<RuntimeHint>, into: RuntimeHint[]): Promise<void> {
  for await (const hint of hints) into.push(hint);
}
