import { gpuFailures } from "./gpu-failures.ts";
import type { KnownFailure } from "./known-failure.ts";

/** First match wins; the message given to people starts where the pattern does. */
export const knownFailures: readonly KnownFailure[] = [
  // containerd answers for the engine: while it is away every start fails, for some ten seconds.
  {
    pattern: /containerd\.sock|connection error: desc = "transport|error while dialing: dial unix/i,
    kind: "unreachable",
    reason: "ContainerdUnreachable",
    remedy: "ds01 tries again; if it lasts, see `systemctl status containerd`",
  },
  {
    pattern: /no space left on device|disk quota exceeded/i,
    kind: "waiting",
    reason: "NoSpace",
    remedy: "free space where Docker keeps its data (`docker system df`, `docker system prune`)",
  },

  // Images
  {
    pattern: /invalid reference format|invalid tag format|invalid checksum digest|repository name .*must be/i,
    kind: "stalled",
    reason: "InvalidReference",
    remedy: "correct spec.image: name[:tag] or name@sha256:digest",
  },
  {
    pattern: /toomanyrequests|too many requests|rate limit/i,
    kind: "waiting",
    reason: "RegistryRateLimited",
    remedy: "wait, or bring the image to this machine by hand (`docker pull`, `docker load`)",
  },
  {
    pattern:
      /pull access denied|unauthorized:|authentication required|no basic auth credentials|access forbidden|denied: requested access/i,
    kind: "stalled",
    reason: "RegistryDenied",
    remedy:
      "check the name in spec.image; for a private image, an admin gives ds01 a login (registries in the configuration), or pull it by hand and set imagePullPolicy: IfNotPresent or Never",
  },
  {
    pattern:
      /no such image|manifest for .* not found|manifest unknown|no matching manifest|repository .* not found|name unknown/i,
    kind: "stalled",
    reason: "ImageNotFound",
    remedy: "check the name and tag in spec.image, or build or load the image on this machine",
  },
  {
    pattern:
      /x509: |tls: failed to verify|server gave http response to https client|first record does not look like a tls handshake/i,
    kind: "waiting",
    reason: "RegistryUntrusted",
    remedy:
      "an admin gives Docker the registry's certificate (/etc/docker/certs.d/SERVER/ca.crt), or corrects the registry's name or certificate",
  },
  {
    pattern:
      /(?:get|head|post) "?https?:\/\/|dial tcp|i\/o timeout|no such host|tls handshake timeout|tls: |received unexpected http status/i,
    kind: "waiting",
    reason: "RegistryUnreachable",
    remedy: "ds01 tries again; if it lasts, check the network and the registry's name",
  },

  ...gpuFailures,

  // What the spec asks for
  {
    pattern:
      /bind for \S+ failed: port is already allocated|port is already allocated|listen (?:tcp|udp)\S* \S+: bind: address already in use|failed to bind host port.*|address already in use/i,
    kind: "waiting",
    reason: "PortInUse",
    remedy: "choose another hostPort, or end what listens there (`ss -ltnp`)",
  },
  {
    pattern: /write \S*(?:blkio\.throttle\.\w+|io\.max): no such device/i,
    kind: "stalled",
    reason: "NotADisk",
    remedy: "name whole disks (`lsblk -dp`) in io.devices of the spec or of the quota",
  },
  {
    pattern: /cannot overwrite (?:non-)?directory .*/i,
    kind: "stalled",
    reason: "CopyTargetDenied",
    remedy:
      "name the file in spec.copy.to, as in /app/train.py: a file does not take the place of a directory",
  },
  {
    pattern: /bind source path does not exist|error while creating mount source path/i,
    kind: "stalled",
    reason: "MountMissing",
    remedy: "create the folder on this machine, or correct spec.volumes",
  },
  {
    pattern: /are you trying to mount a directory onto a file/i,
    kind: "stalled",
    reason: "MountTypeMismatch",
    remedy: "mount a folder onto a folder and a file onto a file: correct spec.volumes",
  },
  {
    pattern: /network \S+ not found/i,
    kind: "stalled",
    reason: "NetworkNotFound",
    remedy: "create it (`docker network create NAME`), or correct spec.network",
  },
  {
    pattern: /unable to find (?:user|group) \S+/i,
    kind: "stalled",
    reason: "UnknownUser",
    remedy: 'the image has no such user: use a number ("1000:1000"), owner, image or root in spec.user',
  },
  {
    pattern: /chdir to cwd|working directory .* is invalid/i,
    kind: "stalled",
    reason: "WorkingDirUnusable",
    remedy: "correct spec.workingDir: an absolute path that the container's user may enter",
  },
  {
    pattern: /exec: .*(?:not found|no such file or directory)|no command specified/is,
    kind: "stalled",
    reason: "CommandNotFound",
    remedy: "correct spec.command and spec.args: the first word must be a program in the image",
  },
  {
    pattern: /exec: .*(?:permission denied|is a directory|exec format error)/is,
    kind: "stalled",
    reason: "PermissionDenied",
    remedy: "the program must be executable for the container's user and made for this machine",
  },

  // The container's state
  {
    pattern: /(?:the container )?name \S+ is already in use/i,
    statuses: [409],
    kind: "conflict",
    reason: "NameInUse",
  },
  {
    pattern: /removal of container|marked for removal/i,
    kind: "conflict",
    reason: "RemovalInProgress",
  },
  {
    pattern:
      /you cannot remove a (?:running|paused|restarting) container|cannot remove container .*: container is (?:running|paused)/i,
    kind: "conflict",
    reason: "ContainerRunning",
  },
  {
    pattern: /cannot start a paused container/i,
    kind: "conflict",
    reason: "ContainerPaused",
  },
  {
    pattern: /(?:container )?\S+ is already paused/i,
    kind: "conflict",
    reason: "AlreadyPaused",
  },
  {
    pattern: /(?:container )?\S+ is not paused/i,
    kind: "conflict",
    reason: "NotPaused",
  },
  {
    pattern: /renaming a container with the same name as its current name/i,
    kind: "conflict",
    reason: "NameUnchanged",
  },
  {
    pattern: /no such container/i,
    statuses: [404],
    kind: "notFound",
    reason: "ContainerNotFound",
  },
  {
    pattern: /no such volume/i,
    statuses: [404],
    kind: "notFound",
    reason: "VolumeNotFound",
  },
  {
    pattern: /no such exec/i,
    kind: "notFound",
    reason: "ExecNotFound",
  },
  {
    pattern: /container \S+ is not running/i,
    kind: "conflict",
    reason: "ContainerNotRunning",
  },
  {
    pattern: /container \S+ is paused/i,
    kind: "conflict",
    reason: "ContainerPaused",
  },
  {
    pattern: /logging driver does not support reading/i,
    kind: "fault",
    reason: "LogsUnavailable",
    remedy: "an admin sets Docker's log driver to json-file, local or journald",
  },
  {
    pattern: /did not receive an exit event/i,
    kind: "fault",
    reason: "ContainerWillNotEnd",
    remedy: "a process in it hangs in the kernel (often a sick GPU or NFS): an admin looks at `dmesg`",
  },
  {
    pattern: /unable to set memory limit|memory.*device or resource busy/i,
    kind: "waiting",
    reason: "MemoryInUse",
    remedy: "the container uses more than the new limit: let it use less, or stop it",
  },
];
