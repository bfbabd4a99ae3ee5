import { describe, expect, it, onTestFinished, test } from "vitest";
import type { MemoryDocument } from "../support/memory-document.ts";
import { startApiBed } from "../support/api-bed.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { MemorySource } from "../support/memory-source.ts";
import { MemoryStore } from "../support/memory-store.ts";

const path = "/apis/ds01.io/v1alpha1/sources";

/** A source that notes what it was told. */
class ToldSource extends MemorySource {
  readonly told: boolean[] = [];
  syncs = 0;

  async sync(): Promise<void> {
    this.syncs += 1;
  }

  async setSuspended(suspended: boolean): Promise<void> {
    this.told.push(suspended);
  }
}

function newBed(lab: ToldSource, before?: ControllerBed, ...others: readonly ToldSource[]): ControllerBed {
  const sources = [lab, new MemorySource("local"), ...others];
  const bed = new ControllerBed({ sources }, before?.store ?? new MemoryStore(), before);
  onTestFinished(() => bed.stop());
  return bed;
}

function statusOf(bed: ControllerBed, source = "lab"): unknown {
  return bed.manager
    .controlPlane()
    .sources.list()
    .find(({ name }) => name === source)?.status;
}

function reasonsOf(bed: ControllerBed): readonly string[] {
  return bed.events
    .filter(({ involvedObject }) => involvedObject.kind === "Source" && involvedObject.name === "lab")
    .map(({ reason }) => reason);
}

describe("a source that is suspended", () => {
  test("stays so for the next controller, with who, when and why, until it is resumed", async () => {
    const lab = new ToldSource("lab");
    const first = newBed(lab);
    first.start();
    await first.until("the sources to be read", () => first.manager.ready());
    const control = first.manager.controlPlane();
    await control.suspendSource({ source: "lab", reason: "the server moves", by: "root" });
    expect(lab.told).toEqual([true]);
    expect(statusOf(first)).toMatchObject({
      synced: true,
      reason: "Suspended",
      suspended: { by: "root", reason: "the server moves", since: expect.any(String) as string },
      message: expect.stringMatching(/by root at .*: the server moves; .*ds01 resume source lab$/) as string,
    });
    await expect(control.syncSource("lab")).rejects.toMatchObject({ reason: "SourceSuspended" });
    expect(lab.syncs).toBe(0);
    await first.stop();

    const again = new ToldSource("lab");
    const next = newBed(again, first);
    expect(again.told).toEqual([true]);
    expect(statusOf(next)).toMatchObject({ suspended: { by: "root" } });
    next.start();
    await next.until("the sources to be read", () => next.manager.ready());
    await next.manager.controlPlane().resumeSource("lab", "root");
    expect(again.told).toEqual([true, false]);
    expect(statusOf(next)).not.toHaveProperty("suspended");
    await next.manager.controlPlane().syncSource("lab");
    expect(again.syncs).toBe(1);
    expect([...reasonsOf(first), ...reasonsOf(next)]).toEqual(["SourceSuspended", "SourceResumed"]);
  });

  test("is a Git repository that exists, and is resumed once", async () => {
    const control = newBed(new ToldSource("lab")).manager.controlPlane();
    const suspend = async (source: string): Promise<void> =>
      control.suspendSource({ source, reason: null, by: "root" });
    await expect(suspend("lob")).rejects.toMatchObject({ reason: "NoSuchSource" });
    await expect(suspend("local")).rejects.toMatchObject({ reason: "NotSuspendable" });
    await expect(control.resumeSource("lab", "root")).rejects.toMatchObject({ reason: "NotSuspended" });
  });

  test("holds when that cannot be written down, and is not resumed unless that is", async () => {
    const lab = new ToldSource("lab");
    const bed = newBed(lab);
    const control = bed.manager.controlPlane();
    const full: MemoryDocument["write"] = async () => Promise.reject(new Error("ENOSPC"));
    const write = bed.suspensions.write.bind(bed.suspensions);
    bed.suspensions.write = full;
    await expect(control.suspendSource({ source: "lab", reason: null, by: "root" })).rejects.toThrow(
      "ENOSPC",
    );
    expect(statusOf(bed)).toMatchObject({ reason: "Suspended" });
    await expect(control.resumeSource("lab", "root")).rejects.toThrow("ENOSPC");
    expect(statusOf(bed)).toMatchObject({ reason: "Suspended" });
    bed.suspensions.write = write;
    await control.resumeSource("lab", "root");
    expect(lab.told).toEqual([true, false]);
  });

  test.each([{ version: 1, suspensions: [{ source: 5 }] }, undefined])(
    "may be each Git source where what was written down is damaged (%j), until it is resumed",
    async (damaged) => {
      const bed = newBed(new ToldSource("lab"));
      bed.suspensions.value = damaged;
      const lab = new ToldSource("lab");
      const other = new ToldSource("other");
      const next = newBed(lab, bed, other);
      expect(lab.told).toEqual([true]);
      expect(statusOf(next)).toMatchObject({
        reason: "SuspensionsUnreadable",
        suspended: { by: "ds01" },
        message: expect.stringMatching(/cannot be read; .*ds01 resume source lab$/) as string,
      });
      expect(statusOf(next, "local")).not.toHaveProperty("suspended");
      expect(next.logged("SuspensionsUnreadable")).toHaveLength(1);
      expect(reasonsOf(next)).toEqual(["SuspensionsUnreadable"]);
      const control = next.manager.controlPlane();
      const check = () => control.health().find(({ name }) => name === "SuspensionsReadable");
      expect(check()).toMatchObject({ ok: false, message: expect.stringContaining("lab, other") as string });
      await expect(control.syncSource("lab")).rejects.toMatchObject({ reason: "SourceSuspended" });

      await control.resumeSource("lab", "root");
      expect(lab.told).toEqual([true, false]);
      expect(statusOf(next)).not.toHaveProperty("suspended");
      expect(check()?.message).not.toContain("lab");
      // Nobody has said yet what is to be of the other one, and the next controller knows.
      const last = newBed(new ToldSource("lab"), next, new ToldSource("other"));
      expect(statusOf(last)).not.toHaveProperty("suspended");
      expect(statusOf(last, "other")).toMatchObject({ reason: "SuspensionsUnreadable" });
      expect(last.logged("SuspensionsUnreadable")).toHaveLength(0);
      await last.manager.controlPlane().suspendSource({ source: "other", reason: "mine", by: "root" });
      expect(statusOf(last, "other")).toMatchObject({ reason: "Suspended", suspended: { by: "root" } });
      expect(
        last.manager
          .controlPlane()
          .health()
          .map(({ name }) => name),
      ).not.toContain("SuspensionsReadable");
    },
  );
});

