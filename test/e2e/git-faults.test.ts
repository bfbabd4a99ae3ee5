import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { GitHttpServer } from "../support/git-http-server.ts";
import { ensureGitPrograms } from "../support/git-programs.ts";
import { GitBed } from "../support/git-repository.ts";
import { pushSigned, sshSigner, type GitSigner } from "../support/git-signer.ts";
import { conditionOf, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** How something goes wrong, and how it is put right; a change is pushed after each. */
interface Fault {
  readonly what: string;
  readonly reason: string;
  readonly begin: () => void;
  readonly end?: () => void;
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
  let isMounted = false;
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
    unmount();
    await host.stop();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Git calls of a controller that was killed may still be at it. */
  const unmount = (): void => {
    if (isMounted) execFileSync("umount", ["--lazy", directory]);
    isMounted = false;
  };
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
    await waitFor(`${String(line)} to show`, async () => line.test(await described()));
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
    },
    {
      what: "a history that somebody else has written anew",
      reason: "SignatureMissing",
      begin: () => {
        git.git("checkout", "--quiet", "--orphan", "other");
        change(null);
      },
      end: () => git.git("checkout", "--quiet", "--force", "main"),
    },
    {
      what: "a revision without anything in it",
      reason: "RevisionEmpty",
      begin: () => {
        git.remove("users");
        pushSigned(git, alice);
      },
      end: () => git.git("checkout", "--quiet", "HEAD~", "--", "users"),
    },
    {
      what: "a server that begins to answer and hangs",
      reason: "SyncTimeout",
      begin: () => {
        server.mode = "hangInBody";
        change();
      },
      end: () => void (server.mode = "serve"),
    },
    {
      what: "a server that fails",
      reason: "SourceUnreachable",
      begin: () => void (server.mode = "fail"),
      end: () => void (server.mode = "serve"),
    },
    {
      what: "a server that sends on to a repository of this machine",
      reason: "SourceUnreachable",
      begin: () => void (server.redirect = `file://${git.bare}`),
      end: () => void (server.redirect = null),
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
    },
    {
      what: "a disk that is full",
      reason: "SourceDiskFull",
      begin: () => {
        execFileSync("sh", ["-c", 'cat /dev/zero >"$0" 2>/dev/null || true', filler()]);
        git.write("users/alice/ballast", Buffer.alloc(1024 ** 2, "ballast"));
        change();
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
        isMounted = true;
      });
    }
    await shown("Status", "Synced");
    const before = await ids();
    host.proxy.clear();
    fault.begin();
    await shown("Status", fault.reason);
    expect((await host.ds01("get", "sources")).stdout).toContain(fault.reason);
    expect(await described()).toContain("SourceFailed");
    expect(await ids()).toEqual(before);

    fault.end?.();
    const mended = change();
    await shown("Applied", mended);
    await shown("Status", "Synced");
    await host.waitForObject(
      "alice/later",
      "at the newest",
      ({ status }) => status.source.revision === mended,
    );
    expect(host.proxy.mutations()).toEqual([]);
    expect(await ids()).toEqual(before);
  });

  it("must take everything anew when its disk is lost, and change nothing for it", async () => {
    const before = await ids();
    await host.restartController(unmount);
    await shown("Status", "Synced");
    await host.waitForReady("alice/train");
    expect(host.proxy.mutations()).toEqual([]);
    expect(await ids()).toEqual(before);
  });

  it("must fetch a copy that is damaged anew, and change nothing for it", async () => {
    const before = await ids();
    const packs = join(directory, "repository/objects/pack");
    for (const name of readdirSync(packs)) {
      chmodSync(join(packs, name), 0o644);
      truncateSync(join(packs, name), 20);
    }
    const commit = change();
    await shown("Applied", commit);
    await shown("Status", "Synced");
    expect(host.proxy.mutations()).toEqual([]);
    expect(await ids()).toEqual(before);
  });

  it("must leave alone what runs of a file that became something else, say what it is, and take it back", async () => {
    const before = await ids();
    const plain = Object.fromEntries(["train", "eval"].map((name) => [name, containerSpec(name)]));
    const put = (name: string, text: string | Buffer): void => git.write(`users/alice/${name}.yaml`, text);
    const tricks: readonly (readonly [reason: string, name: string, trick: () => void])[] = [
      [
        "LfsPointer",
        "train",
        () =>
          put(
            "train",
            `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d".repeat(32)}\nsize 12\n`,
          ),
      ],
      ["TooLarge", "eval", () => put("eval", Buffer.alloc(300 * 1024, "# x\n"))],
      [
        "SymlinkNotAllowed",
        "train",
        () => {
          git.remove("users/alice/train.yaml");
          symlinkSync(join(folder, "signers"), join(git.clone, "users/alice/train.yaml"));
        },
      ],
    ];
    for (const [reason, name, trick] of tricks) {
      trick();
      pushSigned(git, alice);
      const object = await host.waitForObject(
        `alice/${name}`,
        reason,
        (now) => conditionOf(now, "Accepted")?.reason === reason,
      );
      expect(conditionOf(object, "Accepted")).toMatchObject({ status: "False" });
      git.remove(`users/alice/${name}.yaml`);
      put(name, plain[name] ?? "");
      pushSigned(git, alice);
      await host.waitForObject(
        `alice/${name}`,
        "accepted again",
        (now) => conditionOf(now, "Accepted")?.status === "True",
      );
    }
    git.git("rm", "--quiet", "-r", "users/alice");
    git.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},users/alice`);
    git.git(...alice.options, "commit", "--quiet", "--gpg-sign", "--message", "a submodule");
    git.git("push", "--quiet", "origin", "HEAD:main");
    const submodule = git.git("rev-parse", "HEAD").trim();
    await shown("Applied", submodule);
    const hidden = await host.waitForObject(
      "alice/train",
      "held back",
      (now) => conditionOf(now, "PruneBlocked")?.status === "True",
    );
    expect(conditionOf(hidden, "PruneBlocked")?.message).toContain("users/alice");
    git.git("checkout", "--quiet", "HEAD~", "--", "users");
    await shown("Applied", pushSigned(git, alice));
    expect(host.proxy.mutations()).toEqual([]);
    expect(await ids()).toEqual(before);
  });
});
