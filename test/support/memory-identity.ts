import type { OwnerAccount } from "../../src/core/account/owner-account.ts";
import type { Identity, SystemUser } from "../../src/ports/identity.ts";
import { UnreachableError } from "../../src/util/errors.ts";

/** A name service that knows the users a test gives it. */
export class MemoryIdentity implements Identity {
  readonly #users = new Map<string, SystemUser>();
  readonly #groups = new Map<string, readonly string[]>();
  /** Answers nothing while this is set. */
  isAway = false;

  add(name: string, uid: number, groups: readonly string[] = [name]): this {
    this.#users.set(name, { name, uid, gid: uid, home: `/home/${name}` });
    this.#groups.set(name, groups);
    return this;
  }

  async userByName(name: string): Promise<SystemUser | undefined> {
    return this.#users.get(name);
  }

  async userByUid(uid: number): Promise<SystemUser | undefined> {
    return [...this.#users.values()].find((user) => user.uid === uid);
  }

  async groupsOf(userName: string): Promise<readonly string[]> {
    if (this.isAway) {
      throw new UnreachableError({ reason: "NameServiceUnreachable", message: "no answer about groups" });
    }
    return this.#groups.get(userName) ?? [];
  }

  async knowsGroup(name: string): Promise<boolean> {
    return [...this.#groups.values()].some((groups) => groups.includes(name));
  }

  async accountOf(userName: string): Promise<OwnerAccount | undefined> {
    const user = this.#users.get(userName);
    return user === undefined ? undefined : { ...user, groups: [{ gid: user.gid, name: user.name }] };
  }
}
