import type { Identity } from "../../src/ports/identity.ts";
import { users } from "./api-bed.ts";

/** A name service whose answers a test changes. */
export interface ChangingIdentity {
  /** Whom it knows, and with which groups. */
  readonly known: Map<string, readonly string[]>;
  /** When set, it does not answer. */
  isAway: boolean;
  readonly identity: Identity;
}

/** Knows alice, and carol as an operator. */
export function changingIdentity(): ChangingIdentity {
  const known = new Map<string, readonly string[]>([
    ["alice", ["alice"]],
    ["carol", ["operators"]],
  ]);
  const found = async (matches: (user: (typeof users)[number]) => boolean) => {
    if (state.isAway) throw new Error("the name service is away");
    return users.find((user) => known.has(user.name) && matches(user));
  };
  const identity: Identity = {
    userByName: async (name) => found((user) => user.name === name),
    userByUid: async (uid) => found((user) => user.uid === uid),
    groupsOf: async (name) => known.get(name) ?? [],
    knowsGroup: async () => true,
    accountOf: async () => undefined,
  };
  const state: ChangingIdentity = { known, isAway: false, identity };
  return state;
}
