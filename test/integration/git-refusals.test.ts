import { describe, expect, it, onTestFinished, vi } from "vitest";
import { gitWriter } from "../../src/adapters/git/git-writer.ts";
import { containerText } from "../support/api-bed.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { installedKubectls } from "../support/kubectl.ts";
import type { Kubectl } from "../support/kubectl.ts";
import { startKubectlUsers } from "../support/kubectl-users.ts";
import type { KubectlUsers } from "../support/kubectl-users.ts";
import { MemorySource } from "../support/memory-source.ts";
import { MemoryStore } from "../support/memory-store.ts";

const containers = "/apis/ds01.io/v1alpha1/namespaces/alice/containers";
const repository = "in https://git.example/lab (main)";
const quota = (name: string): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: ${name}}\nspec: {subjects: {default: true}}\n`;

/** Versions differ in how they apply, not in what they are told: the oldest and the newest. */
const kubectls = installedKubectls().filter((_, index, all) => index === 0 || index === all.length - 1);

interface World extends KubectlUsers {
  readonly lab: MemorySource;
  /** What is declared and where it stands, which no refusal may change. */
  readonly state: () => string;
}

/** A controller all of whose specs come from a folder of a repository. */
async function world(kubectl?: Kubectl): Promise<World> {
  const lab = new MemorySource("lab", {
    type: "git",
    url: "https://git.example/lab",
    ref: "main",
    path: "cluster",
  });
  lab.write("users/alice/train.yaml", containerText("train", '  image: "bed/base:1"'));
  lab.write("quotas/all.yaml", quota("all"));
  const controller = new ControllerBed({ sources: [lab] }, new MemoryStore());
  const users = await startKubectlUsers(kubectl, {
    control: controller.manager.controlPlane(),
    writer: gitWriter([lab.place]),
  });
  controller.start();
  onTestFinished(() => controller.stop());
  await controller.until("it to run", () => controller.phase("alice/train") === "Running");
  const state = (): string =>
    JSON.stringify(
      (["ContainerSpec", "QuotaSpec"] as const).flatMap((kind) =>
        controller.store.list(kind).map(({ name, source, deletion, managedFields, lastApplied }) => ({
          is: { name, source, deletion, managedFields, lastApplied },
        })),
      ),
    );
  return { ...users, lab, state };
}

if (kubectls.length === 0) {
  it.skip("no kubectl on this machine: nothing was tried with it", () => undefined);
}

describe.each(kubectls)("what comes from Git, with kubectl $version", (kubectl) => {
  it("is refused with the path to change, whatever writes, also on trial, also for an admin", async () => {
    const { runAs, file, state } = await world(kubectl);
    const before = state();
    const changed = file(containerText("train", "  image: alpine"));
    const other = file(containerText("other"));
    const merge = ["--type=merge", "-p", '{"spec":{"desiredState":"Stopped"}}'] as const;
    const json = ["--type=json", "-p", '[{"op":"replace","path":"/spec/image","value":"x"}]'] as const;
    const lines = [
      ["apply", "-f", changed],
      ["apply", "--server-side", "--force-conflicts", "-f", changed],
      ["replace", "-f", changed],
      ["patch", "container", "train", ...merge],
      ["patch", "container", "train", ...json],
      ["label", "container", "train", "team=vision"],
      ["annotate", "container", "train", "note=mine"],
      ["delete", "container", "train"],
      ["delete", "-f", changed],
      ["create", "-f", other],
      ["apply", "-f", other],
      ["apply", "--server-side", "-f", other],
    ];
    for (const user of ["alice", "carol"]) {
      for (const line of lines) {
        for (const trial of [[], ["--dry-run=server"]]) {
          const whole = ["-n", "alice", ...line, ...trial];
          const { code, stdout, stderr } = await runAs(user, ...whole);
          const name = line.includes(other) ? "other" : "train";
          expect([code, stdout], `${user}: ${whole.join(" ")}`).toEqual([1, ""]);
          expect(stderr, whole.join(" ")).toContain("Forbidden");
          expect(stderr, whole.join(" ")).toContain(`change cluster/users/alice/${name}.yaml ${repository}`);
        }
      }
    }
    expect(state()).toBe(before);
  });

  it("is refused in an editor, and where somebody compares", async () => {
    const { runAs, file, state, directory } = await world(kubectl);
    const before = state();
    vi.stubEnv("KUBE_EDITOR", "sed -i s,bed/base:1,alpine,");
    // What could not be saved, kubectl leaves in a file there.
    vi.stubEnv("TMPDIR", directory);
    onTestFinished(() => void vi.unstubAllEnvs());
    const edited = await runAs("alice", "edit", "container", "train");
    expect(edited.code, edited.stdout).toBe(1);
    expect(edited.stderr).toContain(`change cluster/users/alice/train.yaml ${repository}`);
    for (const name of ["train", "other"]) {
      const { code, stderr } = await runAs(
        "alice",
        "diff",
        "-f",
        file(containerText(name, "  image: alpine")),
      );
      expect(code, stderr).toBeGreaterThan(1);
      expect(stderr).toContain(`change cluster/users/alice/${name}.yaml ${repository}`);
    }
    expect(state()).toBe(before);
  });

  it("names the file of what only admins write", async () => {
    const { runAs, file, state } = await world(kubectl);
    const before = state();
    for (const [name, line] of [
      ["all", ["delete", "quota", "all"]],
      ["all", ["label", "quota", "all", "team=vision"]],
      ["students", ["create", "-f", file(quota("students"))]],
      ["students", ["apply", "-f", file(quota("students"))]],
    ] as const) {
      for (const trial of [[], ["--dry-run=server"]]) {
        const { code, stderr } = await runAs("carol", ...line, ...trial);
        expect(code, stderr).toBe(1);
        expect(stderr).toContain(`change cluster/quotas/${name}.yaml ${repository}`);
        // Whoever may not write it learns nothing of where it stands.
        const denied = await runAs("alice", ...line, ...trial);
        expect(denied.code).toBe(1);
        expect(denied.stderr).not.toContain("git.example");
      }
    }
    expect(state()).toBe(before);
  });
});

describe("what comes from Git", () => {
  it("says so of a new object before it says what else is wrong with it", async () => {
    const api = await world();
    api.actAs("alice");
    for (const body of [containerText("other"), containerText("other", "  imagge: busybox")]) {
      for (const query of ["", "?dryRun=All"]) {
        for (const request of [`POST ${containers}`, `PUT ${containers}/other`]) {
          const [method = "", target = ""] = request.split(" ");
          const { code, text } = await api.call(method, `${target}${query}`, {
            type: "application/yaml",
            body,
          });
          expect({ request, query, code }).toEqual({ request, query, code: 403 });
          expect(text).toContain("ManagedByGit");
          expect(text).toContain("cluster/users/alice/other.yaml");
        }
      }
    }
  });
});
