import { isMap, isSeq, parseDocument } from "yaml";
import type { Document, YAMLSeq } from "yaml";
import { InvalidError } from "../util/errors.ts";

/** How kubectl reaches ds01: one cluster, one user and one context of the same name. */
export interface KubeconfigEntry {
  readonly name: string;
  /** Such as `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM */
  readonly certificateAuthority: string;
  readonly namespace: string;
  /** Prints a token as an ExecCredential: the program and its arguments. */
  readonly command: readonly [program: string, ...parameters: string[]];
}

/**
 * The text of a kubeconfig with this entry in it and its context made the current one. Everything else stays, comments
 * included. InvalidError for a text that is no kubeconfig.
 */
export function addToKubeconfig(text: string, entry: KubeconfigEntry): string {
  const document: Document = parseDocument(text);
  if (document.contents !== null && (document.errors.length > 0 || !isMap(document.contents))) {
    throw new InvalidError({
      reason: "KubeconfigUnreadable",
      message: `the kubeconfig that is there cannot be read: ${document.errors[0]?.message ?? "it is no mapping"}`,
      remedy: "mend it, move it away, or name another one with KUBECONFIG",
    });
  }
  if (document.contents === null)
    document.contents = document.createNode({ apiVersion: "v1", kind: "Config" });
  const { name } = entry;
  setNamed(document, "clusters", { name, cluster: clusterOf(entry) });
  setNamed(document, "users", { name, user: { exec: execOf(entry) } });
  setNamed(document, "contexts", {
    name,
    context: { cluster: name, namespace: entry.namespace, user: name },
  });
  document.set("current-context", name);
  return document.toString({ lineWidth: 0 });
}

function clusterOf({ server, certificateAuthority }: KubeconfigEntry): object {
  // Written out here: the pure core has no Buffer.
  return { "certificate-authority-data": btoa(certificateAuthority), server };
}

function execOf({ command: [command, ...parameters] }: KubeconfigEntry): object {
  return {
    apiVersion: "client.authentication.k8s.io/v1",
    command,
    args: parameters,
    interactiveMode: "IfAvailable",
    provideClusterInfo: false,
    installHint: "ds01 is not installed here, or is not on PATH",
  };
}

/** Replaces the member of a list that has this name, or adds it. */
function setNamed(
  document: Document,
  list: string,
  value: { readonly name: string } & Readonly<Record<string, unknown>>,
): void {
  const found = document.get(list);
  const members: YAMLSeq = isSeq(found) ? found : (document.createNode([]) as YAMLSeq);
  if (members !== found) document.set(list, members);
  // kubectl writes an empty list as `[]`, to which nothing readable can be added.
  if (members.items.length === 0) members.flow = false;
  const at = members.items.findIndex((member) => isMap(member) && member.get("name") === value.name);
  const node = document.createNode(value);
  if (at < 0) members.add(node);
  else members.set(at, node);
}
