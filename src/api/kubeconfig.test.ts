import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { addToKubeconfig } from "./kubeconfig.ts";
import type { KubeconfigEntry } from "./kubeconfig.ts";

const entry: KubeconfigEntry = {
  name: "ds01",
  server: "https://127.0.0.1:6443",
  certificateAuthority: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
  namespace: "alice",
  command: ["ds01", "kube-token"],
};

const other = `# My clusters.
apiVersion: v1
kind: Config
clusters:
  # Do not touch.
  - name: lab
    cluster: {server: "https://lab:6443"}
users:
  - name: lab
    user:
      token: s3cret # expires in May
contexts:
  - name: lab
    context: {cluster: lab, user: lab}
current-context: lab
preferences: {}
`;

describe("addToKubeconfig", () => {
  it("writes a whole one where there is none", () => {
    for (const text of ["", "\n", "# nothing yet\n"]) {
      expect(parse(addToKubeconfig(text, entry))).toEqual({
        apiVersion: "v1",
        kind: "Config",
        clusters: [
          {
            name: "ds01",
            cluster: {
              "certificate-authority-data": Buffer.from(entry.certificateAuthority).toString("base64"),
              server: "https://127.0.0.1:6443",
            },
          },
        ],
        users: [
          {
            name: "ds01",
            user: {
              exec: {
                apiVersion: "client.authentication.k8s.io/v1",
                command: "ds01",
                args: ["kube-token"],
                interactiveMode: "IfAvailable",
                provideClusterInfo: false,
                installHint: "ds01 is not installed here, or is not on PATH",
              },
            },
          },
        ],
        contexts: [{ name: "ds01", context: { cluster: "ds01", namespace: "alice", user: "ds01" } }],
        "current-context": "ds01",
      });
    }
  });

  it("leaves other entries and comments as they are", () => {
    const text = addToKubeconfig(other, entry);
    for (const line of other
      .split("\n")
      .filter((part) => part !== "" && !part.startsWith("current-context"))) {
      if (!line.includes("{")) expect(text).toContain(line);
    }
    const { clusters, users, contexts, ...rest } = parse(text);
    expect(clusters.map(({ name }: { name: string }) => name)).toEqual(["lab", "ds01"]);
    expect(clusters[0]).toEqual({ name: "lab", cluster: { server: "https://lab:6443" } });
    expect(users[0]).toEqual({ name: "lab", user: { token: "s3cret" } });
    expect(contexts).toHaveLength(2);
    expect(rest).toEqual({ apiVersion: "v1", kind: "Config", "current-context": "ds01", preferences: {} });
  });

  it("replaces its own entry, and adds nothing twice", () => {
    const once = addToKubeconfig(other, { ...entry, server: "https://127.0.0.1:1" });
    const twice = addToKubeconfig(once, entry);
    expect(twice).toBe(addToKubeconfig(other, entry));
    expect(addToKubeconfig(twice, entry)).toBe(twice);
  });

  it("takes what kubectl writes for empty lists, and JSON", () => {
    const empty =
      'apiVersion: v1\nclusters: null\ncontexts: []\ncurrent-context: ""\nkind: Config\nusers: null\n';
    expect(parse(addToKubeconfig(empty, entry)).contexts).toHaveLength(1);
    expect(parse(addToKubeconfig('{"kind":"Config","users":[{"name":"lab"}]}', entry)).users).toHaveLength(2);
  });

  it("refuses what is no kubeconfig", () => {
    for (const text of ["a: [", "- 1\n", "word"]) {
      expect(() => addToKubeconfig(text, entry), text).toThrow("cannot be read");
    }
  });
});
