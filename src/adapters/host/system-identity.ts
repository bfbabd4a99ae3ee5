import { execFile, type ExecFileException } from "node:child_process";
import type { OwnerAccount, OwnerGroup } from "../../core/account/owner-account.ts";
import type { Identity, SystemUser } from "../../ports/identity.ts";
import { messageOf, UnreachableError } from "../../util/errors.ts";

export interface SystemIdentityOptions {
  /** How long an answer is used again. */
  readonly foundMs?: number;
  /** How long "there is no such user" is used again: short, as accounts are made while people wait. */
  readonly missingMs?: number;
  readonly deadlineMs?: number;
  /** Environment of the programs asked; tests put others into its PATH. */
  readonly environment?: NodeJS.ProcessEnv;
}

interface Answer {
  readonly value: unknown;
  readonly until: number;
}

/** An answer may be this many times as old as it is believed before somebody waits for the next. */
const oldShare = 10;

/** In characters; labels of containers may hold anything. */
const longestName = 256;

/** getent's exit status for a key that does not exist. */
const notFoundStatus = 2;

/** The name service of this host as the C library sees it (files, LDAP, sssd), through getent(1) and id(1). */
export function systemIdentity(options: SystemIdentityOptions = {}): Identity {
  return new SystemIdentity(options);
}

class SystemIdentity implements Identity {
  readonly #options: Required<Omit<SystemIdentityOptions, "environment">>;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #answers = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<unknown>>();

  constructor(options: SystemIdentityOptions) {
    this.#options = { foundMs: 30_000, missingMs: 5000, deadlineMs: 5000, ...options };
    this.#environment = { ...(options.environment ?? process.env), LC_ALL: "C" };
  }

  async userByName(name: string): Promise<SystemUser | undefined> {
    if (!isPlainName(name)) return undefined;
    const user = await this.#cached(`name ${name}`, async () => this.#passwd(name));
    // getent takes digits for a uid; a user's name may be digits as well, but then it must be this one.
    return /^\d+$/.test(name) && user?.name !== name ? undefined : user;
  }

  async userByUid(uid: number): Promise<SystemUser | undefined> {
    return this.#cached(`uid ${uid}`, async () => {
      const user = await this.#passwd(String(uid));
      return user?.uid === uid ? user : undefined;
    });
  }

  async groupsOf(userName: string): Promise<readonly string[]> {
    // Digits: id would take them for a uid.
    if (!isPlainName(userName) || (/^\d+$/.test(userName) && (await this.userByName(userName)) === undefined))
      return [];
    const groups = await this.#cached(`groups ${userName}`, async () => {
      return this.#groups("-Gnz", userName);
    });
    return groups ?? [];
  }

  async knowsGroup(name: string): Promise<boolean> {
    if (!isPlainName(name)) return false;
    const { status, output, complaint } = await this.#run("getent", ["group", "--", name]);
    if (status !== 0 && status !== notFoundStatus)
      throw unreachable(`getent ended with status ${status}: ${complaint.trim()}`);
    // getent takes digits for a gid.
    return output.startsWith(`${name}:`);
  }

  async accountOf(userName: string): Promise<OwnerAccount | undefined> {
    const user = await this.userByName(userName);
    if (user === undefined) return undefined;
    const groups = await this.#cached(`numbers ${userName}`, async () => {
      const numbers = await this.#groups("-Gz", userName);
      const names = (await this.#groups("-Gnz", userName)) ?? [];
      // In the same order; a group without a name shows its number instead.
      return numbers?.map((number, index): OwnerGroup => {
        const name = names.length === numbers.length ? (names[index] ?? number) : number;
        return { gid: Number(number), name: name === number ? null : name };
      });
    });
    return { ...user, groups: groups ?? [] };
  }

  /** What id says of a user's groups; undefined where there is no such user. */
  async #groups(form: "-Gnz" | "-Gz", userName: string): Promise<readonly string[] | undefined> {
    // Names may hold spaces ("domain users"), hence NUL between them.
    const { status, output, complaint } = await this.#run("id", [form, "--", userName]);
    const groups = output.split("\0").filter((group) => group !== "");
    // Status 1 also means that some group has no name; the others stand in the output all the same.
    if (status === 0 || groups.length > 0) return groups;
    if (/no such user/i.test(complaint)) return undefined;
    throw unreachable(`id ended with status ${status}: ${complaint.trim()}`);
  }

  async #passwd(key: string): Promise<SystemUser | undefined> {
    const { status, output, complaint } = await this.#run("getent", ["passwd", "--", key]);
    if (status === notFoundStatus) return undefined;
    const [name, , uid, gid, , home] = output.split("\n", 1)[0]?.split(":") ?? [];
    if (status !== 0 || name === undefined || !/^\d+$/.test(uid ?? "") || !/^\d+$/.test(gid ?? "")) {
      throw unreachable(`getent ended with status ${status}: ${complaint.trim()}`);
    }
    return { name, uid: Number(uid), gid: Number(gid), home: home ?? "/" };
  }

  /**
   * One question at a time for each key. What was found is given at once also when it is a little old, and asked
   * for anew beside that; while the name service fails, the answer before counts on.
   */
  async #cached<Value>(key: string, ask: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const now = performance.now();
    const known = this.#answers.get(key);
    if (known !== undefined && known.until > now) return known.value as Value | undefined;
    const asking = (this.#asking.get(key) as Promise<Value | undefined> | undefined) ?? this.#ask(key, ask);
    if (known?.value === undefined) return await asking;
    const givenOn = asking.catch(() => known.value as Value);
    return now < known.until + this.#options.foundMs * oldShare ? (known.value as Value) : await givenOn;
  }

  #ask<Value>(key: string, ask: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const asking = ask()
      .then((value) => {
        const keptMs = value === undefined ? this.#options.missingMs : this.#options.foundMs;
        this.#answers.set(key, { value, until: performance.now() + keptMs });
        return value;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #run(program: string, parameters: readonly string[]): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const { deadlineMs } = this.#options;
      const settings = { timeout: deadlineMs, killSignal: "SIGKILL", env: this.#environment } as const;
      const answered = (error: ExecFileException | null, output: string, complaint: string): void => {
        if (error === null) resolve({ status: 0, output, complaint });
        else if (error.killed === true)
          reject(unreachable(`${program} did not answer within ${deadlineMs} ms`));
        else if (typeof error.code === "number") resolve({ status: error.code, output, complaint });
        else reject(unreachable(`${program} cannot be run: ${error.message}`));
      };
      try {
        execFile(program, parameters, settings, answered);
      } catch (error) {
        // Some failures (no memory for another process) come at once.
        reject(unreachable(`${program} cannot be run: ${messageOf(error)}`));
      }
    });
  }
}

interface Outcome {
  readonly status: number;
  readonly output: string;
  readonly complaint: string;
}

/** A name that cannot mean anything else to getent and id, nor break their line format; Linux knows none longer. */
function isPlainName(name: string): boolean {
  return name !== "" && name.length <= longestName && !/[:\0\n/]/.test(name);
}

function unreachable(why: string): UnreachableError {
  return new UnreachableError({
    reason: "NameServiceUnreachable",
    message: `the system's name service gives no answer: ${why}`,
    remedy: "see that `getent passwd USER` works on this host",
  });
}
