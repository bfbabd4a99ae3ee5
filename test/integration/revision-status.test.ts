import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { gitSettings } from "../../src/adapters/git/git-settings.ts";
import { gitSource } from "../../src/adapters/git/git-source.ts";
import { ProgramFailed, runProgram } from "../../src/adapters/run-program.ts";
import type { RevisionStatus } from "../../src/core/revision-status.ts";
import type { SpecSink } from "../../src/ports/spec-source.ts";
import { waitFor } from "../bed/wait-for.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { MemorySource } from "../support/memory-source.ts";
import { RecordingSink } from "../support/recording-sink.ts";
import { silentLog } from "../support/silent-log.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** A source that says what it is told to, and notes what became of its revisions. */
class TellingSource extends MemorySource {
  readonly told: RevisionStatus[] = [];
  /** What the next telling comes to. */
  outcome: () => Promise<void> = async () => undefined;
  #to: SpecSink | undefined;

  override async run(sink: SpecSink, signal: AbortSignal): Promise<void> {
    this.#to = sink;
    await super.run(sink, signal);
  }

  readonly tellStatus = async (status: RevisionStatus): Promise<void> => {
    this.told.push(status);
    await this.outcome();
  };

  looked(revision: string | null, failure: { reason: string; message: string } | null = null): void {
    this.#to?.report({
      attemptedAt: 1,
      revision,
      appliedRevision: failure === null ? revision : "before",
      appliedAt: 1,
      failure,
    });
  }
}

async function started(
  dryRun = false,
): Promise<{ readonly bed: ControllerBed; readonly lab: TellingSource }> {
  const lab = new TellingSource("lab");
  const bed = new ControllerBed({ sources: [lab], dryRun });
  onTestFinished(() => bed.stop());
  bed.start();
  await bed.until("the source to be read", () => bed.manager.ready());
  return { bed, lab };
}

