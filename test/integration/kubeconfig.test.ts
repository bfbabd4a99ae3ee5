import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { NetworkAddress } from "../../src/api/network-access.ts";
import { startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { callHttps } from "../support/https-caller.ts";
import { runDs01 } from "../support/run-ds01.ts";
import type { Ds01Result } from "../support/run-ds01.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

interface CliBed extends ApiBed {
  readonly home: string;
  readonly address: NetworkAddress;
  run(...line: string[]): Promise<Ds01Result>;
  runWith(environment: Readonly<Record<string, string>>, ...line: string[]): Promise<Ds01Result>;
}

async function startCliBed(): Promise<CliBed> {
  const bed = await startApiBed({
    https: { port: 0, secrets: await doorSecrets(temporaryDirectory(), systemClock) },
  });
  const home = temporaryDirectory();
  const address = (await bed.json("/apis/ds01.io/v1alpha1/network-address")) as NetworkAddress;
  const runWith: CliBed["runWith"] = async (environment, ...line) =>
    runDs01(line, { socketPath: bed.socketPath, environment: { HOME: home, PATH: "", ...environment } });
  return { ...bed, home, address, runWith, run: async (...line) => runWith({}, ...line) };
}

describe("ds01 kube-token", () => {
  it("prints a credential that acts as its caller, in the version that is asked for", async () => {
    const bed = await startCliBed();
    bed.actAs("alice");
    const { code, stdout } = await bed.run("kube-token");
    expect(code).toBe(0);
    const credential = JSON.parse(stdout);
    expect(credential).toEqual({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: expect.stringMatching(/^ds01_41001\./), expirationTimestamp: "2026-01-05T08:15:00Z" },
    });
    const headers = { authorization: `Bearer ${credential.status.token}` };
    expect(await callHttps(bed.address, "/apis", { headers })).toMatchObject({ code: 200 });

    const info = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{}}';
    const older = await bed.runWith({ KUBERNETES_EXEC_INFO: info }, "kube-token");
    expect(JSON.parse(older.stdout).apiVersion).toBe("client.authentication.k8s.io/v1beta1");
  });

  it("says how kubectl is let in where it is not", async () => {
    const { socketPath } = await startApiBed();
    for (const verb of ["kube-token", "kubeconfig"]) {
      const { code, stdout, stderr } = await runDs01([verb], { socketPath });
      expect(code, verb).toBe(4);
      expect(stdout, verb).toBe("");
      expect(stderr, verb).toContain("api.https");
    }
  });
});

describe("ds01 kubeconfig", () => {
  it("prints one without secrets, for this user", async () => {
    const bed = await startCliBed();
    const { code, stdout } = await bed.run("kubeconfig", "--name", "gpu1");
    expect(code).toBe(0);
    const { clusters, users, contexts } = parse(stdout);
    expect(clusters[0].name).toBe("gpu1");
    expect(clusters[0].cluster.server).toBe(bed.address.server);
    expect(contexts[0].context).toEqual({ cluster: "gpu1", namespace: "alice", user: "gpu1" });
    const { command, args } = users[0].user.exec;
    expect([command, ...args].slice(-3)).toEqual(["kube-token", "--socket", bed.socketPath]);
  });

  it("prints one for another machine, which gets its tokens with ssh", async () => {
    const bed = await startCliBed();
    const { stdout } = await bed.run("kubeconfig", "--ssh", "alice@gpu1", "--port", "7000");
    const { clusters, users } = parse(stdout);
    expect(clusters[0].cluster.server).toBe("https://127.0.0.1:7000");
    expect(users[0].user.exec).toMatchObject({ command: "ssh", args: ["alice@gpu1", "ds01", "kube-token"] });
    expect((await bed.run("kubeconfig", "--ssh", "gpu1", "--write")).code).toBe(2);
    expect((await bed.run("kubeconfig", "--ssh", "gpu1", "--port", "x")).code).toBe(2);
  });

  it("writes it where kubectl looks, beside what is there, for nobody else to read", async () => {
    const bed = await startCliBed();
    const usual = join(bed.home, ".kube/config");
    expect((await bed.run("kubeconfig", "--write")).code).toBe(0);
    expect(statSync(usual).mode & 0o777).toBe(0o600);
    expect(parse(readFileSync(usual, "utf8"))["current-context"]).toBe("ds01");

    const other = join(bed.home, "lab.yaml");
    writeFileSync(other, "# mine\ncontexts:\n  - {name: lab, context: {cluster: lab}}\n");
    chmodSync(other, 0o644);
    symlinkSync(other, join(bed.home, "link"));
    const named = { KUBECONFIG: `${join(bed.home, "none")}:${join(bed.home, "link")}:${usual}` };
    const { code, stdout, stderr } = await bed.runWith(named, "kubeconfig", "--write");
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain(join(bed.home, "link"));
    const text = readFileSync(other, "utf8");
    expect(text).toContain("# mine\n");
    expect(parse(text).contexts.map(({ name }: { name: string }) => name)).toEqual(["lab", "ds01"]);
    expect(statSync(other).mode & 0o777).toBe(0o600);
  });

  it("waits for nobody who changes it at the same time, and changes nothing that it cannot read", async () => {
    const bed = await startCliBed();
    const path = join(bed.home, "config");
    writeFileSync(path, "a: [");
    const unreadable = await bed.runWith({ KUBECONFIG: path }, "kubeconfig", "--write");
    expect(unreadable.code).toBe(2);
    expect(readFileSync(path, "utf8")).toBe("a: [");

    writeFileSync(path, "");
    writeFileSync(`${path}.lock`, "");
    const locked = await bed.runWith({ KUBECONFIG: path }, "kubeconfig", "--write");
    expect(locked.code).toBe(1);
    expect(locked.stderr).toContain(`${path}.lock`);
    expect(readFileSync(path, "utf8")).toBe("");
  });
});
