import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { stringify } from "yaml";
import { containerText } from "../support/api-bed.ts";
import { installedKubectls } from "../support/kubectl.ts";
import type { Kubectl, KubectlResult } from "../support/kubectl.ts";
import { startKubectlUsers } from "../support/kubectl-users.ts";
import type { KubectlUsers } from "../support/kubectl-users.ts";

const kubectls = installedKubectls();

/** A server in memory with objects of two of its users. */
interface KubectlBed extends KubectlUsers {
  /** As alice. */
  readonly run: (...line: string[]) => Promise<KubectlResult>;
  /** The same, and it must end well: what it wrote. */
  readonly ok: (...line: string[]) => Promise<string>;
}

async function startKubectlBed(kubectl?: Kubectl): Promise<KubectlBed> {
  const bed = await startKubectlUsers(kubectl);
  await bed.control.drop(
    "users/alice/train.yaml",
    `# my run\n${containerText("train", "  image: busybox # small\n  env: [{name: TOKEN, value: s3cret}]")}`,
  );
  await bed.control.drop(
    "users/bob/sweep.yaml",
    containerText("sweep", "  image: busybox\n  env: [{name: TOKEN, value: s3cret}]"),
  );
  bed.control.setPhase("alice", "train", "Running");
  bed.control.setPhase("bob", "sweep", "Running");
  bed.control.emit("alice", "train", "Created");
  bed.control.emit("bob", "sweep", "Created");
  const run: KubectlBed["run"] = async (...line) => bed.runAs("alice", ...line);
  return {
    ...bed,
    run,
    ok: async (...line) => {
      const { code, stdout, stderr } = await run(...line);
      expect(code, `kubectl ${line.join(" ")}: ${stderr}`).toBe(0);
      return stdout + stderr;
    },
  };
}

if (kubectls.length === 0) {
  // Counted as skipped, so that nobody takes this machine's verdict for one about kubectl.
  it.skip("no kubectl on this machine: nothing was tried with it", () => undefined);
}

