import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { GitHttpServer } from "../support/git-http-server.ts";
import { ensureGitPrograms } from "../support/git-programs.ts";
import { GitBed } from "../support/git-repository.ts";
import { pushSigned, sshSigner, type GitSigner } from "../support/git-signer.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** How something goes wrong, and how it is put right. */
interface Fault {
  readonly what: string;
  readonly reason: string;
  readonly begin: () => void;
  readonly end: () => void;
}

describe("a Git source that cannot be had or trusted", () => {
  const folder = mkdtempSync(join(tmpdir(), "ds01-git-faults-"));
  const [token, signers] = [join(folder, "token"), join(folder, "signers")];
  let server: GitHttpServer;
  let git: GitBed;
  let alice: GitSigner;
  let host: Host;
  /** On a small disk of its own. */
  let directory: string;
  let version = 0;

  beforeAll(async () => {
    ensureGitPrograms();
    git = new GitBed(folder);
    alice = sshSigner(folder, "alice");
    writeFileSync(signers, alice.publicKey);
    server = new GitHttpServer(folder);
    server.login = "robot:first";
    writeFileSync(token, "first\n");
    for (const name of ["train", "eval"]) git.write(`users/alice/${name}.yaml`, containerSpec(name));
    pushSigned(git, alice);
    const url = `${await server.listen()}/specs.git`;
    const login = `credentials: { tokenFile: ${token}, user: robot }`;
    const verify = `verify: { ssh: { allowedSigners: ${signers} } }`;
    host = await startHost({
      name: "git-faults",
      configuration: `sources:\n  - name: lab\n    git: { url: "${url}", ref: main, interval: 1s, timeout: 10s, ${login}, ${verify} }\n`,
    });
    await host.waitForReady("alice/train");
    await host.waitForReady("alice/eval");
    directory = join(host.stateDir, "sources", "lab");
  });

  afterAll(async () => {
    await host.stop();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const described = async (): Promise<string> => (await host.ds01("describe", "source", "lab")).stdout;
  const ids = async (): Promise<readonly string[]> =>
    Promise.all(["train", "eval"].map(async (name) => (await host.dockerInspect(`alice/${name}`)).Id));
  /** A commit that changes one spec in place, of which nothing may be seen before it is in effect. */
  const change = (signer: GitSigner | null = alice): string => {
    version += 1;
    git.write(
      "users/alice/later.yaml",
      containerSpec("later", { env: [{ name: "VERSION", value: String(version) }], desiredState: "Stopped" }),
    );
    return pushSigned(git, signer);
  };
  const shown = async (field: string, text: string): Promise<void> => {
    const line = new RegExp(`^${field}: +${text}`, "m");
    await waitFor(`${String(line)} to show`, async () => line.test(await described()), { timeoutMs: 60_000 });
  };

  it("must tell who signed what is in effect", async () => {
    expect(await described()).toMatch(/^Signed by: +alice@example\.org$/m);
    expect(await described()).toMatch(/of main is in effect, signed by alice@example\.org/);
    expect((await host.ds01("get", "sources", "-o", "wide")).stdout).toContain("alice@example.org");
  });

  const filler = (): string => join(directory, "filler");
  const faults: readonly Fault[] = [
    {
      what: "a revision that nobody has signed",
      reason: "SignatureMissing",
      begin: () => void change(null),
      end: () => undefined,
    },
    {
      what: "a server that begins to answer and hangs",
      reason: "SyncTimeout",
      begin: () => void (server.mode = "hangInBody"),
      end: () => void (server.mode = "serve"),
    },
    {
      what: "a server that fails",
      reason: "SourceUnreachable",
      begin: () => void (server.mode = "fail"),
      end: () => void (server.mode = "serve"),
    },
    {
      what: "a token that was revoked",
      reason: "AuthenticationFailed",
      begin: () => void (server.login = "robot:second"),
      end: () => writeFileSync(token, "second\n"),
    },
    {
      what: "a branch that was deleted",
      reason: "RevisionNotFound",
      begin: () => void git.git("push", "--quiet", "origin", ":main"),
      end: () => undefined,
    },
    {
      what: "a disk that is full",
      reason: "SourceDiskFull",
      begin: () => {
        execFileSync("sh", ["-c", 'cat /dev/zero >"$0" 2>/dev/null || true', filler()]);
        git.write("users/alice/ballast", Buffer.alloc(1024 ** 2, "ballast"));
      },
      end: () => {
        rmSync(filler());
        git.remove("users/alice/ballast");
      },
    },
  ];

  it.each(faults)("must leave all that runs alone and recover by itself from $what", async (fault) => {
    if (fault.reason === "SourceDiskFull") {
      await host.restartController(() => {
        rmSync(directory, { recursive: true });
        execFileSync("mkdir", ["-p", directory]);
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "ds01-git", directory]);
      });
    }
    await shown("Status", "Synced");
    const before = await ids();
    host.proxy.clear();
    fault.begin();
    if (!["SignatureMissing", "RevisionNotFound"].includes(fault.reason)) change();
    await shown("Status", fault.reason);
    expect((await host.ds01("get", "sources")).stdout).toContain(fault.reason);
    expect(await described()).toContain("SourceFailed");
    expect(host.proxy.mutations()).toEqual([]);
    expect(await ids()).toEqual(before);

    fault.end();
    const mended = change();
    await shown("Applied", mended);
    await shown("Status", "Synced");
    expect(await ids()).toEqual(before);
    await host.waitForObject(
      "alice/later",
      "at the newest",
      ({ status }) => status.source.revision === mended,
    );
  });

  it("must take everything anew when its copy is lost, and change nothing for it", async () => {
    const before = await ids();
    await host.restartController(() => execFileSync("umount", [directory]));
    await shown("Status", "Synced");
    await host.waitForReady("alice/train");
    expect(host.proxy.mutations()).toEqual([]);
    expect(await ids()).toEqual(before);
  });
});
