import type { OwnerAccount } from "../core/account/owner-account.ts";

/** A user of the system's name service. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The system's name service, LDAP included. Answers are cached for a short time. */
export interface Identity {
  userByName(name: string): Promise<SystemUser | undefined>;
  userByUid(uid: number): Promise<SystemUser | undefined>;
  /** Names of all groups of the user, the primary one included. */
  groupsOf(userName: string): Promise<readonly string[]>;
  /** Whether there is a group of that name now; never from the cache. */
  knowsGroup(name: string): Promise<boolean>;
  /** The user with all groups by number, for running something as them. */
  accountOf(userName: string): Promise<OwnerAccount | undefined>;
}
