import { execFileSync } from "node:child_process";
import { createPrivateKey, randomBytes } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { GitSettings } from "../../src/adapters/git/git-settings.ts";
import { makeAuthority, makeServerCertificate } from "../../src/adapters/tls/certificate.ts";
import { waitFor } from "../bed/wait-for.ts";
import { ConnectProxy } from "../support/connect-proxy.ts";
import { GitHttpServer } from "../support/git-http-server.ts";
import { ensureGitPrograms } from "../support/git-programs.ts";
import { specText } from "../support/git-repository.ts";
import { GitSshServer } from "../support/git-ssh-server.ts";
import {
  everything,
  preparedRepository,
  RunningGitSource,
  type GitSourceBed,
} from "../support/running-git-source.ts";

beforeAll(ensureGitPrograms);

type FollowedBed = GitSourceBed & { readonly run: RunningGitSource };

/** Asks the server again and again, so that what recovers does so by itself. */
const often = { intervalMs: 200, timeoutMs: 12_000 };

async function followed(
  bed: GitSourceBed,
  url: string,
  changes: Partial<GitSettings> = {},
): Promise<FollowedBed> {
  const run = await new RunningGitSource(bed.state, url, { ...often, ...changes }).first();
  expect(run.report().failure).toBeNull();
  expect(run.paths()).toEqual(everything);
  run.sink.events.length = 0;
  return { ...bed, run };
}

let version = 1;

/** Pushes a change with data that takes a while to send; the commit. */
function push({ git }: GitSourceBed): string {
  version += 1;
  git.write("users/alice/train.yaml", specText("train", `bed/base:${version}`));
  git.write("data.bin", randomBytes(200_000));
  return git.push();
}

/** That a failure is told for `reason` while nothing changes. */
async function fails({ run }: FollowedBed, reason: string): Promise<string> {
  await waitFor(`${reason} to show`, () => run.report().failure?.reason === reason);
  expect(run.sink.events).toEqual([]);
  expect(run.sink.outages).toEqual([]);
  expect(run.paths()).toEqual(everything);
  return run.report().failure?.message ?? "";
}

/** That a commit comes into effect, and nobody had to ask for it. */
async function recovers({ run }: FollowedBed, commit: string): Promise<void> {
  await waitFor("recovery", () => run.report().appliedRevision === commit && run.report().failure === null);
  expect(run.sink.events).toEqual(["upsert users/alice/train.yaml"]);
  run.sink.events.length = 0;
}

describe("over ssh, from a real server", () => {
  interface SshBed extends FollowedBed {
    readonly server: GitSshServer;
    readonly sshKey: string;
    readonly knownHosts: string;
  }

  /** A key pair; the public one. */
  function makeKey(file: string): string {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
    const publicKey = readFileSync(`${file}.pub`, "utf8");
    // ssh would go by this one, also when the file beside it has another key.
    rmSync(`${file}.pub`);
    return publicKey;
  }

  async function served(): Promise<SshBed> {
    const bed = preparedRepository();
    const server = new GitSshServer(bed.folder);
    onTestFinished(() => server.stop());
    await server.start();
    const [sshKey, knownHosts] = [join(bed.folder, "deploy 100% key"), join(bed.folder, "known 100% hosts")];
    server.authorize(makeKey(sshKey));
    writeFileSync(knownHosts, server.knownHosts);
    const url = server.urlOf(bed.git.bare);
    return {
      ...(await followed(bed, url, { credentials: { sshKey, knownHosts } })),
      server,
      sshKey,
      knownHosts,
    };
  }

  test("a revision comes into effect, and the next one", async () => {
    const bed = await served();
    await recovers(bed, push(bed));
  });

  test("a key that is not accepted any more changes nothing, and a new one in its file is taken", async () => {
    const bed = await served();
    const other = join(bed.folder, "new key");
    bed.server.authorize(makeKey(other));
    const commit = push(bed);
    expect(await fails(bed, "AuthenticationFailed")).toContain("the server does not let ds01 in");
    copyFileSync(other, bed.sshKey);
    await recovers(bed, commit);
  });

  test("a server that shows another key than the known one is not believed, until it is known", async () => {
    const bed = await served();
    await bed.server.stop();
    bed.server.changeHostKey();
    await bed.server.start();
    const commit = push(bed);
    await fails(bed, "HostKeyUnknown");
    writeFileSync(bed.knownHosts, "");
    const { length } = bed.run.sink.reports;
    await waitFor("another try", () => bed.run.sink.reports.length > length + 1);
    await fails(bed, "HostKeyUnknown");
    expect(readFileSync(bed.knownHosts, "utf8")).toBe("");
    writeFileSync(bed.knownHosts, bed.server.knownHosts);
    await recovers(bed, commit);
  });

  test("a server that hangs in the midst of a fetch is left in time; one that is away is asked again", async () => {
    const bed = await served();
    bed.server.hangs = true;
    const commit = push(bed);
    await fails(bed, "SyncTimeout");
    bed.server.hangs = false;
    await recovers(bed, commit);

    await bed.server.stop();
    const next = push(bed);
    await fails(bed, "SourceUnreachable");
    await bed.server.start();
    await recovers(bed, next);
  });
});

