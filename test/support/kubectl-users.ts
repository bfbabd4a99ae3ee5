import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import { addToKubeconfig } from "../../src/api/kubeconfig.ts";
import type { IssuedCredential, NetworkAddress } from "../../src/api/network-access.ts";
import type { ApiServerOptions } from "../../src/server/api-server.ts";
import { startApiBed, users } from "./api-bed.ts";
import type { ApiBed } from "./api-bed.ts";
import { runKubectl } from "./kubectl.ts";
import type { Kubectl, KubectlResult } from "./kubectl.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";

/** A served API, and a kubeconfig for each of its users, with a token in place of the program that gets one. */
export interface KubectlUsers extends ApiBed {
  readonly directory: string;
  readonly runAs: (user: string, ...line: readonly string[]) => Promise<KubectlResult>;
  /** A file with this text. */
  readonly file: (text: string) => string;
}

/** Starts a server with a door over TLS; where there is no kubectl, everything but running one can be tried. */
export async function startKubectlUsers(
  kubectl: Kubectl | undefined,
  options: Partial<ApiServerOptions> = {},
): Promise<KubectlUsers> {
  const directory = temporaryDirectory();
  const secrets = await doorSecrets(directory, systemClock);
  // What a kubectl of this machine takes for valid follows the time of this machine.
  const bed = await startApiBed({ ...options, clock: systemClock, https: { port: 0, secrets } });
  const address = (await bed.json(`${group}/network-address`)) as NetworkAddress;
  const kubeconfigs = new Map<string, string>();
  for (const { name: user } of users) {
    bed.actAs(user);
    const { token } = JSON.parse((await bed.call("POST", `${group}/tokens`)).text) as IssuedCredential;
    const status = JSON.stringify({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token },
    });
    const command = ["echo", status] as const;
    const path = join(directory, `${user}.kubeconfig`);
    writeFileSync(path, addToKubeconfig("", { name: "ds01", ...address, namespace: user, command }), {
      mode: 0o600,
    });
    kubeconfigs.set(user, path);
  }
  bed.actAs("root");
  let files = 0;
  return {
    ...bed,
    directory,
    runAs: async (user, ...line) => {
      if (kubectl === undefined) throw new Error("this bed was started without a kubectl");
      const environment = { ...process.env, HOME: directory, KUBECONFIG: kubeconfigs.get(user) };
      return runKubectl(kubectl, line, { environment });
    },
    file: (text) => {
      const path = join(directory, `${(files += 1)}.yaml`);
      writeFileSync(path, text);
      return path;
    },
  };
}
