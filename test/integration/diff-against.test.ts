import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { IssuedCredential, NetworkAddress } from "../../src/api/network-access.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import { runDs01 } from "../support/run-ds01.ts";
import type { Ds01Result } from "../support/run-ds01.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";

/** A controller with alice/train, and `ds01 diff` of an edit of it from a machine without its socket. */
async function elsewhere() {
  const folder = temporaryDirectory();
  const secrets = await doorSecrets(temporaryDirectory(), systemClock);
  const bed = await startApiBed({ https: { port: 0, secrets } });
  await bed.control.drop("users/alice/train.yaml", containerText("train"));
  const address = (await bed.json(`${group}/network-address`)) as NetworkAddress;
  bed.actAs("alice");
  const { token } = JSON.parse((await bed.call("POST", `${group}/tokens`)).text) as IssuedCredential;
  bed.actAs(null);
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const authority = put("ca.pem", address.certificateAuthority);
  const tokenFile = put("token", `${token}\n`);
  const text = containerText("train").replace("  name: train", "  name: train\n  namespace: alice");
  const same = put("train.yaml", text);
  const added = put("eval.yaml", containerText("eval"));
  const diff = async (
    line: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Ds01Result> => runDs01(["diff", ...line], { socketPath: "/nowhere/ds01.sock", environment });
  const server = address.server.replace("127.0.0.1", "localhost");
  return { authority, tokenFile, token, same, added, diff, put, server };
}

describe("ds01 diff --against https", () => {
  it("tells as over the socket, with the same exit codes, by a token from a file or a variable", async () => {
    const { authority, tokenFile, token, same, added, diff, server } = await elsewhere();
    const there = ["--against", server, "--certificate-authority", authority];
    const changed = await diff([...there, "--token-file", tokenFile, "-f", added]);
    expect(changed, changed.stderr).toMatchObject({ code: 1 });
    expect(changed.stdout).toMatch(/^alice\/eval /);
    expect(await diff([...there, "-f", same], { DS01_TOKEN: token })).toMatchObject({ code: 0, stdout: "" });
    const reviewed = await diff([...there, "-o", "markdown", "-f", added], { DS01_TOKEN: token });
    expect(reviewed, reviewed.stderr).toMatchObject({ code: 1 });
  });

  it("asks nobody whose certificate is not known, and says how to name its authority", async () => {
    const { tokenFile, token, same, diff, server } = await elsewhere();
    const { code, stderr } = await diff(["--against", server, "--token-file", tokenFile, "-f", same]);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain("--certificate-authority FILE");
    expect(stderr).not.toContain(token);
  });

  it("is denied with a token that does not count, and unreachable where nobody listens", async () => {
    const { authority, put, token, same, diff, server } = await elsewhere();
    const wrong = put("wrong", `${token.slice(0, -3)}AAA`);
    const there = ["--certificate-authority", authority, "-f", same];
    expect(await diff(["--against", server, "--token-file", wrong, ...there])).toMatchObject({ code: 3 });
    const nobody = await diff(["--against", "https://localhost:1", ...there], { DS01_TOKEN: token });
    expect(nobody, nobody.stderr).toMatchObject({ code: 69 });
    expect(nobody.stderr).toContain("https://localhost:1");
  });

  it("refuses what it cannot mean, without a word of the token", async () => {
    const { same, tokenFile, diff, server, token } = await elsewhere();
    for (const line of [
      ["--against", server],
      ["--against", server, "--token-file", "/nowhere/token"],
      ["--against", `${server}/path`, "--token-file", tokenFile],
      ["--against", server.replace("https://", "https://alice:secret@"), "--token-file", tokenFile],
      ["--against", server.replace("https:", "http:"), "--token-file", tokenFile],
      ["--token-file", tokenFile],
    ]) {
      const { code, stderr } = await diff([...line, "-f", same]);
      expect(code, `${line.join(" ")}: ${stderr}`).toBe(2);
      expect(stderr).not.toContain(token);
      expect(stderr).not.toContain("secret");
    }
  });
});
