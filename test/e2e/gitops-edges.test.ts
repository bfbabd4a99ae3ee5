import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { GitBed } from "../support/git-repository.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const secret = "correct horse battery staple";

describe("a Git source that is looked at once an hour", () => {
  const folder = mkdtempSync(join(tmpdir(), "ds01-gitops-edges-"));
  let git: GitBed;
  let host: Host;

  beforeAll(async () => {
    git = new GitBed(folder);
    git.write("users/alice/train.yaml", containerSpec("train"));
    git.push();
    const secretFile = join(folder, "secret");
    writeFileSync(secretFile, secret);
    // Notes each status in a file of its own, by its revision.
    const program = join(folder, "tell");
    writeFileSync(program, `#!/bin/sh\ncat >"$1/told-$DS01_REVISION"\n`, { mode: 0o755 });
    host = await startHost({
      name: "gitops-edges",
      configuration: [
        'api: { webhook: { listen: "127.0.0.1:0" } }',
        "sources:",
        "  - name: lab",
        "    git:",
        `      url: ${git.bare}`,
        "      ref: main",
        "      interval: 1h",
        `      webhook: { secretFile: ${secretFile} }`,
        `      statusCommand: [${program}, ${folder}]`,
        "",
      ].join("\n"),
    });
    await host.waitForReady("alice/train");
  });

  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function toldOf(revision: string): unknown {
    const file = join(folder, `told-${revision}`);
    return existsSync(file) && JSON.parse(readFileSync(file, "utf8") || "null");
  }

  async function tellOfPush(key: string): Promise<number> {
    const listening = host.controller.logLines().find(({ reason }) => reason === "WebhookListening");
    const address = String(listening?.["url"]);
    const body = JSON.stringify({ ref: "refs/heads/main" });
    const signature = createHmac("sha256", key).update(body).digest("hex");
    const headers = { "x-hub-signature-256": `sha256=${signature}` };
    return (await fetch(`${address}lab`, { method: "POST", body, headers })).status;
  }

  it("must run what was pushed once the forge has told of it", async () => {
    git.write("users/alice/new.yaml", containerSpec("new"));
    git.push();
    expect(await tellOfPush("guessed")).toBe(401);
    expect(await host.container("alice/new")).toBeUndefined();
    expect(await tellOfPush(secret)).toBe(202);
    // The interval is an hour: nothing else has it looked at. How busy the machine is decides on the rest.
    await host.waitForReady("alice/new");
    expect(host.controller.stderr).not.toContain(secret);
  });

  it("must tell what became of each revision", async () => {
    git.write("users/alice/new.yaml", containerSpec("new").replace("image:", "imgae:"));
    const bad = git.push();
    expect((await host.ds01("sync", "now")).code).toBe(0);
    git.git("revert", "--no-edit", "HEAD");
    const good = git.push();
    expect((await host.ds01("sync", "now")).code).toBe(0);
    for (const [revision, state, reason] of [
      [bad, "failure", "FilesRejected"],
      [good, "success", "Synced"],
    ] as const) {
      const told = await waitFor("it to be told", () => toldOf(revision));
      expect(told).toMatchObject({ source: "lab", revision, state, reason });
    }
  });
});
