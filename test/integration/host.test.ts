import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { PeerUnknown, peerCredentials } from "../../src/adapters/host/peer-credentials.ts";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { systemHostPaths } from "../../src/adapters/host/system-host-paths.ts";
import { systemIdentity } from "../../src/adapters/host/system-identity.ts";
import type { SystemIdentityOptions } from "../../src/adapters/host/system-identity.ts";
import type { Identity } from "../../src/ports/identity.ts";
import { UnreachableError } from "../../src/util/errors.ts";
import { waitFor } from "../bed/wait-for.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** An Identity that asks these scripts in place of getent and id, and what they were asked. */
function scripted(
  scripts: { readonly getent?: string; readonly id?: string },
  options: SystemIdentityOptions = {},
): { identity: Identity; asked: () => string[] } {
  const folder = temporaryDirectory();
  const record = join(folder, "asked");
  for (const [name, body] of Object.entries(scripts))
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >> ${record}\n${body}\n`, {
      mode: 0o755,
    });
  writeFileSync(record, "");
  return {
    identity: systemIdentity({ environment: { PATH: `${folder}:/usr/bin:/bin` }, ...options }),
    asked: () => readFileSync(record, "utf8").split("\n").slice(0, -1),
  };
}

describe("system identity", () => {
  test("finds users by name and uid, with their groups", async () => {
    const identity = systemIdentity();
    const root = await identity.userByName("root");
    expect(root).toMatchObject({ name: "root", uid: 0, gid: 0, home: "/root" });
    expect(await identity.userByUid(0)).toEqual(root);
    expect(await identity.groupsOf("root")).toContain("root");
  });

  test("knows that there is no such user", async () => {
    const identity = systemIdentity();
    expect(await identity.userByName("no-such-user-here")).toBeUndefined();
    expect(await identity.userByUid(3_999_999)).toBeUndefined();
    expect(await identity.groupsOf("no-such-user-here")).toEqual([]);
    for (const name of ["", "0", "-h", "--help", "root:x", "a\nb"]) {
      expect(await identity.userByName(name)).toBeUndefined();
      expect(await identity.groupsOf(name)).toEqual([]);
    }
  });

  test("takes names as LDAP has them", async () => {
    const name = "h.baker@example.org";
    const { identity } = scripted({
      getent: `echo '${name}:*:1203400512:1203400513:Baker, H. (Ext):/home/example.org/h.baker:/bin/bash'`,
      id: `printf 'domain users@example.org\\0ds01-students\\0'`,
    });
    expect(await identity.userByName(name)).toEqual({
      name,
      uid: 1203400512,
      gid: 1203400513,
      home: "/home/example.org/h.baker",
    });
    expect(await identity.groupsOf(name)).toEqual(["domain users@example.org", "ds01-students"]);
  });

  test("takes the groups that have a name when one has none", async () => {
    const { identity } = scripted({
      id: `printf 'staff\\0'; echo 'id: cannot find name for group ID 12' >&2; exit 1`,
    });
    expect(await identity.groupsOf("alice")).toEqual(["staff"]);
  });

  test("asks once for many at the same time, and again when the answer is old", async () => {
    const { identity, asked } = scripted(
      { getent: "echo 'alice:x:1001:1001::/home/alice:/bin/sh'" },
      { foundMs: 2000 },
    );
    await Promise.all(Array.from({ length: 10 }, async () => identity.userByName("alice")));
    await identity.userByName("alice");
    expect(asked()).toEqual(["getent passwd -- alice"]);
    await waitFor("the answer to be asked for again", async () => {
      await identity.userByName("alice");
      return asked().length === 2;
    });
  });

  test("knows a group by its name alone, and asks each time", async () => {
    const getent =
      '[ "$3" = ops ] && echo "ops:x:77:" && exit 0\n[ "$3" = 77 ] && echo "ops:x:77:" && exit 0\nexit 2';
    const { identity, asked } = scripted({ getent });
    for (const [name, known] of [
      ["ops", true],
      ["77", false],
      ["staff", false],
      ["ops", true],
    ] as const)
      expect(await identity.knowsGroup(name)).toBe(known);
    expect(asked()).toHaveLength(4);
  });

  test("forgets sooner that a user is missing", async () => {
    const { identity, asked } = scripted({ getent: "exit 2" }, { missingMs: 50, foundMs: 60_000 });
    expect(await identity.userByName("alice")).toBeUndefined();
    await waitFor("another question", async () => {
      await identity.userByName("alice");
      return asked().length === 2;
    });
  });

  test("gives up at its deadline, and keeps the answer it had", async () => {
    const marker = join(temporaryDirectory(), "hang");
    const { identity } = scripted(
      { getent: `[ -e ${marker} ] && exec sleep 30\necho 'alice:x:1001:1001::/home/alice:/bin/sh'` },
      { deadlineMs: 2000, foundMs: 0 },
    );
    const alice = await identity.userByName("alice");
    writeFileSync(marker, "");
    expect(await identity.userByName("alice")).toEqual(alice);
    await expect(identity.userByName("bob")).rejects.toThrow(UnreachableError);
    await expect(identity.userByName("bob")).rejects.toMatchObject({ reason: "NameServiceUnreachable" });
  });

  test("knows nobody by a name that no program can be asked for, as a label may hold it", async () => {
    const identity = systemIdentity();
    expect(await identity.userByName("x".repeat(200_000))).toBeUndefined();
    expect(await identity.groupsOf("x".repeat(200_000))).toEqual([]);
  });

  test("takes a program that cannot even be started for a name service that does not answer", async () => {
    const huge = systemIdentity({ environment: { PATH: "/usr/bin:/bin", FILLER: "x".repeat(4_000_000) } });
    await expect(huge.userByName("root")).rejects.toThrow(UnreachableError);
  });

  test("tells a failing name service from a missing user", async () => {
    const { identity } = scripted({ getent: "exit 1", id: "echo 'id: broken' >&2; exit 1" });
    await expect(identity.userByUid(1001)).rejects.toThrow(UnreachableError);
    await expect(identity.groupsOf("alice")).rejects.toThrow(UnreachableError);
    const nothing = systemIdentity({ environment: { PATH: "/nowhere" } });
    await expect(nothing.userByName("alice")).rejects.toThrow(UnreachableError);
  });
});

describe("system host paths", () => {
  test("resolves every link and says what stands there", async () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, "data/inner"), { recursive: true });
    writeFileSync(join(root, "data/file"), "");
    execFileSync("mkfifo", [join(root, "data/fifo")]);
    symlinkSync(join(root, "data"), join(root, "link"));
    symlinkSync("/nowhere/at/all", join(root, "dangling"));
    const inspect = async (path: string): Promise<[string, string]> => {
      const { realPath, kind } = await systemHostPaths.inspect(join(root, path));
      return [realPath.replace(root, ""), kind];
    };
    expect(await inspect("link/inner")).toEqual(["/data/inner", "Directory"]);
    expect(await inspect("link/file")).toEqual(["/data/file", "File"]);
    expect(await inspect("link/fifo")).toEqual(["/data/fifo", "Other"]);
    expect(await inspect("link/no/such")).toEqual(["/data/no/such", "Missing"]);
    expect(await inspect("data/file/below")).toEqual(["/data/file/below", "Missing"]);
    expect(await systemHostPaths.inspect(join(root, "dangling"))).toEqual({
      realPath: "/nowhere/at/all",
      kind: "Missing",
    });
    expect(await systemHostPaths.inspect("/")).toEqual({ realPath: "/", kind: "Directory" });
  });
});

describe("system clock", () => {
  test("calls back at the time, never before, and not when cancelled", async () => {
    const at = Date.now() + 30;
    let calledAt = 0;
    let cancelled = true;
    systemClock.callAt(at, () => (calledAt = Date.now()));
    systemClock.callAt(at, () => (cancelled = false))();
    await waitFor("the call", () => calledAt > 0);
    expect(calledAt).toBeGreaterThanOrEqual(at);
    expect(cancelled).toBe(true);
  });

  test("calls back soon for a time that has passed, later for one beyond setTimeout's range", async () => {
    let early = false;
    const cancel = systemClock.callAt(Date.now() + 2 ** 33, () => (early = true));
    await new Promise<void>((resolve) => void systemClock.callAt(Date.now() - 1000, resolve));
    expect(early).toBe(false);
    cancel();
  });

  test("keeps no process alive", async () => {
    const url = new URL("../../src/adapters/host/system-clock.ts", import.meta.url);
    const script = `import { systemClock } from ${JSON.stringify(url.href)}; systemClock.callAt(Date.now() + 60000, () => {});`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
      stdio: "inherit",
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [status] = await once(child, "exit");
    expect(status).toBe(0);
  });
});

describe("manual clock", () => {
  test("runs alarms in the order of their time, those set on the way included", () => {
    const clock = new ManualClock(1000);
    const seen: [string, number][] = [];
    const note = (name: string) => () => void seen.push([name, clock.now()]);
    clock.callAt(3000, note("late"));
    clock.callAt(2000, () => {
      note("first")();
      clock.callAt(2500, note("between"));
      clock.callAt(1500, note("passed"));
    });
    clock.callAt(2000, note("second"));
    clock.callAt(2000, note("never"))();
    clock.advance(1999);
    expect(seen.map(([name]) => name)).toEqual(["first", "passed", "second", "between"]);
    expect(clock.now()).toBe(2999);
    expect(clock.nextAlarm()).toBe(3000);
    clock.advanceTo(5000);
    expect(seen.at(-1)).toEqual(["late", 3000]);
    expect(clock.nextAlarm()).toBeUndefined();
  });
});

describe("peer credentials", () => {
  test("says who connected to a unix socket", async () => {
    const path = join(temporaryDirectory(), "s.sock");
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket)).listen(path);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const program = `require("node:net").connect(process.argv[1]); setInterval(() => {}, 1000)`;
    for (const uid of [0, 61001]) {
      execFileSync("chmod", ["-R", "a+rwX", join(path, "..")]);
      const child = spawn(process.execPath, ["-e", program, path], { uid, gid: uid + 1, stdio: "inherit" });
      onTestFinished(() => void child.kill("SIGKILL"));
      const socket = await waitFor("the connection", () => accepted.shift());
      expect(peerCredentials(socket)).toEqual({ pid: child.pid, uid, gid: uid + 1 });
      child.kill("SIGKILL");
      await once(child, "exit");
      socket.destroy();
      expect(() => peerCredentials(socket)).toThrow(PeerUnknown);
    }
    rmSync(path, { force: true });
  });

  test("refuses to name the peer of a TCP connection", async () => {
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket)).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const { connect } = await import("node:net");
    const client = connect(address.port, "127.0.0.1");
    onTestFinished(() => void client.destroy());
    const socket = await waitFor("the connection", () => accepted.shift());
    expect(() => peerCredentials(socket)).toThrow(PeerUnknown);
    socket.destroy();
  });
});
