import { PassThrough, Readable, Writable } from "node:stream";
import {
  ApiException,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  topPods,
  Metrics,
  Watch,
} from "@kubernetes/client-node";
import type { KubernetesListObject, KubernetesObject, V1Pod, V1Status } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import type { Host } from "./host.ts";
import { accountOf, alice, bob, ds01As, startHostForUsers } from "./plain-users.ts";
import { containerSpec } from "./spec-text.ts";

const kind = { group: "ds01.io", version: "v1alpha1", plural: "containers" } as const;
const apiVersion = `${kind.group}/${kind.version}`;

interface Container extends KubernetesObject {
  readonly spec: { readonly image: string; readonly command?: readonly string[] };
  readonly status?: { readonly phase: string };
}

/** A Writable that remembers what was written. */
class Collected extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

/** The answer of the first try that meets no conflict (409), which somebody else's write in between causes. */
async function retryOnConflict<Answer>(attempt: () => Promise<Answer>, tries = 20): Promise<Answer> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof ApiException) || error.code !== 409 || tries <= 1) throw error;
    return retryOnConflict(attempt, tries - 1);
  }
}

describe("Kubernetes' client library for Node, as users without rights", () => {
  let host: Host;

  /** What `ds01 kubeconfig` gives this user, whose tokens are got as this user. */
  const configOf = async (user: string): Promise<KubeConfig> => {
    const printed = await ds01As(host, user, "kubeconfig");
    expect(printed.code, printed.stderr).toBe(0);
    const config = new KubeConfig();
    config.loadFromString(printed.stdout);
    const exec = config.getCurrentUser()?.exec as { command: string; args: string[] };
    const { uid, gid } = accountOf(host, user);
    exec.args = [
      "--reuid",
      String(uid),
      "--regid",
      String(gid),
      "--clear-groups",
      exec.command,
      ...exec.args,
    ];
    exec.command = "setpriv";
    return config;
  };

  beforeAll(async () => {
    host = await startHostForUsers("client-node");
  });

  afterAll(async () => host.stop());

  it("creates, reads, changes and deletes", async () => {
    const config = await configOf(alice);
    const objects = KubernetesObjectApi.makeApiClient(config);
    const metadata = { name: "crud", namespace: alice };
    const wanted = {
      apiVersion,
      kind: "ContainerSpec",
      metadata,
      spec: { image: "bed/base:1", imagePullPolicy: "Never" },
    };
    const created = await objects.create<Container>(wanted);
    expect(created.metadata?.uid).toMatch(/./);
    const read = await objects.read<Container>({ apiVersion, kind: "ContainerSpec", metadata });
    expect(read.spec.image).toBe(created.spec.image);

    const patch = { apiVersion, kind: "ContainerSpec", metadata, spec: { priority: 7 } };
    const patched = await objects.patch<KubernetesObject>(
      patch,
      undefined,
      undefined,
      undefined,
      undefined,
      PatchStrategy.MergePatch,
    );
    expect(patched).toMatchObject({ spec: { priority: 7 } });
    expect(host.read(`users/${alice}/crud.yaml`)).toContain("priority: 7");
    // The controller writes the status meanwhile: who replaces a whole object reads and tries again after a conflict.
    const replaced = await retryOnConflict(async () => {
      const { resourceVersion = "" } =
        (await objects.read({ apiVersion, kind: "ContainerSpec", metadata })).metadata ?? {};
      return objects.replace({
        ...patched,
        metadata: { ...metadata, resourceVersion, labels: { team: "vision" } },
      });
    });
    expect(replaced.metadata?.labels).toEqual({ team: "vision" });
    // What is based on a version that is no longer the current one is refused.
    const stale = { ...patched, spec: { image: "other" } };
    await expect(objects.replace(stale)).rejects.toMatchObject({ code: 409 });

    const list = (await config.makeApiClient(CustomObjectsApi).listNamespacedCustomObject({
      ...kind,
      namespace: alice,
      labelSelector: "team=vision",
    })) as KubernetesListObject<Container>;
    expect(list.items.map((item) => item.metadata?.name)).toEqual(["crud"]);
    expect((await objects.list(apiVersion, "ContainerSpec", alice)).items).toHaveLength(1);

    const deleted = await objects.delete({ apiVersion, kind: "ContainerSpec", metadata });
    expect(deleted.status).toBe("Success");
    await host.waitUntilGone(`${alice}/crud`);
    await expect(objects.read({ apiVersion, kind: "ContainerSpec", metadata })).rejects.toMatchObject({
      code: 404,
    });
  });

  it("watches, and keeps an informer up to date", async () => {
    const config = await configOf(alice);
    const path = `/apis/${apiVersion}/namespaces/${alice}/containers`;
    const seen: string[] = [];
    const controller = await new Watch(config).watch(
      path,
      { allowWatchBookmarks: true },
      (type, object: Container) =>
        seen.push(`${type} ${object.metadata?.name ?? ""} ${object.status?.phase ?? ""}`),
      () => undefined,
    );
    onTestFinished(() => controller.abort());

    const custom = config.makeApiClient(CustomObjectsApi);
    const informer = makeInformer(
      config,
      path,
      async () =>
        custom.listNamespacedCustomObject({ ...kind, namespace: alice }) as Promise<
          KubernetesListObject<Container>
        >,
    );
    const told: string[] = [];
    for (const verb of ["add", "update", "delete"] as const) {
      informer.on(verb, (object: Container) => told.push(`${verb} ${object.metadata?.name ?? ""}`));
    }
    informer.on("error", (error) => told.push(`error ${String(error)}`));
    await informer.start();
    onTestFinished(() => informer.stop());

    host.drop(`users/${alice}/seen.yaml`, containerSpec("seen"));
    await waitFor("both to see it run", () => {
      const phase = informer.get("seen", alice)?.status?.phase;
      return phase === "Running" && seen.includes("MODIFIED seen Running");
    });
    expect(seen.find((line) => !line.startsWith("BOOKMARK"))).toMatch(/^ADDED seen /);
    expect(informer.list(alice).map(({ metadata }) => metadata?.name)).toEqual(["seen"]);
    host.drop(`users/${bob}/theirs.yaml`, containerSpec("theirs"));
    await host.waitForReady(`${bob}/theirs`);
    await host.remove(`${alice}/seen`);
    await waitFor(
      "both to see it go",
      () => told.includes("delete seen") && seen.some((line) => line.startsWith("DELETED seen")),
    );
    expect([told, seen].flat().filter((line) => /theirs|error/.test(line))).toEqual([]);
    expect(told[0]).toBe("add seen");
  });

  it("runs commands, follows logs and reaches ports", async () => {
    const script =
      "echo hello from inside; mkdir -p /www; echo page >/www/index.html; exec httpd -f -p 8000 -h /www";
    host.drop(`users/${alice}/work.yaml`, containerSpec("work", { command: ["/bin/sh", "-c", script] }));
    await host.waitForReady(`${alice}/work`);
    const config = await configOf(alice);
    const core = config.makeApiClient(CoreV1Api);
    const pod: V1Pod = await core.readNamespacedPod({ name: "work", namespace: alice });
    expect(pod.status?.phase).toBe("Running");
    await expect
      .poll(async () => core.readNamespacedPodLog({ name: "work", namespace: alice }))
      .toBe("hello from inside\n");
    await waitFor("the web server", async () => {
      const { exitCode } = await host.dockerExec(
        `${alice}/work`,
        "wget",
        "-qO/dev/null",
        "http://127.0.0.1:8000/",
      );
      return exitCode === 0;
    });

    const logged = new Collected();
    const following = await new Log(config).log(alice, "work", "work", logged, { follow: true });
    onTestFinished(() => following.abort());
    await waitFor("the log", () => logged.text.includes("hello from inside\n"));

    const [stdout, stderr] = [new Collected(), new Collected()];
    const ended = await new Promise<V1Status>((resolve, reject) => {
      const command = ["/bin/sh", "-c", "cat; echo aside >&2; exit 7"];
      const stdin = Readable.from([Buffer.from("typed\n")]);
      new Exec(config)
        .exec(alice, "work", "work", command, stdout, stderr, stdin, false, resolve)
        .catch(reject);
    });
    expect({ stdout: stdout.text, stderr: stderr.text }).toEqual({ stdout: "typed\n", stderr: "aside\n" });
    expect(ended).toMatchObject({
      status: "Failure",
      details: { causes: [{ reason: "ExitCode", message: "7" }] },
    });

    const [answer, request] = [new PassThrough(), new PassThrough()];
    const forwarded = await new PortForward(config).portForward(alice, "work", [8000], answer, null, request);
    onTestFinished(() => (typeof forwarded === "function" ? forwarded() : forwarded)?.close());
    request.write("GET /index.html HTTP/1.0\r\n\r\n");
    let page = "";
    answer.setEncoding("utf8").on("data", (piece: string) => (page += piece));
    await waitFor("the page", () => page.endsWith("page\n"));
    expect(page).toMatch(/^HTTP\/1\.\d 200 OK/);

    const [used] = await topPods(core, new Metrics(config), alice);
    expect(used?.Pod.metadata?.name).toBe("work");
  });

  it("keeps users apart", async () => {
    host.drop(`users/${alice}/own.yaml`, containerSpec("own"));
    await host.waitForReady(`${alice}/own`);
    const config = await configOf(bob);
    const core = config.makeApiClient(CoreV1Api);
    const error = await core.readNamespacedPod({ name: "own", namespace: alice }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ApiException);
    expect(error).toMatchObject({ code: 403 });
    expect(JSON.parse((error as ApiException<string>).body)).toMatchObject({
      message: `pods "own" is forbidden: User "${bob}" cannot get resource "pods" in API group "" in the namespace "${alice}"`,
    });
    const everywhere = await core.listPodForAllNamespaces();
    expect(everywhere.items.filter(({ metadata }) => metadata?.namespace !== bob)).toEqual([]);
    const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: { verb: "list", resource: "pods", namespace: alice } } },
    });
    expect(review.status?.allowed).toBe(false);
  });
});