describe("over http, from git http-backend", () => {
  test("a token that is revoked changes nothing, and a new one in its file is taken", async () => {
    const bed = preparedRepository();
    const server = new GitHttpServer(bed.folder);
    const url = await server.listen();
    onTestFinished(() => server.close());
    server.login = "robot:first-s3cret";
    const tokenFile = join(bed.folder, "token");
    writeFileSync(tokenFile, "first-s3cret\n");
    const credentials = { tokenFile, user: "robot" };
    const source = await followed(bed, `${url}/specs.git`, { credentials });
    server.login = "robot:second-s3cret";
    const commit = push(bed);
    await fails(source, "AuthenticationFailed");
    writeFileSync(tokenFile, "second-s3cret\n");
    await recovers(source, commit);
    expect(JSON.stringify([source.run.sink.reports, source.run.log.lines])).not.toContain("s3cret");
  });

  test("a credential helper is asked each time, and stands for nothing it does not say", async () => {
    const bed = preparedRepository();
    const server = new GitHttpServer(bed.folder);
    const url = await server.listen();
    onTestFinished(() => server.close());
    server.login = "robot:first-s3cret";
    const [helper, answer] = [join(bed.folder, "helper"), join(bed.folder, "answer")];
    writeFileSync(helper, `#!/bin/sh\n[ "$1" = get ] && cat '${answer}'\nexit 0\n`, { mode: 0o755 });
    writeFileSync(answer, "username=robot\npassword=first-s3cret\n");
    const source = await followed(bed, `${url}/specs.git`, { credentials: { helper } });
    server.login = "robot:second-s3cret";
    const commit = push(bed);
    await fails(source, "AuthenticationFailed");
    writeFileSync(answer, "username=robot\npassword=second-s3cret\n");
    await recovers(source, commit);
    expect(JSON.stringify([source.run.sink.reports, source.run.log.lines])).not.toContain("s3cret");
  });

  test("a server that stops or goes in the midst of a pack does no harm, and fills no disk", async () => {
    const bed = preparedRepository();
    const server = new GitHttpServer(bed.folder);
    const url = await server.listen();
    onTestFinished(() => server.close());
    const source = await followed(bed, `${url}/specs.git`);
    server.mode = "hangInPack";
    const commit = push(bed);
    await fails(source, "SyncTimeout");
    server.mode = "cutInPack";
    await fails(source, "SourceUnreachable");
    const { length } = source.run.sink.reports;
    await waitFor("more attempts", () => source.run.sink.reports.length > length + 3);
    await fails(source, "SourceUnreachable");
    // What was received in part does not pile up.
    const parts = (): number =>
      readdirSync(join(bed.state, "repository/objects/pack")).filter((name) => name.startsWith("tmp_"))
        .length;
    await expect.poll(parts).toBeLessThan(2);
    server.mode = "serve";
    await recovers(source, commit);
  });
});

describe("over https", () => {
  const name = "git.example.test";
  const day = 86_400_000;

  interface HttpsBed extends GitSourceBed {
    readonly server: GitHttpServer;
    readonly proxy: ConnectProxy;
    readonly proxyUrl: string;
    /** The authority that has signed the server's certificate. */
    readonly caFile: string;
  }

  /** A server whose name only the proxy knows. */
  async function served(): Promise<HttpsBed> {
    const bed = preparedRepository();
    const validity = { from: Date.now() - day, until: Date.now() + day };
    const authority = makeAuthority("test", validity);
    const issuer = { name: "test", key: createPrivateKey(authority.key) };
    const server = new GitHttpServer(bed.folder, makeServerCertificate(issuer, [name], validity));
    await server.listen();
    onTestFinished(() => server.close());
    const proxy = new ConnectProxy(server.port);
    const proxyUrl = await proxy.listen();
    onTestFinished(() => proxy.close());
    const caFile = join(bed.folder, "authority.pem");
    writeFileSync(caFile, authority.certificate);
    return { ...bed, server, proxy, proxyUrl, caFile };
  }

  test("the authority of caFile counts, and no other one", async () => {
    const bed = await served();
    const url = `https://${name}/specs.git`;
    const strange = join(bed.folder, "strange.pem");
    const validity = { from: Date.now() - day, until: Date.now() + day };
    writeFileSync(strange, makeAuthority("strange", validity).certificate);
    for (const caFile of [undefined, strange, join(bed.folder, "missing.pem")]) {
      const state = join(bed.folder, `state-${String(caFile).length}`);
      const run = await new RunningGitSource(state, url, { proxy: bed.proxyUrl, caFile }).first();
      expect(run.report().failure, String(caFile)).toMatchObject({ reason: "CertificateUntrusted" });
      await run.end();
    }
    await followed(bed, url, { proxy: bed.proxyUrl, caFile: bed.caFile });
  });

  test("a login reaches the server through a proxy, which is away or back, and all else waits", async () => {
    const bed = await served();
    bed.server.login = "robot:s3cret";
    const tokenFile = join(bed.folder, "token");
    writeFileSync(tokenFile, "s3cret\n");
    const source = await followed(bed, `https://${name}/specs.git`, {
      proxy: bed.proxyUrl,
      caFile: bed.caFile,
      credentials: { tokenFile, user: "robot" },
    });
    expect(new Set(bed.proxy.asked)).toEqual(new Set([`${name}:443`]));
    await bed.proxy.close();
    const commit = push(bed);
    await fails(source, "SourceUnreachable");
    await bed.proxy.listen(Number(new URL(bed.proxyUrl).port));
    await recovers(source, commit);
  });
});
