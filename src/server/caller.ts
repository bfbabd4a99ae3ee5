import type { Socket } from "node:net";
import type { Identity } from "../ports/identity.ts";
import { isAdmin } from "./access.ts";
import type { AdminRule, Caller } from "./access.ts";

/** Credentials of the process at the other end of a unix socket, as they were when it connected. */
export interface PeerCredentials {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

export type ReadPeerCredentials = (socket: Socket) => PeerCredentials;

/** Finds out who is at the other end, once a connection; pid is never used, as it can be reused. */
export function createCallerLookup(
  peerCredentials: ReadPeerCredentials,
  identity: Identity,
  admins: AdminRule,
): (socket: Socket) => Promise<Caller> {
  const known = new WeakMap<Socket, Promise<Caller>>();
  return (socket) => {
    const before = known.get(socket);
    if (before !== undefined) return before;
    const caller = callerOf(peerCredentials(socket).uid, identity, admins);
    known.set(socket, caller);
    // A name service that failed is asked again at the next request.
    caller.catch(() => known.delete(socket));
    return caller;
  };
}

/** The user of a uid as a caller. */
export async function callerOf(uid: number, identity: Identity, admins: AdminRule): Promise<Caller> {
  const user = await identity.userByUid(uid);
  if (user === undefined) {
    // ":" is no character of a namespace, so that a uid without a name owns none.
    const name = uid === 0 ? "root" : `uid:${uid}`;
    return { uid, user: name, groups: [], admin: isAdmin(admins, uid, name, []) };
  }
  const groups = await identity.groupsOf(user.name);
  return { uid, user: user.name, groups, admin: isAdmin(admins, uid, user.name, groups) };
}
