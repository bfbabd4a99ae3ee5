import { spawnSync } from "node:child_process";
import type { SpawnSyncReturns } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

describe("a branch of a specs repository, before it is merged", () => {
  let host: Host;
  let branch: string;

  beforeAll(async () => {
    host = await startHost({
      name: "review",
      files: {
        "quotas/all.yaml": quotaSpec("all", {
          subjects: { default: true },
          perContainer: { max: { memory: "1Gi" } },
        }),
        "users/alice/train.yaml": containerSpec("train", { env: [{ name: "TOKEN", value: "old-secret" }] }),
        "users/alice/sweep.yaml": containerSpec("sweep", { replicas: 2, restartPolicy: "Never" }),
        "users/bob/old.yaml": containerSpec("old"),
      },
    });
    for (const key of ["alice/train", "bob/old"]) await host.waitForReady(key);
    branch = join(host.directory, "branch/specs");
    cpSync(host.specs, branch, { recursive: true });
    write(
      "../CODEOWNERS",
      "/specs/users/alice/ @alice\n/specs/users/bob/ @bob\n/specs/quotas/ @lab/admins\n",
    );
  });
  afterAll(() => host.stop());

  function write(path: string, text: string): void {
    const target = join(branch, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  it("must be told as unchanged while it is", async () => {
    const answer = await host.ds01("diff", "--prune", "-o", "markdown", branch);
    expect(answer).toMatchObject({ code: 0, stderr: "" });
    expect(answer.stdout).toBe("**ds01 diff**: 4 unchanged\n");
  });

  it("must be told with everybody whom it affects, and changes nothing", async () => {
    write(
      "users/alice/train.yaml",
      containerSpec("train", { env: [{ name: "TOKEN", value: "new-secret" }] }),
    );
    write("users/alice/big.yaml", containerSpec("big", { resources: { memory: "64Gi" } }));
    write("users/carol/new.yaml", containerSpec("new"));
    write("users/bob/old.yaml", containerSpec("renamed"));
    host.proxy.clear();

    const answer = await host.ds01("diff", "--prune", "-o", "markdown", "--against", host.socketPath, branch);
    expect(answer).toMatchObject({ code: 3, stderr: "" });
    const [head, , , , ...rows] = answer.stdout.trimEnd().split("\n");
    expect(head).toBe("**ds01 diff**: 1 refused, 1 removed, 1 recreated, 2 created, 2 unchanged");
    expect(
      rows.map((row) =>
        row
          .split("|")
          .slice(1, 4)
          .map((cell) => cell.trim()),
      ),
    ).toEqual([
      ["`containers/alice/big`", "refused", ""],
      ["`containers/bob/old`", "removed", ""],
      ["`containers/alice/train`", "recreated", "`spec.env`"],
      ["`containers/bob/renamed`", "created", ""],
      ["`containers/carol/new`", "created", ""],
    ]);
    expect(rows[0]).toContain("asks for 64Gi of memory");
    expect(answer.stdout).not.toContain("secret");
    expect(host.proxy.mutations()).toEqual([]);

    const json = await host.ds01("diff", "--prune", "-o", "json", branch);
    expect(JSON.parse(json.stdout)).toContainEqual({
      object: "containers/bob/old",
      path: "users/bob/old.yaml",
      outcome: "removed",
      fields: [],
      notes: [],
    });
    const text = await host.ds01("diff", "--prune", branch);
    expect(text.stdout).toMatch(/^containers\/alice\/train: recreated \(spec\.env\)$/m);
  });

  it("must be refused where somebody changes what is another's, without a controller", async () => {
    const owners = ["--owners", join(branch, "../CODEOWNERS")];
    const offline = { environment: { DS01_SOCKET: "/nonexistent/ds01.sock" } };
    const changed = join(branch, "users/bob/old.yaml");
    const mine = await host.ds01With(offline, "validate", ...owners, "--author", "@bob", changed);
    expect(mine).toMatchObject({ code: 0 });
    const others = await host.ds01With(offline, "validate", ...owners, "--author", "@alice", changed);
    expect(others.code).toBe(2);
    expect(others.stdout).toContain("belongs to @bob");

    const whole = await host.ds01With(offline, "validate", ...owners, "-o", "github", branch);
    expect(whole.code).toBe(2);
    expect(whole.stdout).toBe(
      `::error file=${branch}/users/carol/new.yaml::has no owner in ${owners[1]}: no line matches it; whoever may merge may change it: add a line for it\n`,
    );
  });

  it("is not even committed with a mistake where the hook of the example is on", async () => {
    const clone = join(host.directory, "clone");
    cpSync(join(import.meta.dirname, "../../examples/gitops/repository"), clone, { recursive: true });
    const bin = join(host.directory, "bin");
    mkdirSync(bin);
    symlinkSync(host.main, join(bin, "ds01"));
    const git = (...line: string[]): SpawnSyncReturns<string> =>
      spawnSync("git", ["-c", "user.name=alice", "-c", "user.email=alice@example.org", ...line], {
        cwd: clone,
        encoding: "utf8",
        env: { ...host.environment, PATH: `${bin}:${process.env["PATH"]}`, GIT_CONFIG_GLOBAL: "/dev/null" },
      });
    git("init", "--initial-branch=main");
    git("config", "core.hooksPath", ".githooks");
    git("add", ".");
    expect(git("commit", "-m", "The first specs")).toMatchObject({ status: 0 });

    const path = join(clone, "users/alice/notebook.yaml");
    const good = readFileSync(path, "utf8");
    writeFileSync(path, good.replace("image:", "imagee:"));
    git("add", ".");
    // What is staged counts, whatever lies in the work tree by now.
    writeFileSync(path, good);
    // Git sends what its hooks say to standard error.
    const { status, stderr } = git("commit", "-m", "A mistake");
    expect(status).not.toBe(0);
    expect(stderr).toContain("users/alice/notebook.yaml");
    expect(stderr).toContain('did you mean "image"?');
    expect(git("log", "--oneline").stdout.trim().split("\n")).toHaveLength(1);
  });

  it("must be told of mistakes in the form that a forge reads", async () => {
    write("users/alice/train.yaml", containerSpec("train").replace("spec:", "spec:\n  gpu: 1"));
    const sarif = await host.ds01("validate", "-o", "sarif", branch);
    expect(sarif.code).toBe(2);
    const { runs } = JSON.parse(sarif.stdout) as { runs: readonly { results: readonly object[] }[] };
    expect(runs[0]?.results).toMatchObject([
      { message: { text: expect.stringContaining("spec.gpu: unknown") } },
    ]);
    const markdown = await host.ds01("validate", "-o", "markdown", branch);
    expect(markdown.stdout).toContain("| `spec.gpu` |");
    expect(await host.ds01("validate", "-o", "xml", branch)).toMatchObject({ code: 2, stdout: "" });
    expect(await host.ds01("diff", "--against", "https://example.org", branch)).toMatchObject({ code: 2 });
  });
});
