import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { gitSettings, type GitSettings } from "../../src/adapters/git/git-settings.ts";
import { findProgram } from "../bed/requirements.ts";
import { ensureGitPrograms } from "../support/git-programs.ts";
import { specText } from "../support/git-repository.ts";
import {
  gpgSigner,
  importKeys,
  pushSigned,
  revokedKey,
  sshSigner,
  type GitSigner,
} from "../support/git-signer.ts";
import {
  everything,
  preparedRepository,
  RunningGitSource,
  type GitSourceBed,
} from "../support/running-git-source.ts";

beforeAll(ensureGitPrograms);

const kinds = ["gpg", "ssh"] as const;
const makers = { gpg: gpgSigner, ssh: sshSigner };

interface SignedBed extends GitSourceBed {
  readonly alice: GitSigner;
  readonly mallory: GitSigner;
  /** The file of those who may sign. */
  readonly signers: string;
  readonly verify: GitSettings["verify"];
  /** The first commit that alice has signed. */
  readonly signed: string;
}

function verifying(kind: GitSigner["kind"], file: string): GitSettings["verify"] {
  return kind === "gpg" ? { gpg: { keys: file } } : { ssh: { allowedSigners: file } };
}

function signedRepository(kind: GitSigner["kind"]): SignedBed {
  const bed = preparedRepository();
  const { folder, git } = bed;
  const alice = makers[kind](folder, "alice");
  const mallory = makers[kind](folder, "mallory");
  const signers = join(folder, "who may sign");
  // That there are others in the file is the usual case.
  writeFileSync(signers, makers[kind](folder, "bob").publicKey + alice.publicKey);
  const signed = pushSigned(git, alice);
  return { ...bed, alice, mallory, signers, verify: verifying(kind, signers), signed };
}

async function followed(
  bed: SignedBed,
  changes: Partial<GitSettings> = {},
): Promise<SignedBed & { readonly run: RunningGitSource }> {
  const run = await new RunningGitSource(bed.state, bed.git.bare, {
    verify: bed.verify,
    ...changes,
  }).first();
  expect(run.report()).toMatchObject({ failure: null, signer: bed.alice.name });
  expect(run.paths()).toEqual(everything);
  run.sink.events.length = 0;
  return { ...bed, run };
}

/** That the newest commit is refused, and nothing else has changed. */
async function refused(
  { run, signed, alice }: SignedBed & { readonly run: RunningGitSource },
  newest: string,
  reason: string,
): Promise<string> {
  const report = await run.sync();
  expect(report).toMatchObject({
    revision: newest,
    appliedRevision: signed,
    signer: alice.name,
    failure: { reason },
  });
  expect(run.sink.events).toEqual([]);
  expect(run.sink.outages).toEqual([]);
  return report.failure?.message ?? "";
}

function edit(bed: GitSourceBed, version: number): void {
  bed.git.write("users/alice/train.yaml", specText("train", `bed/base:${version}`));
}