describe("the API of suspensions", () => {
  const body = JSON.stringify({ reason: "the server moves" });

  async function bedWithSource(): Promise<Awaited<ReturnType<typeof startApiBed>>> {
    const bed = await startApiBed();
    bed.control.sources.set("lab", {
      name: "lab",
      uid: "source-lab",
      resourceVersion: 1,
      createdAt: 0,
      spec: { type: "git", url: "/srv/lab.git" },
      status: { synced: true, reason: "Synced", message: "" },
    });
    return bed;
  }

  it("is for admins", async () => {
    const bed = await bedWithSource();
    expect((await bed.call("POST", `${path}/lab/suspension`, { body })).code).toBe(200);
    expect(bed.control.suspended).toEqual(new Map([["lab", "the server moves"]]));
    bed.actAs("alice");
    for (const method of ["POST", "DELETE"]) {
      const options = method === "POST" ? { body } : {};
      const { code, text } = await bed.call(method, `${path}/lab/suspension`, options);
      expect(code, method).toBe(403);
      expect(text).toContain("ask an admin");
    }
    expect((await bed.call("POST", `${path}/lab/sync`)).code).toBe(200);
    bed.actAs("root");
    expect((await bed.call("DELETE", `${path}/lab/suspension`)).code).toBe(200);
    expect(bed.control.suspended.size).toBe(0);
  });

  it.each(["{", "{}", '{"reason": " "}', '{"reason": "x", "until": 5}'])("refuses %s", async (wrong) => {
    const bed = await bedWithSource();
    const { code, text } = await bed.call("POST", `${path}/lab/suspension`, { body: wrong });
    expect(code).toBe(400);
    expect(text).toContain("wanted {");
  });
});
