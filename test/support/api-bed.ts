import { chmodSync } from "node:fs";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { peerCredentials } from "../../src/adapters/host/peer-credentials.ts";
import type { ContainerAccess } from "../../src/ports/container-access.ts";
import type { Identity, SystemUser } from "../../src/ports/identity.ts";
import type { AccessRule } from "../../src/server/access.ts";
import { startApiServer } from "../../src/server/api-server.ts";
import type { ApiServerOptions } from "../../src/server/api-server.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryControlPlane } from "./memory-control-plane.ts";
import { silentLog } from "./silent-log.ts";
import type { SilentLog } from "./silent-log.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Users of the tests; their uids need not exist on the machine. */
export const users: readonly SystemUser[] = [
  { name: "alice", uid: 41001, gid: 41001, home: "/home/alice" },
  { name: "bob", uid: 41002, gid: 41002, home: "/home/bob" },
  { name: "carol", uid: 41003, gid: 41003, home: "/home/carol" },
];

/** carol administers, as the only one in her group. */
export const accessRule: AccessRule = {
  users: [],
  groups: ["operators"],
  controllerUid: 0,
  visibility: "own",
};

const identity: Identity = {
  userByName: async (name) => users.find((user) => user.name === name),
  userByUid: async (uid) => users.find((user) => user.uid === uid),
  groupsOf: async (name) => (name === "carol" ? ["operators"] : [name]),
  knowsGroup: async () => true,
  accountOf: async () => undefined,
};

const noContainers: ContainerAccess = {
  logs: async () => {
    throw new Error("this test has no logs");
  },
  exec: async () => {
    throw new Error("this test has no exec");
  },
  attach: async () => {
    throw new Error("this test has no attach");
  },
  dial: async () => {
    throw new Error("this test has no ports");
  },
  use: async () => null,
};

interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A served API with everything behind it in memory. */
export interface ApiBed {
  readonly socketPath: string;
  readonly control: MemoryControlPlane;
  readonly clock: ManualClock;
  readonly log: SilentLog;
  /** Who callers are; null asks the kernel. */
  actAs(name: string | null): void;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  json(path: string, accept?: string): Promise<unknown>;
  /** Ends the server before the test ends. */
  close(): Promise<void>;
}

interface CallOptions {
  readonly accept?: string;
  readonly type?: string;
  readonly body?: string;
}

/** Starts a server at a socket of its own; it ends with the test. */
export async function startApiBed(options: Partial<ApiServerOptions> = {}): Promise<ApiBed> {
  const directory = temporaryDirectory();
  // Other users must be able to reach the socket.
  chmodSync(directory, 0o755);
  const socketPath = join(directory, "ds01.sock");
  const control = new MemoryControlPlane();
  const clock = new ManualClock();
  const log = silentLog();
  let actor: string | null = "root";
  const server = await startApiServer({
    socketPath,
    control,
    writer: control,
    containers: noContainers,
    identity,
    clock,
    log,
    peerCredentials: (socket) => {
      if (actor === null) return peerCredentials(socket);
      const uid = actor === "root" ? 0 : (users.find(({ name }) => name === actor)?.uid ?? 49_999);
      return { uid, gid: uid, pid: 1 };
    },
    access: accessRule,
    version: "0.1.0",
    ...options,
  });
  onTestFinished(() => server.close());
  const call: ApiBed["call"] = async (method, path, { accept, type, body } = {}) =>
    new Promise((resolve, reject) => {
      const headers = {
        accept: accept ?? "application/json",
        ...(type === undefined ? {} : { "content-type": type }),
      };
      const sent = request({ socketPath, method, path, headers, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.once("end", () =>
          resolve({ code: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.once("error", reject);
      });
      sent.once("error", reject);
      sent.end(body);
    });
  return {
    close: () => server.close(),
    socketPath,
    control,
    clock,
    log,
    actAs: (name) => {
      actor = name;
    },
    call,
    json: async (path, accept) => {
      const { text } = await call("GET", path, accept === undefined ? {} : { accept });
      return JSON.parse(text) as unknown;
    },
  };
}

/** A small valid ContainerSpec. */
export function containerText(name: string, spec = "  image: busybox"): string {
  return `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata:\n  name: ${name}\nspec:\n${spec}\n`;
}
