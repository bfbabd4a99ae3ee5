import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GitSettings } from "./git-settings.ts";

/** Variables of the controller that Git and ssh may need to reach a server. */
const passedOn = [
  "PATH",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTPS_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "GIT_SSL_CAINFO",
] as const;

/** Constant, with all that differs in variables: nothing of the configuration is ever read by a shell. */
const sshProgram = `#!/bin/sh
set -- -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o PermitLocalCommand=no \\
  -o ClearAllForwardings=yes "$@"
if [ -n "$DS01_KNOWN_HOSTS" ]; then set -- -o "UserKnownHostsFile=$DS01_KNOWN_HOSTS" -o GlobalKnownHostsFile=/dev/null "$@"; fi
if [ -n "$DS01_SSH_KEY" ]; then set -- -o "IdentityFile=$DS01_SSH_KEY" -o IdentitiesOnly=yes "$@"; fi
exec ssh "$@"
`;

/** Answers Git's two questions; the token is read from its file when it is asked for. */
const askProgram = `#!/bin/sh
case "$1" in
  Username*) printf '%s\\n' "$DS01_GIT_USER" ;;
  *) [ -n "$DS01_TOKEN_FILE" ] && exec head -n 1 "$DS01_TOKEN_FILE" ;;
esac
`;

/**
 * Writes what Git is told by files (its configuration and two programs) into `directory`, and gives the variables to
 * run it with. Nothing of the machine's or anybody's own Git configuration counts: no hooks, no filters, no
 * submodules, no transport but that of the URL (the settings of git-sync and of CVE-2022-39253's remedy).
 */
export async function gitEnvironment(
  directory: string,
  settings: GitSettings,
): Promise<Readonly<Record<string, string>>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const [configuration, ssh, ask] = ["gitconfig", "ssh", "askpass"].map((name) => join(directory, name));
  await writeFile(configuration ?? "", configurationText(settings), { mode: 0o600 });
  await writeFile(ssh ?? "", sshProgram, { mode: 0o700 });
  await writeFile(ask ?? "", askProgram, { mode: 0o700 });
  const { sshKey = "", knownHosts = "", tokenFile = "", user = "git" } = settings.credentials;
  const own = passedOn.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(own),
    HOME: directory,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: configuration ?? "",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: ask ?? "",
    GIT_SSH: ssh ?? "",
    GIT_SSH_VARIANT: "ssh",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    // A repository that lacks an object would have it fetched by the program that its configuration names.
    GIT_NO_LAZY_FETCH: "1",
    GIT_OPTIONAL_LOCKS: "0",
    // What the environment says would win over what the configuration says.
    ...(settings.caFile === undefined ? {} : { GIT_SSL_CAINFO: settings.caFile }),
    DS01_SSH_KEY: sshPath(sshKey),
    DS01_KNOWN_HOSTS: sshPath(knownHosts),
    DS01_TOKEN_FILE: tokenFile,
    DS01_GIT_USER: user,
  };
}

function configurationText({ url, proxy, caFile, credentials }: GitSettings): string {
  const sections: [string, readonly (readonly [string, string])[]][] = [
    [
      "core",
      [
        ["hooksPath", "/dev/null"],
        ["attributesFile", "/dev/null"],
        ["excludesFile", "/dev/null"],
        ["fsmonitor", "false"],
        ["autocrlf", "false"],
        ["symlinks", "true"],
      ],
    ],
    [
      "fetch",
      [
        ["fsckObjects", "true"],
        ["recurseSubmodules", "false"],
      ],
    ],
    ["submodule", [["recurse", "false"]]],
    [
      "gc",
      [
        ["auto", "0"],
        ["autoDetach", "false"],
      ],
    ],
    ["maintenance", [["auto", "false"]]],
    [
      "http",
      [
        ...(proxy === undefined ? [] : [["proxy", proxy] as const]),
        ...(caFile === undefined ? [] : [["sslCAInfo", caFile] as const]),
        ["lowSpeedLimit", "1"],
        ["lowSpeedTime", "30"],
      ],
    ],
    ["protocol", [["allow", "never"]]],
    [`protocol ${quoted(transportOf(url))}`, [["allow", "always"]]],
    ["credential", credentials.helper === undefined ? [] : [["helper", credentials.helper]]],
    // The repository may be another account's; that it is the one that is meant, the configuration says.
    ["safe", [["directory", "*"]]],
  ];
  return sections
    .map(
      ([name, keys]) => `[${name}]\n${keys.map(([key, value]) => `\t${key} = ${quoted(value)}\n`).join("")}`,
    )
    .join("");
}

/** The only transport that is used; that of a path of this host is `file`. */
function transportOf(url: string): string {
  const scheme = /^([a-z]+):\/\//.exec(url)?.[1];
  if (scheme !== undefined) return scheme;
  return url.startsWith("/") ? "file" : "ssh";
}

/** As ssh takes the value of an option, with blanks between several and tokens that begin with %; empty: none. */
function sshPath(path: string): string {
  return path === "" ? "" : quoted(path).replaceAll("%", "%%");
}

/** As Git's configuration files take a text with any characters; the schema admits no line breaks. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
