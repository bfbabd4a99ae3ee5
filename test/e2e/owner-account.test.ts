import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startNameService } from "../bed/name-service.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost, type Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const alice = { uid: 1_203_400_512, gid: 1_203_400_513 };
const lab = 1_203_400_600;

describe("a container that runs as its owner", () => {
  let host: Host;
  let directory: string;
  let data: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(realpathSync(tmpdir()), "ds01-names-"));
    data = join(directory, "data");
    mkdirSync(data);
    chownSync(data, alice.uid, alice.gid);
    const path = startNameService(directory, {
      passwd: [
        `alice:x:${alice.uid}:${alice.gid}:Alice:/home/example.org/alice:/bin/bash`,
        "node:x:5002:5002::/home/node:/bin/sh",
        "bob:x:1000:1000::/home/bob:/bin/sh",
      ],
      group: [
        `domain users:x:${alice.gid}:`,
        `vision:x:${lab}:alice`,
        "disk:x:6:alice",
        "node:x:5002:",
        "bob:x:1000:",
      ],
    });
    host = await startHost({
      name: "account",
      path,
      files: {
        "quotas/all.yaml": quotaSpec("all", {
          subjects: { default: true },
          policy: { hostPaths: [{ path: `${data}/**`, readOnly: false }] },
        }),
      },
    });
  });
  afterAll(async () => {
    await host.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function shell(key: string, script: string): Promise<string> {
    const { output } = await host.dockerExec(key, "sh", "-c", script);
    return output.trim();
  }

  it("must have its name, its groups and a HOME of its own there, with numbers far outside the image's", async () => {
    const volumes = [{ name: "data", mountPath: "/home/example.org/alice/data", hostPath: { path: data } }];
    host.drop("users/alice/train.yaml", containerSpec("train", { user: "owner", volumes }));
    await host.waitForReady("alice/train");
    expect(await shell("alice/train", "id -un; id -gn; id -Gn")).toBe(
      "alice\ndomain users\ndomain users vision",
    );
    expect(await shell("alice/train", "id -G")).toBe(`${alice.gid} ${lab}`);
    expect(
      await shell("alice/train", 'cd; pwd; echo "$HOME"; touch .bashrc && stat -c %U:%a . .bashrc'),
    ).toBe("/home/example.org/alice\n/home/example.org/alice\nalice:700\nalice:644");
    await shell("alice/train", "touch data/result || touch $HOME/data/result");
    expect(statSync(join(data, "result"))).toMatchObject(alice);
    expect((await host.events("alice/train")).map(({ reason }) => reason)).not.toContain("AccountNotAdded");
  });

  it("must change nothing when the controller comes back", async () => {
    await host.restartController();
    await host.waitForReady("alice/train");
    expect(host.proxy.mutations()).toEqual([]);
    await host.remove("alice/train");
  });

  it.each(["hang", "lost"] as const)(
    "must have its name there though the controller was killed as it was put in (%s)",
    async (fault) => {
      host.proxy.clear();
      const withdraw = host.proxy.addRule({ method: "PUT", path: /\/archive$/, fault, times: 1 });
      host.drop("users/alice/killed.yaml", containerSpec("killed", { user: "owner" }));
      const met = (): boolean => host.proxy.requests.some((request) => request.fault !== undefined);
      await waitFor("the account", met, { intervalMs: 5 });
      await host.restartController(withdraw);
      await host.waitForReady("alice/killed");
      expect(await host.containersOf("alice/killed")).toHaveLength(1);
      expect(await shell("alice/killed", "id -un; id -gn; grep -c ^alice: /etc/passwd")).toBe(
        "alice\ndomain users\n1",
      );
      await host.remove("alice/killed");
    },
  );

  it("must keep a name that the image has for the uid, and not take one that is another's", async () => {
    const owner = { user: "owner", image: "bed/oddusers:1" };
    host.drop("users/bob/web.yaml", containerSpec("web", owner));
    host.drop("users/node/web.yaml", containerSpec("web", owner));
    await host.waitForReady("bob/web");
    await host.waitForReady("node/web");
    expect(await shell("bob/web", "id -un; echo $HOME; stat -c %u $HOME")).toBe("node\n/home/bob\n1000");
    expect(await shell("node/web", "id -un; id -u; id -gn")).toBe("node-5002\n5002\nnode-5002");
    expect(await shell("node/web", "head -n 2 /etc/passwd")).toContain(
      "node:x:1000:1000::/home/node:/bin/sh",
    );
    await host.remove("bob/web", "node/web");
  });

  it("must have a name also where the image has no account files at all", async () => {
    host.drop("users/alice/bare.yaml", containerSpec("bare", { user: "owner", image: "bed/nousers:1" }));
    await host.waitForReady("alice/bare");
    expect(await shell("alice/bare", "id -un; id -gn")).toBe("alice\ndomain users");
    await host.remove("alice/bare");
  });

  it("must say why it has none where the root file system is read-only, and run", async () => {
    const securityContext = { readOnlyRootFilesystem: true };
    host.drop("users/alice/sealed.yaml", containerSpec("sealed", { user: "owner", securityContext }));
    await host.waitForReady("alice/sealed");
    const told = await host.waitForEvent("alice/sealed", "AccountNotAdded");
    expect(told.message).toMatch(/^runs as 1203400512:1203400513, but .* its root file system is read-only/);
    await host.remove("alice/sealed");
  });

  it("must take its own HOME where the spec names one", async () => {
    const env = [{ name: "HOME", value: "/tmp" }];
    host.drop("users/alice/own.yaml", containerSpec("own", { user: "owner", env }));
    await host.waitForReady("alice/own");
    expect(await shell("alice/own", "echo $HOME; id -un")).toBe("/tmp\nalice");
    await host.remove("alice/own");
  });
});