describe.each(kinds)("signed by %s", (kind) => {
  test("a revision comes into effect with the name of its signer, also after a restart", async () => {
    const { run, git, state, alice, verify } = await followed(signedRepository(kind));
    await run.end();
    rmSync(git.bare, { recursive: true });
    const again = await new RunningGitSource(state, git.bare, { verify }).first();
    expect(again.paths()).toEqual(everything);
    expect(again.report()).toMatchObject({ signer: alice.name, failure: { reason: "RepositoryNotFound" } });
  });

  test("what nobody has signed changes nothing, until somebody has", async () => {
    const bed = await followed(signedRepository(kind));
    edit(bed, 2);
    const unsigned = pushSigned(bed.git, null);
    expect(await refused(bed, unsigned, "SignatureMissing")).toContain(
      `the commit ${unsigned.slice(0, 12)} is not signed`,
    );

    const good = pushSigned(bed.git, bed.alice);
    expect(await bed.run.sync()).toMatchObject({ appliedRevision: good, failure: null });
    expect(bed.run.sink.events).toEqual(["upsert users/alice/train.yaml"]);
  });

  test("what somebody else has signed changes nothing, until who it is stands in the file", async () => {
    const bed = await followed(signedRepository(kind));
    edit(bed, 2);
    const foreign = pushSigned(bed.git, bed.mallory);
    expect(await refused(bed, foreign, "SignatureInvalid")).toMatch(/nobody of the signers has/);

    appendFileSync(bed.signers, bed.mallory.publicKey);
    expect(await bed.run.sync()).toMatchObject({ appliedRevision: foreign, signer: bed.mallory.name });
  });

  test("neither root's keys and settings nor those of the repository count", async () => {
    const bed = await followed(signedRepository(kind));
    const { folder, mallory } = bed;
    const trusted = join(folder, "of root");
    writeFileSync(trusted, mallory.publicKey);
    const root = join(folder, "root");
    mkdirSync(join(root, ".gnupg"), { recursive: true, mode: 0o700 });
    const configuration = `[gpg "ssh"]\n\tallowedSignersFile = ${trusted}\n[gpg]\n\tprogram = /bin/true\n`;
    writeFileSync(join(root, ".gitconfig"), configuration);
    appendFileSync(join(bed.state, "repository", "config"), configuration);
    if (kind === "gpg") importKeys(join(root, ".gnupg"), trusted);
    setVariables({ HOME: root, GNUPGHOME: join(root, ".gnupg") });

    expect(await refused(bed, pushSigned(bed.git, mallory), "SignatureInvalid")).toMatch(/nobody of the/);
  });

  test("a signature of another kind does not count, whoever's it is", async () => {
    const bed = await followed(signedRepository(kind));
    const other = kind === "gpg" ? "ssh" : "gpg";
    const alice = makers[other](bed.folder, "alice");
    const message = await refused(bed, pushSigned(bed.git, alice), "SignatureInvalid");
    expect(message).toContain(`is signed by ${other}, where ${kind} is asked for`);
  });

  test("a signature does not count for another content", async () => {
    const bed = await followed(signedRepository(kind));
    edit(bed, 2);
    const tree = bed.git.git("rev-parse", `${pushSigned(bed.git, null)}^{tree}`).trim();
    const text = bed.git.git("cat-file", "commit", bed.signed).replace(/^tree .*$/m, `tree ${tree}`);
    writeFileSync(join(bed.folder, "forged"), text);
    const forged = bed.git.git("hash-object", "-w", "-t", "commit", join(bed.folder, "forged")).trim();
    bed.git.git("push", "--quiet", "--force", "origin", `${forged}:main`);
    expect(await refused(bed, forged, "SignatureInvalid")).toContain("no good signature");
  });

  test("of a tag, the tag's signature counts, with its name; of a plain one that of the commit", async () => {
    const bed = signedRepository(kind);
    const { git, alice, mallory, folder, verify } = bed;
    const tag = (name: string, signer: GitSigner | null, commit: string): void => {
      const how = signer === null ? ["--no-sign", "--annotate"] : ["--sign"];
      git.git(...(signer?.options ?? []), "tag", ...how, "--force", "--message", "release", name, commit);
      git.git("push", "--quiet", "--force", "origin", `refs/tags/${name}`);
    };
    const settings = gitSettings({ url: git.bare, ref: { tag: "v1" }, interval: "1h" });
    const unsigned = pushSigned(git, null);
    tag("v1", alice, unsigned);
    const run = await new RunningGitSource(join(folder, "tags"), git.bare, { ...settings, verify }).first();
    expect(run.report()).toMatchObject({ appliedRevision: unsigned, signer: alice.name, failure: null });

    const next = pushSigned(git, alice);
    const complaint = async (): Promise<string> => {
      const { failure, appliedRevision } = await run.sync();
      expect(appliedRevision).toBe(unsigned);
      return `${failure?.reason ?? "none"}: ${failure?.message ?? ""}`;
    };
    tag("v1", mallory, next);
    expect(await complaint()).toMatch(/^SignatureInvalid: the tag [0-9a-f]{12} has no good signature/);
    tag("v1", null, next);
    expect(await complaint()).toMatch(/^SignatureMissing: the tag [0-9a-f]{12} is not signed/);
    tag("v2", alice, next);
    git.git("push", "--quiet", "--force", "origin", "refs/tags/v2:refs/tags/v1");
    expect(await complaint()).toMatch(/^SignatureInvalid: the tag [0-9a-f]{12} was signed as v2, and stands/);

    git.git("tag", "--force", "v1", next);
    git.git("push", "--quiet", "--force", "origin", "refs/tags/v1");
    expect(await run.sync()).toMatchObject({ appliedRevision: next, signer: alice.name, failure: null });
  });

  test("a program that is missing is named, and taken once it is there", async () => {
    const bed = await followed(signedRepository(kind));
    edit(bed, 2);
    const signed = pushSigned(bed.git, bed.alice);
    const programs = join(bed.folder, "programs");
    mkdirSync(programs);
    symlinkSync(findProgram("git") ?? "", join(programs, "git"));
    const restore = setVariables({ PATH: programs });
    const program = kind === "gpg" ? "gpg" : "ssh-keygen";
    expect(await refused(bed, signed, "SignatureProgramMissing")).toContain(`no program ${program}: install`);

    restore();
    expect((await bed.run.sync()).appliedRevision).toBe(signed);
  });

  test("a file of signers that is missing or tells none lets nothing in, until it is mended", async () => {
    const bed = await followed(signedRepository(kind));
    edit(bed, 2);
    const signed = pushSigned(bed.git, bed.alice);
    rmSync(bed.signers);
    expect(await refused(bed, signed, "SignersUnreadable")).toContain(bed.signers);
    writeFileSync(bed.signers, "nobody\n");
    await refused(bed, signed, kind === "gpg" ? "SignersUnreadable" : "SignatureInvalid");

    writeFileSync(bed.signers, bed.alice.publicKey);
    expect((await bed.run.sync()).appliedRevision).toBe(signed);
  });

  test("what was signed long before what is in effect is not taken again, unless it is named", async () => {
    const bed = signedRepository(kind);
    const { git, state, verify, alice } = bed;
    const at = (time: string): void => {
      git.environment["GIT_COMMITTER_DATE"] = time;
    };
    at("2026-01-01T12:00:00Z");
    edit(bed, 2);
    const old = pushSigned(git, alice);
    at("2026-01-02T12:00:00Z");
    edit(bed, 3);
    const newer = pushSigned(git, alice);
    const source = await followed(bed);
    expect(source.run.report().appliedRevision).toBe(newer);

    git.git("push", "--quiet", "--force", "origin", `${old}:main`);
    const served = { ...source, signed: newer };
    expect(await refused(served, old, "RevisionOlder")).toMatch(/2026-01-01T12:00:00Z, before .*2026-01-02/);
    await source.run.end();
    const again = await new RunningGitSource(state, git.bare, { verify }).first();
    expect(again.report()).toMatchObject({ appliedRevision: newer, failure: { reason: "RevisionOlder" } });

    // A revert is a new commit, and clocks may differ.
    at("2026-01-02T11:55:00Z");
    git.git(...alice.options, "revert", "--no-edit", "--gpg-sign", "HEAD");
    git.git("push", "--quiet", "--force", "origin", "HEAD:main");
    const reverted = git.git("rev-parse", "HEAD").trim();
    expect(await again.sync()).toMatchObject({ appliedRevision: reverted, failure: null });
    await again.end();

    const named = await new RunningGitSource(state, git.bare, { verify, ref: old }).first();
    expect(named.report()).toMatchObject({ appliedRevision: old, failure: null });
  });

  test("where the ref gets another name, the order goes on from what is in effect", async () => {
    const bed = signedRepository(kind);
    const { git, state, verify, alice } = bed;
    git.environment["GIT_COMMITTER_DATE"] = "2026-01-01T12:00:00Z";
    edit(bed, 2);
    const old = pushSigned(git, alice);
    git.environment["GIT_COMMITTER_DATE"] = "2026-01-02T12:00:00Z";
    edit(bed, 3);
    const newer = pushSigned(git, alice);
    const source = await followed(bed);
    await source.run.end();

    // The branch is renamed while the same commit is in effect.
    git.git("push", "--quiet", "origin", `${newer}:refs/heads/lab`);
    const renamed = await new RunningGitSource(state, git.bare, { verify, ref: "refs/heads/lab" }).first();
    expect(renamed.report()).toMatchObject({ appliedRevision: newer, failure: null });
    renamed.sink.events.length = 0;
    git.git("push", "--quiet", "--force", "origin", `${old}:lab`);
    await refused({ ...bed, run: renamed, signed: newer }, old, "RevisionOlder");
    await renamed.end();

    // So is the repository.
    git.git("push", "--quiet", "--force", "origin", `${newer}:lab`);
    const url = `file://${git.bare}`;
    const moved = await new RunningGitSource(state, url, { verify, ref: "refs/heads/lab" }).first();
    expect(moved.report()).toMatchObject({ appliedRevision: newer, failure: null });
    moved.sink.events.length = 0;
    git.git("push", "--quiet", "--force", "origin", `${old}:lab`);
    await refused({ ...bed, run: moved, signed: newer }, old, "RevisionOlder");
  });

  test("another repository begins another order", async () => {
    const bed = signedRepository(kind);
    const { git, state, verify, alice, folder } = bed;
    git.environment["GIT_COMMITTER_DATE"] = "2026-01-01T12:00:00Z";
    edit(bed, 2);
    const old = pushSigned(git, alice);
    const copy = join(folder, "copy.git");
    git.git("clone", "--quiet", "--bare", git.bare, copy);
    git.environment["GIT_COMMITTER_DATE"] = "2026-01-02T12:00:00Z";
    edit(bed, 3);
    pushSigned(git, alice);
    const source = await followed(bed);
    await source.run.end();
    const elsewhere = await new RunningGitSource(state, copy, { verify }).first();
    expect(elsewhere.report()).toMatchObject({ appliedRevision: old, failure: null });
  });

  test("what was in effect before signatures were asked for stays so, and is told", async () => {
    const bed = signedRepository(kind);
    const { git, state, alice, verify, signed } = bed;
    const unsigned = pushSigned(git, null);
    const before = await new RunningGitSource(state, git.bare).first();
    expect(before.report()).toMatchObject({ appliedRevision: unsigned, failure: null });
    await before.end();

    const run = await new RunningGitSource(state, git.bare, { verify }).first();
    expect(run.report()).toMatchObject({
      appliedRevision: unsigned,
      failure: { reason: "SignatureMissing" },
    });
    expect(run.paths()).toEqual(everything);
    expect(run.sink.outages).toEqual([]);
    await run.end();

    git.git("push", "--quiet", "--force", "origin", `${signed}:main`);
    const lax = await new RunningGitSource(state, git.bare).first();
    expect(lax.report().appliedRevision).toBe(signed);
    await lax.end();
    const strict = await new RunningGitSource(state, git.bare, { verify }).first();
    expect(strict.report()).toMatchObject({ appliedRevision: signed, signer: alice.name, failure: null });
    expect(strict.sink.scans).toEqual([3]);
  });
});

