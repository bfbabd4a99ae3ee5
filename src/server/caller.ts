import type { Socket } from "node:net";
import type { Identity } from "../ports/identity.ts";
import { isAdmin } from "./access.ts";
import type { AccessRule, Caller } from "./access.ts";

/** Credentials of the process at the other end of a unix socket, as they were when it connected. */
export interface PeerCredentials {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

export type ReadPeerCredentials = (socket: Socket) => PeerCredentials;

/**
 * Finds out who is at the other end. The kernel is asked once a connection, and the name service at each request, whose
 * answers it keeps for a while itself: rights that are taken away end with them. pid is never used, as it can be reused.
 */
export function createCallerLookup(
  peerCredentials: ReadPeerCredentials,
  identity: Identity,
  access: AccessRule,
): (socket: Socket) => Promise<Caller> {
  const uids = new WeakMap<Socket, number>();
  return async (socket) => {
    const uid = uids.get(socket) ?? peerCredentials(socket).uid;
    uids.set(socket, uid);
    return callerOf(uid, identity, access);
  };
}

/** ":" is no character of a namespace, so that a uid without a name owns none. */
const nameless = "uid:";

/** Whether the name service knew the uid; of one that is away it cannot be told. */
export function isNamed({ user }: Caller): boolean {
  return !user.startsWith(nameless);
}

/** The user of a uid as a caller. */
export async function callerOf(uid: number, identity: Identity, access: AccessRule): Promise<Caller> {
  const user = await identity.userByUid(uid);
  if (user === undefined) {
    const name = uid === 0 ? "root" : `${nameless}${uid}`;
    return withRights({ uid, user: name, groups: [] }, access);
  }
  return withRights({ uid, user: user.name, groups: await identity.groupsOf(user.name) }, access);
}

function withRights(who: Pick<Caller, "uid" | "user" | "groups">, access: AccessRule): Caller {
  const admin = isAdmin(access, who.uid, who.user, who.groups);
  return { ...who, admin, seesAll: admin || access.visibility === "all" };
}
