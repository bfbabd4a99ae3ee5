import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { NetworkAddress } from "../../src/api/network-access.ts";
import { findProgram } from "../bed/requirements.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import { callHttps } from "../support/https-caller.ts";
import { installedKubectls, runKubectl } from "../support/kubectl.ts";
import { SshLogin } from "../support/ssh-login.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";
const root = join(import.meta.dirname, "..", "..");
const hasSsh = findProgram("sshd") !== undefined && findProgram("ssh") !== undefined;
const [kubectl] = installedKubectls().toReversed();

if (!hasSsh) {
  // Counted as skipped, so that nobody takes this machine's verdict for one about ssh.
  it.skip("no sshd or ssh on this machine: nothing was tried over ssh", () => undefined);
}

it.runIf(hasSsh)(
  "from a laptop the steps of docs/kubectl.md lead to the API, with tokens over ssh",
  async () => {
    const directory = temporaryDirectory();
    const secrets = await doorSecrets(directory, systemClock);
    const bed = await startApiBed({ clock: systemClock, https: { port: 0, secrets } });
    await bed.control.drop("users/alice/train.yaml", containerText("train"));
    const { server } = (await bed.json(`${group}/network-address`)) as NetworkAddress;
    bed.actAs("alice");
    const there = join(directory, "there");
    mkdirSync(there);
    const tsx = join(root, "node_modules/tsx/dist/esm/index.mjs");
    const main = join(root, "src/cli/main.ts");
    writeFileSync(
      join(there, "ds01"),
      `#!/bin/sh\nDS01_SOCKET='${bed.socketPath}' exec '${process.execPath}' --import '${tsx}' '${main}' "$@"\n`,
    );
    chmodSync(join(there, "ds01"), 0o755);
    const login = await SshLogin.start(directory, `${there}:/usr/bin:/bin`);
    if (login === undefined) throw new Error("sshd did not start");
    onTestFinished(() => login.end());

    const port = await login.forward(Number(new URL(server).port));
    const text = await login.run(
      "ds01",
      "kubeconfig",
      "--ssh",
      "gpu1",
      "--name",
      "gpu1",
      "--port",
      String(port),
    );
    const { clusters, users } = parse(text) as {
      clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
      users: { user: { exec: { command: string; args: string[] } } }[];
    };
    const [{ cluster } = { cluster: undefined }] = clusters;
    const [{ user } = { user: undefined }] = users;
    expect(cluster?.server).toBe(`https://127.0.0.1:${port}`);
    expect(user?.exec).toMatchObject({ command: "ssh", args: ["gpu1", "ds01", "kube-token"] });
    expect(text).not.toContain("ds01_");

    // What any client does with it.
    const credential = JSON.parse(await login.run("ds01", "kube-token")) as { status: { token: string } };
    const certificateAuthority = Buffer.from(
      cluster?.["certificate-authority-data"] ?? "",
      "base64",
    ).toString();
    const answer = await callHttps(
      { server: cluster?.server ?? "", certificateAuthority },
      `${group}/namespaces/alice/containers`,
      { headers: { authorization: `Bearer ${credential.status.token}` } },
    );
    expect(answer).toMatchObject({ code: 200, text: expect.stringContaining('"train"') as string });

    if (kubectl === undefined) return;
    const path = join(directory, "gpu1.kubeconfig");
    writeFileSync(path, text, { mode: 0o600 });
    const environment = {
      PATH: `${login.programs}:/usr/bin:/bin`,
      HOME: directory,
      KUBECONFIG: path,
    };
    const got = await runKubectl(kubectl, ["get", "containers", "-n", "alice", "-o", "name"], {
      environment,
    });
    expect(got).toMatchObject({ code: 0, stdout: "containerspec.ds01.io/train\n" });
  },
);