const spec = (name: string): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}}\nspec: {image: "bed/base:1"}\n`;

describe("what became of a revision", () => {
  test("is told once: taken, taken without a file, and refused", async () => {
    const { bed, lab } = await started();
    lab.write("users/alice/train.yaml", spec("train"));
    await lab.rescan();
    for (let look = 0; look < 3; look += 1) lab.looked("aaa");
    await bed.turns();
    expect(lab.told).toMatchObject([{ source: "lab", revision: "aaa", state: "success", files: 1 }]);

    lab.write("users/alice/train.yaml", spec("train").replace("image", "imgae"));
    lab.looked("bbb");
    await bed.turns();
    expect(lab.told[1]).toMatchObject({
      revision: "bbb",
      state: "failure",
      reason: "FilesRejected",
      rejected: 1,
    });
    expect(lab.told[1]?.message).toContain("users/alice/train.yaml:4");

    const failure = { reason: "RevisionEmpty", message: "no spec in it" };
    lab.looked("ccc", failure);
    lab.looked(null, { reason: "SourceUnreachable", message: "away" });
    await bed.turns();
    expect(lab.told.slice(2)).toMatchObject([{ revision: "ccc", state: "failure", ...failure }]);
  });

  test("is a failure for an object that another source declares too, while that one keeps it", async () => {
    const [lab, home] = [new TellingSource("lab"), new TellingSource("home")];
    const bed = new ControllerBed({ sources: [lab, home] });
    onTestFinished(() => bed.stop());
    bed.start();
    await bed.until("the sources to be read", () => bed.manager.ready());
    home.write("users/alice/train.yaml", spec("train"));
    lab.write("users/alice/other.yaml", spec("other"));
    lab.write("users/alice/train.yaml", spec("train"));
    await lab.rescan();
    await home.rescan();
    for (const source of [lab, home]) source.looked("aaa");
    await bed.turns();
    expect(bed.record("alice/train")?.source.source).toBe("home");
    const refused = { state: "failure", reason: "FilesRejected", rejected: 1 };
    expect(lab.told).toMatchObject([{ ...refused, files: 1 }]);
    expect(home.told).toMatchObject([{ ...refused, files: 0 }]);

    lab.remove("users/alice/train.yaml");
    await lab.rescan();
    for (const source of [lab, home]) source.looked("bbb");
    await bed.turns();
    for (const source of [lab, home])
      expect(source.told[1]).toMatchObject({ state: "success", rejected: 0, files: 1 });
  });

  test("is a failure for a broken file of which no object says anything", async () => {
    const { bed, lab } = await started();
    lab.write("users/alice/train.yaml", spec("train"));
    lab.write("users/alice/copy.yaml", spec("train").replace("image", "imgae"));
    lab.refuse("users/bob/link.yaml", "SpecUnreadable", "a link that leads out of the repository");
    await lab.rescan();
    lab.looked("aaa");
    await bed.turns();
    expect(bed.record("alice/train")?.rejection).toBeNull();
    expect(lab.told).toMatchObject([{ state: "failure", reason: "FilesRejected", files: 1, rejected: 2 }]);
    expect(lab.told[0]?.message).toContain("users/alice/copy.yaml:4");
    expect(lab.told[0]?.message).toContain("users/bob/link.yaml");
  });

  test("is told of the last one only, one at a time", async () => {
    const { bed, lab } = await started();
    let end = (): void => undefined;
    lab.outcome = async () => new Promise<void>((resolve) => (end = resolve));
    for (const revision of ["aaa", "bbb", "ccc"]) lab.looked(revision);
    await bed.turns();
    expect(lab.told.map(({ revision }) => revision)).toEqual(["aaa"]);
    end();
    await bed.turns();
    expect(lab.told.map(({ revision }) => revision)).toEqual(["aaa", "ccc"]);
    end();
  });

  test("stops nothing when it cannot be told, shows as an event without the program's words, and is told later", async () => {
    const { bed, lab } = await started();
    lab.outcome = async () => Promise.reject(new ProgramFailed("/bin/tell ended with 1", "token s3cret"));
    lab.looked("aaa");
    await bed.turns();
    const [event] = bed.events.filter(({ reason }) => reason === "RevisionStatusFailed");
    expect(event).toMatchObject({
      type: "Warning",
      message: expect.stringContaining("ended with 1") as string,
    });
    expect(JSON.stringify(bed.events)).not.toContain("s3cret");
    expect(bed.logged("RevisionStatusFailed")).toMatchObject([{ said: "token s3cret" }]);

    lab.outcome = async () => undefined;
    lab.looked("aaa");
    lab.looked("aaa");
    await bed.turns();
    expect(lab.told).toHaveLength(2);
  });

  test("is not told by a dry run", async () => {
    const { bed, lab } = await started(true);
    lab.looked("aaa");
    await bed.turns();
    expect(lab.told).toEqual([]);
  });
});

test("the program of a source gets it as JSON and in variables, and nothing of the controller's own", async () => {
  const folder = temporaryDirectory();
  const program = join(folder, "tell");
  writeFileSync(program, `#!/bin/sh\nenv >"$1/environment"\ncat >"$1/status"\n`, { mode: 0o755 });
  process.env["DS01_TEST_SECRET"] = "s3cret";
  onTestFinished(() => void delete process.env["DS01_TEST_SECRET"]);
  const settings = gitSettings({ url: "/srv/lab.git", statusCommand: [program, folder] });
  const source = gitSource({ ...settings, name: "lab", directory: folder, log: silentLog() });
  const status = {
    source: "lab",
    revision: "abc",
    state: "failure",
    reason: "RevisionEmpty",
    message: "$(touch /tmp/never); `id`",
    files: 3,
    rejected: 0,
  } as const;
  // What is not run any more tells nothing.
  await expect(source.tellStatus?.(status)).rejects.toThrow("ended with SIGKILL");

  const running = new AbortController();
  const sink = new RecordingSink();
  const run = source.run(sink, running.signal);
  await waitFor("the first attempt", () => sink.reports.length > 0);
  await source.tellStatus?.(status);
  running.abort();
  await run;
  expect(JSON.parse(readFileSync(join(folder, "status"), "utf8"))).toEqual(status);
  const environment = readFileSync(join(folder, "environment"), "utf8");
  for (const line of [
    "DS01_SOURCE=lab",
    "DS01_REVISION=abc",
    "DS01_STATE=failure",
    "DS01_REASON=RevisionEmpty",
  ]) {
    expect(environment.split("\n")).toContain(line);
  }
  expect(environment).not.toContain("s3cret");
});

test("a program that takes too long is ended with all that it has started", async () => {
  const folder = temporaryDirectory();
  const script = `sleep 60 & echo $! >"${folder}/pid"; echo broken >&2; wait`;
  const call = { command: ["/bin/sh", "-c", script], input: "", timeoutMs: 6000 };
  await expect(runProgram(call)).rejects.toMatchObject({
    message: "/bin/sh ended with SIGKILL",
    said: "broken",
  });
  const pid = readFileSync(join(folder, "pid"), "utf8").trim();
  await waitFor("its child to end", () => !existsSync(`/proc/${pid}`) || isZombie(pid));
  await expect(runProgram({ ...call, command: [join(folder, "none")] })).rejects.toThrow("ENOENT");
});

function isZombie(pid: string): boolean {
  return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}