test("a key that has expired or is revoked signs nothing, whatever time a commit claims", async () => {
  const bed = await followed(signedRepository("gpg"));
  const old = gpgSigner(bed.folder, "old", "20250101T000000");
  const gone = gpgSigner(bed.folder, "gone");
  const revoked = pushSigned(bed.git, gone);
  appendFileSync(bed.signers, old.publicKey + revokedKey(gone));
  expect(await refused(bed, revoked, "SignatureInvalid")).toContain(`the key of ${gone.name} is revoked`);
  const expired = pushSigned(bed.git, old);
  expect(await refused(bed, expired, "SignatureInvalid")).toContain(`the key of ${old.name} has expired`);

  const ssh = await followed(signedRepository("ssh"));
  const past = sshSigner(ssh.folder, "past", 'valid-before="20250101"');
  appendFileSync(ssh.signers, past.publicKey);
  Object.assign(ssh.git.environment, { GIT_COMMITTER_DATE: "2024-06-01T12:00:00Z" });
  await refused(ssh, pushSigned(ssh.git, past), "SignatureInvalid");
});

/** Sets variables of this process until the test has finished, or what is returned is called. */
function setVariables(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const restore = (): void => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
  Object.assign(process.env, variables);
  onTestFinished(restore);
  return restore;
}
