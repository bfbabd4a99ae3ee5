import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Users and groups as lines of passwd and group files. */
export interface NameServiceFiles {
  readonly passwd: readonly string[];
  readonly group: readonly string[];
}

/**
 * A name service beside the system's own files, as LDAP would be: Debian's libnss-extrausers, in a mount namespace of
 * each program that asks, so that nothing of this machine changes. Returns the folder to put first in PATH, with
 * `getent` and `id` that ask it. Wants root and Debian's packages.
 */
export function startNameService(directory: string, files: NameServiceFiles): string {
  const [database, library, programs] = ["extrausers", "library", "bin"].map((name) => join(directory, name));
  for (const folder of [database, library, programs]) mkdirSync(String(folder), { recursive: true });
  writeFileSync(join(String(database), "passwd"), withNewlines(files.passwd));
  writeFileSync(join(String(database), "group"), withNewlines(files.group));
  writeFileSync(join(String(database), "shadow"), "");
  const switches = join(directory, "nsswitch.conf");
  writeFileSync(switches, "passwd: files extrausers\ngroup: files extrausers\nshadow: files\n");
  unpackLibrary(String(library));
  const prepare = [
    `mount --bind ${switches} /etc/nsswitch.conf`,
    "mount -t tmpfs none /var/lib",
    "mkdir /var/lib/extrausers",
    `mount --bind ${database} /var/lib/extrausers`,
    `export LD_LIBRARY_PATH=${library}/usr/lib`,
    'exec "$0" "$@"',
  ].join(" && ");
  for (const name of ["getent", "id"]) {
    const program = `#!/bin/sh\nexec unshare --mount -- /bin/sh -c '${prepare}' /usr/bin/${name} "$@"\n`;
    writeFileSync(join(String(programs), name), program, { mode: 0o755 });
  }
  return String(programs);
}

function unpackLibrary(folder: string): void {
  const run = (program: string, ...line: readonly string[]): void => {
    execFileSync(program, line, { cwd: folder, stdio: ["ignore", "ignore", "pipe"], timeout: 300_000 });
  };
  try {
    run("apt-get", "download", "-q", "libnss-extrausers");
  } catch {
    // A machine whose lists are old or missing.
    run("apt-get", "update", "-q");
    run("apt-get", "download", "-q", "libnss-extrausers");
  }
  const archive = readdirSync(folder).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error("apt-get downloaded no package libnss-extrausers");
  run("dpkg-deb", "-x", archive, ".");
}

function withNewlines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
