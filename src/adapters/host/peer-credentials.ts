import type { Socket } from "node:net";
import koffi from "koffi";
import { Ds01Error } from "../../util/errors.ts";

/** Who opened the other end of a unix socket, as of its connect(2). Decide by uid, never by pid. */
export interface UnixPeer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The kernel does not say who is at the other end; the caller must be treated as nobody. */
export class PeerUnknown extends Ds01Error {
  constructor(why: string) {
    super({
      reason: "PeerUnknown",
      message: `who opened the connection cannot be found out: ${why}`,
      remedy: "connect again, over the unix socket",
    });
  }
}

const solSocket = 1;
const soPeerCredentials = 17;
/** struct ucred: pid, uid, gid. */
const credentialsBytes = 12;

type GetSocketOption = (
  ...call: [fd: number, level: number, name: number, value: Buffer, length: number[]]
) => number;

const getSocketOption: GetSocketOption = koffi
  .load(null)
  .func("int getsockopt(int fd, int level, int name, _Out_ void *val, _Inout_ uint32_t *len)");

/** SO_PEERCRED of a connected unix socket; throws PeerUnknown. 0.1 ms: ask once a connection. */
export function peerCredentials(socket: Socket): UnixPeer {
  const fd = fileDescriptorOf(socket);
  if (fd === undefined) throw new PeerUnknown("it is closed already");
  const credentials = Buffer.alloc(credentialsBytes);
  const length = [credentialsBytes];
  if (getSocketOption(fd, solSocket, soPeerCredentials, credentials, length) !== 0) {
    throw new PeerUnknown(`getsockopt ended with errno ${koffi.errno()}`);
  }
  const pid = credentials.readInt32LE(0);
  // A socket that is not a unix one answers with pid 0 and uid 4294967295.
  if (length[0] !== credentialsBytes || pid === 0) throw new PeerUnknown("it is not a unix socket");
  return { pid, uid: credentials.readUInt32LE(4), gid: credentials.readUInt32LE(8) };
}

/** Node has no public way to the descriptor; it is gone once the socket is closed. */
function fileDescriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: unknown } | null };
  return typeof handle?.fd === "number" && handle.fd >= 0 ? handle.fd : undefined;
}