describe.each(kubectls)("kubectl $version", (kubectl) => {
  const minor = Number(kubectl.version.slice(2)) || 32;

  it("finds what is served, and who asks", async () => {
    const { ok, run } = await startKubectlBed(kubectl);
    expect(await ok("version")).toMatch(/Server Version:.*v1\.32\.0\+ds01/);
    expect(await ok("get", "--raw", "/healthz")).toBe("ok");
    const resources = await ok("api-resources");
    for (const [plural, kind] of [
      ["containers", "ContainerSpec"],
      ["quotas", "QuotaSpec"],
      ["gpus", "Gpu"],
      ["pods", "Pod"],
      ["nodes", "Node"],
      ["events", "Event"],
      ["customresourcedefinitions", "CustomResourceDefinition"],
    ]) {
      expect(resources).toMatch(new RegExp(`^${plural}\\s.*\\s${kind}$`, "m"));
    }
    expect(await ok("api-versions")).toContain("ds01.io/v1alpha1\n");
    expect(await ok("auth", "can-i", "create", "containers")).toBe("yes\n");
    expect((await run("auth", "can-i", "delete", "containers", "-n", "bob")).stdout).toContain("no");
    expect(
      (await run("auth", "can-i", "create", "pods", "--subresource=exec", "-n", "bob")).stdout,
    ).toContain("no");
    expect(await ok("auth", "can-i", "create", "pods", "--subresource=exec")).toBe("yes\n");
    expect((await run("auth", "can-i", "list", "secrets")).stdout).toContain("no");
    expect(await ok("auth", "can-i", "--list")).toMatch(/^containers\.ds01\.io .*delete/m);
    if (minor >= 28) expect(await ok("auth", "whoami")).toMatch(/^Username\s+alice$/m);
  });

  it("says what is not done here, and what does it", async () => {
    const { ok, run, file } = await startKubectlBed(kubectl);
    const refusals: readonly (readonly [line: readonly string[], told: RegExp])[] = [
      [["get", "pods", "--as", "bob"], /User "alice" cannot impersonate resource "users"/],
      [["auth", "can-i", "get", "pods", "--as", "bob"], /run the command as that user/],
      [["label", "pod", "train", "a=b"], /change, restart or delete containers\.ds01\.io "train"/],
      [["delete", "pod", "train"], /pods "train" cannot be deleted/],
      [["run", "x", "--image=busybox"], /create a ContainerSpec/],
      [["create", "namespace", "other"], /each user of this machine/],
    ];
    for (const [line, told] of refusals) {
      const { code, stderr } = await run(...line);
      expect(code, line.join(" ")).not.toBe(0);
      expect(stderr).toMatch(told);
    }
    if (minor >= 30) {
      const { stderr } = await run("debug", "train", "--image=busybox");
      expect(stderr).toMatch(/kubectl exec -it train -- sh/);
    }
    const text = containerText("x", "  image: busybox").replace("name: x", "generateName: run-");
    expect(await ok("create", "-f", file(text))).toMatch(/^containerspec\.ds01\.io\/run-\S{5} created$/m);
  });

  it("shows objects in all its forms", async () => {
    const { ok, run, runAs } = await startKubectlBed(kubectl);
    expect(await ok("get", "containers")).toMatch(/^NAME\s+PHASE\s+GPU.*\ntrain\s+Running/);
    expect(await ok("get", "ctr", "-A")).toMatch(/^alice\s+train/m);
    expect(await ok("get", "container/train", "-o", "wide")).toContain("busybox");
    expect(await ok("get", "container", "train", "-o", "name")).toBe("containerspec.ds01.io/train\n");
    expect(await ok("get", "container", "train", "-o", "jsonpath={.spec.image}")).toBe("busybox");
    const sorted = await runAs("carol", "get", "containers", "-A", "--sort-by=.metadata.name");
    expect(sorted.stdout).toMatch(/^bob\s+sweep[^]*^alice\s+train/m);
    expect(await ok("get", "containers", "-l", "a=b")).toContain("No resources found");
    expect(await ok("get", "containers", "--field-selector", "metadata.name=train")).toContain("train");
    expect(await ok("get", "ds01")).toContain("train");
    expect(await ok("get", "containers", "--show-labels")).toContain("<none>");
    expect(await ok("describe", "container", "train")).toMatch(/Image:\s+busybox/);
    expect(await ok("get", "events")).toContain("Created");
    expect(await ok("events", "--for", "containerspec/train")).toContain("Created");
    expect(await ok("events", "--for", "pod/train")).toContain("Created");
    expect(await ok("describe", "pod", "train")).toMatch(/Events:\n.*\n.*\n\s+Normal\s+Created/);
    expect(await ok("get", "namespaces")).toMatch(/^alice\s+Active/m);
    expect(await ok("get", "nodes")).toMatch(/\sReady\s/);
    expect(await ok("describe", "nodes")).toContain("Capacity:");
    expect(await ok("get", "crd")).toContain("containers.ds01.io");
    expect(await ok("top", "nodes")).toMatch(/^NAME\s+CPU/);
    expect(await ok("explain", "containers.spec.image")).toContain("FIELD: image");
    expect(await ok("explain", "quotas", "--recursive")).toContain("borrowingLimit");
    expect(await ok("explain", "pods")).toMatch(/KIND:\s+Pod/);
    expect(await ok("explain", "pod.status.containerStatuses.state")).toContain("terminated");
    for (const kind of ["nodes", "namespaces", "events"]) {
      expect(await ok("explain", kind, "--recursive")).toContain("metadata");
    }
    const missing = await run("get", "container", "none");
    expect([missing.code, missing.stderr]).toEqual([
      1,
      'Error from server (NotFound): containers.ds01.io "none" not found\n',
    ]);
  });

  it("applies and changes, and the spec file says so", async () => {
    const { ok, run, file, control } = await startKubectlBed(kubectl);
    const text = (image: string): string =>
      stringify({
        apiVersion: "ds01.io/v1alpha1",
        kind: "ContainerSpec",
        metadata: { name: "web" },
        spec: { image, command: ["sleep", "100"] },
      });
    const path = file(text("busybox"));
    const written = (): string => control.files.get("users/alice/web.yaml") ?? "";

    expect((await run("diff", "-f", path)).code).toBe(1);
    expect(await ok("apply", "-f", path, "--dry-run=server")).toContain("web created (server dry run)");
    expect(written()).toBe("");
    expect(await ok("apply", "-f", path)).toBe("containerspec.ds01.io/web created\n");
    expect(control.owners.get("users/alice/web.yaml")).toBe("alice");
    expect(await ok("apply", "-f", path)).toBe("containerspec.ds01.io/web unchanged\n");
    expect((await run("diff", "-f", path)).code).toBe(0);
    expect(await ok("apply", "-f", file(text("alpine")))).toBe("containerspec.ds01.io/web configured\n");
    expect(written()).toContain("image: alpine");
    expect(await ok("label", "container", "web", "team=vision")).toContain("labeled");
    expect(await ok("annotate", "container", "web", "note=mine")).toContain("annotate");
    expect(written()).toContain("team: vision");
    const image = (name: string): string => JSON.stringify({ spec: { image: name } });
    expect(await ok("patch", "container", "web", "--type=merge", "-p", image("one"))).toContain("patched");
    const operations = JSON.stringify([{ op: "replace", path: "/spec/image", value: "two" }]);
    expect(await ok("patch", "container", "web", "--type=json", "-p", operations)).toContain("patched");
    expect(written()).toContain("image: two");
    expect(await ok("replace", "-f", file(text("three")))).toContain("replaced");
    expect(await ok("wait", "--for=jsonpath={.spec.image}=three", "container/web")).toContain(
      "condition met",
    );
    expect(await ok("delete", "container", "web", "--dry-run=server")).toContain("deleted (server dry run)");
    expect(written()).toContain("image: three");
    expect(await ok("delete", "-f", path)).toContain("deleted");
    expect(written()).toBe("");
    expect(await ok("create", "-f", path)).toContain("created");
    expect(await ok("delete", "containers", "web", "--wait=false")).toContain("deleted");
  });

  it("applies on the server, with what others say left as it is", async () => {
    const { ok, run, file, control } = await startKubectlBed(kubectl);
    const text = (spec: object): string =>
      file(
        stringify({
          apiVersion: "ds01.io/v1alpha1",
          kind: "ContainerSpec",
          metadata: { name: "web" },
          spec,
        }),
      );
    const written = (): string => control.files.get("users/alice/web.yaml") ?? "";
    const serverSide = ["apply", "--server-side", "-f"] as const;
    const image = text({ image: "busybox" });
    expect(await ok(...serverSide, image, "--dry-run=server")).toContain(
      "web serverside-applied (server dry run)",
    );
    expect(written()).toBe("");
    expect(await ok(...serverSide, image)).toBe("containerspec.ds01.io/web serverside-applied\n");
    const robot = ["--field-manager", "robot"] as const;
    await ok(...serverSide, text({ env: [{ name: "A", value: "1" }] }), ...robot);
    expect(written()).toMatch(/image: busybox[^]*name: A/);
    const taken = text({ image: "alpine", env: [{ name: "A", value: "1" }] });
    const conflict = await run(...serverSide, taken, ...robot);
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('Apply failed with 1 conflict: conflict with "kubectl": .spec.image');
    expect(conflict.stderr).toContain("--force-conflicts");
    await ok(...serverSide, taken, ...robot, "--force-conflicts");
    expect(written()).toContain("image: alpine");
    const shown = ["get", "container", "web", "-o", "yaml"] as const;
    expect(await ok(...shown)).not.toContain("managedFields");
    expect(await ok(...shown, "--show-managed-fields")).toMatch(/manager: robot[^]*operation: Apply/);
    expect((await run("diff", "--server-side", "-f", taken, ...robot)).code).toBe(0);
    await ok("delete", "container", "web");
  });

  it("comes from its own apply to the server's, and back", async () => {
    const { ok, run, file, control } = await startKubectlBed(kubectl);
    const text = (spec: string): string => file(containerText("web", spec));
    const written = (): string => control.files.get("users/alice/web.yaml") ?? "";
    await ok("apply", "-f", text("  image: busybox\n  hostname: web\n  env: [{name: A, value: one}]"));
    expect(written()).not.toContain("last-applied");
    // What it no longer applies goes, as it remembers: beside the file.
    await ok("apply", "-f", text("  image: busybox\n  env: [{name: A, value: one}]"));
    expect(written()).not.toContain("hostname");
    const moved = text("  image: alpine\n  env: [{name: A, value: one}]");
    expect(await ok("apply", "--server-side", "-f", moved)).toContain("serverside-applied");
    expect(written()).toContain("image: alpine");
    await ok("apply", "--server-side", "-f", text("  image: alpine"));
    expect(written()).not.toContain("name: A");
    const back = await run("apply", "-f", text("  image: debian"));
    expect(back.code, back.stderr).toBe(0);
    expect(written()).toContain("image: debian");
    expect(written()).not.toContain("last-applied");
  });

  it("keeps the comments of a file that somebody wrote, whichever way it changes the file", async () => {
    const { ok, control, file, directory } = await startKubectlBed(kubectl);
    const path = "users/alice/train.yaml";
    const commentedText = (image: string): string =>
      [
        "# my run",
        "apiVersion: ds01.io/v1alpha1",
        "kind: ContainerSpec",
        "metadata:",
        "  name: train # of the year",
        "spec:",
        "  # pinned",
        `  image: ${image} # small`,
        "  env:",
        "    # shown to nobody",
        "    - {name: TOKEN, value: s3cret} # by hand",
        "",
      ].join("\n");
    const image = (name: string): string => JSON.stringify({ spec: { image: name } });
    const whole = (name: string): string =>
      file(containerText("train", `  image: ${name}\n  env: [{name: TOKEN, value: s3cret}]`));
    vi.stubEnv("KUBE_EDITOR", "sed -i s,busybox,alpine,");
    vi.stubEnv("TMPDIR", directory);
    onTestFinished(() => void vi.unstubAllEnvs());
    const operations = JSON.stringify([{ op: "replace", path: "/spec/image", value: "alpine" }]);
    for (const line of [
      ["patch", "container", "train", "--type=merge", "-p", image("alpine")],
      ["patch", "container", "train", "--type=json", "-p", operations],
      ["edit", "container", "train"],
      ["replace", "-f", whole("alpine")],
      ["apply", "-f", whole("alpine")],
      ["apply", "--server-side", "--force-conflicts", "-f", whole("alpine")],
    ]) {
      await control.drop(path, commentedText("busybox"));
      await ok(...line);
      expect(control.files.get(path), line.join(" ")).toBe(commentedText("alpine"));
    }
    const labelled = await ok("label", "container", "train", "team=vision");
    expect(labelled).toContain("labeled");
    for (const comment of [
      "# my run",
      "# of the year",
      "# pinned",
      "# small",
      "# shown to nobody",
      "# by hand",
    ])
      expect(control.files.get(path)).toContain(comment);
  });

  it("is told of a conflict when what it read has changed", async () => {
    const { ok, run, control, file } = await startKubectlBed(kubectl);
    const read = await ok("get", "container", "train", "-o", "yaml");
    await ok("patch", "container", "train", "--type=merge", "-p", '{"spec":{"priority":7}}');
    const before = control.files.get("users/alice/train.yaml");
    const stale = await run("replace", "-f", file(read.replace("busybox", "alpine")));
    expect(stale.code).toBe(1);
    expect(stale.stderr).toMatch(
      /Error from server \(Conflict\): .*Operation cannot be fulfilled on containers\.ds01\.io "train": the object has been modified/,
    );
    expect(control.files.get("users/alice/train.yaml")).toBe(before);
  });

  it("is told of mistakes", async () => {
    const { ok, run, file } = await startKubectlBed(kubectl);
    const bad = file(containerText("bad", "  image: busybox\n  imag: alpine"));
    const strict = await run("apply", "-f", bad);
    expect(strict.code).toBe(1);
    expect(strict.stderr).toMatch(/The ContainerSpec "bad" is invalid: spec\.imag: .*did you mean "image"/);
    expect(await ok("apply", "-f", bad, "--validate=warn")).toContain('Warning: unknown field "spec.imag"');
    expect(await ok("apply", "-f", bad, "--validate=ignore")).not.toContain("Warning");
    const strategic = await run("patch", "container", "train", "-p", "{}");
    expect(strategic.stderr).toContain("application/strategic-merge-patch+json is not supported");
  });

  it("lets two users see and change what is theirs", async () => {
    const { ok, run, runAs } = await startKubectlBed(kubectl);
    const denied = await run("delete", "container", "sweep", "-n", "bob");
    expect(denied.code).toBe(1);
    expect(denied.stderr).toContain(
      'Error from server (Forbidden): containers.ds01.io "sweep" is forbidden: User "alice" cannot delete resource' +
        ' "containers" in API group "ds01.io" in the namespace "bob"',
    );
    expect((await run("get", "events", "-n", "bob")).stderr).toContain(
      "Error from server (Forbidden): events is forbidden",
    );
    for (const line of [
      ["get", "containers"],
      ["get", "container", "sweep"],
      ["get", "pods"],
      ["get", "containers", "-w"],
      ["logs", "sweep"],
      ["exec", "sweep", "--", "id"],
      ["describe", "container", "sweep"],
    ]) {
      const { code, stdout, stderr } = await run("-n", "bob", ...line);
      expect([code, stdout], line.join(" ")).toEqual([1, ""]);
      expect(stderr).toMatch(
        /^Error from server \(Forbidden\): \S+ (?:"sweep" )?is forbidden: User "alice" cannot \S+ resource "\S+" in API group "(?:ds01\.io)?" in the namespace "bob"\n$/,
      );
    }
    for (const [user, own, others] of [
      ["alice", "train", "sweep"],
      ["bob", "sweep", "train"],
    ] as const) {
      for (const kind of ["containers", "pods", "events"]) {
        const { code, stdout } = await runAs(user, "get", kind, "-A");
        expect(code, kind).toBe(0);
        expect(stdout, kind).toContain(own);
        expect(stdout, kind).not.toContain(others);
      }
      expect((await runAs(user, "get", "namespaces", "-o", "name")).stdout).toBe(`namespace/${user}\n`);
      const can = async (...line: string[]): Promise<string> =>
        (await runAs(user, "auth", "can-i", ...line)).stdout.trim();
      expect(await can("get", "containers")).toBe("yes");
      expect(await can("list", "pods", "-A")).toBe("yes");
      expect(await can("get", "pods", "-n", "carol")).toBe("no");
      expect(await can("watch", "containers", "-n", "carol")).toBe("no");
      expect(await can("patch", "quotas")).toBe("no");
    }
    expect(await ok("get", "container", "train", "-o", "yaml")).toContain("s3cret");
    expect((await runAs("bob", "delete", "container", "sweep")).code).toBe(0);
    expect((await runAs("carol", "delete", "container", "train", "-n", "alice")).code).toBe(0);
  });
});

it("no token is written where others read", async () => {
  const bed = await startKubectlBed();
  const { directory, log } = bed;
  const token = /ds01_[\w.-]{20,}/.exec(readFileSync(join(directory, "alice.kubeconfig"), "utf8"))?.[0] ?? "";
  expect(token).not.toBe("");
  expect(await bed.call("GET", "/healthz")).toMatchObject({ code: 200 });
  expect(JSON.stringify(log.lines)).not.toContain(token);
});
