import { spawn } from "node:child_process";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { statusFailure } from "../../src/api/status-error.ts";
import type { AccessRule } from "../../src/server/access.ts";
import { accessRule, containerText, startApiBed, users } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";
const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/** alice/train with a secret in its env, alice/notebook, bob/sweep and a quota. */
async function bedWithObjects(
  { visibility }: Pick<AccessRule, "visibility"> = { visibility: "own" },
): Promise<ApiBed> {
  const bed = await startApiBed({ access: { ...accessRule, visibility } });
  const env = "  image: busybox\n  env: [{name: TOKEN, value: s3cret}]";
  await bed.control.drop(
    "users/alice/train.yaml",
    containerText("train", env).replace("  name: train", "  name: train\n  labels: {team: vision}"),
  );
  await bed.control.drop("users/alice/notebook.yaml", containerText("notebook"));
  await bed.control.drop("users/bob/sweep.yaml", containerText("sweep"));
  await bed.control.drop(
    "quotas/students.yaml",
    "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: students}\nspec: {subjects: {default: true}}\n",
  );
  bed.control.emit("alice", "train", "Created");
  bed.control.emit("bob", "sweep", "Created");
  return bed;
}

function namesIn(list: unknown): readonly string[] {
  return (list as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
}

describe("discovery", () => {
  it("answers in the old form by default and in the aggregated one to those who ask", async () => {
    const bed = await startApiBed();
    expect(await bed.json("/api")).toEqual({
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [],
    });
    const version = { groupVersion: "ds01.io/v1alpha1", version: "v1alpha1" };
    expect(await bed.json("/apis")).toEqual({
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: [
        { name: "ds01.io", versions: [version], preferredVersion: version },
        ...[
          "apiextensions.k8s.io/v1",
          "metrics.k8s.io/v1beta1",
          "authentication.k8s.io/v1",
          "authorization.k8s.io/v1",
        ].map((groupVersion) => {
          const [name, of] = groupVersion.split("/");
          const its = { groupVersion, version: of };
          return { name, versions: [its], preferredVersion: its };
        }),
      ],
    });
    const accept =
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
      "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
    const aggregated = await bed.call("GET", "/apis", { accept });
    expect(aggregated.headers["content-type"]).toBe(
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    );
    expect(JSON.parse(aggregated.text)).toMatchObject({
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      items: [
        {
          metadata: { name: "ds01.io" },
          versions: [
            {
              version: "v1alpha1",
              freshness: "Current",
              resources: [
                {
                  resource: "containers",
                  responseKind: { group: "ds01.io", version: "v1alpha1", kind: "ContainerSpec" },
                  scope: "Namespaced",
                  singularResource: "container",
                  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
                },
                { resource: "quotas", scope: "Cluster" },
                { resource: "reservations", scope: "Cluster" },
                { resource: "gpus", verbs: ["get", "list", "watch", "patch"] },
                { resource: "images", verbs: ["get", "list", "watch"] },
                { resource: "presets", verbs: ["get", "list", "watch"] },
                { resource: "sources", verbs: ["get", "list", "watch"] },
              ],
            },
          ],
        },
        { metadata: { name: "apiextensions.k8s.io" } },
        { metadata: { name: "metrics.k8s.io" } },
        { metadata: { name: "authentication.k8s.io" } },
        { metadata: { name: "authorization.k8s.io" } },
      ],
    });
  });

  it("lists the resources of its groups", async () => {
    const bed = await startApiBed();
    const names = async (path: string): Promise<readonly string[]> =>
      ((await bed.json(path)) as { resources: { name: string }[] }).resources.map(({ name }) => name);
    expect(await names("/api/v1")).toEqual([
      "events",
      "namespaces",
      "nodes",
      "pods",
      "pods/attach",
      "pods/exec",
      "pods/log",
      "pods/portforward",
    ]);
    expect(await names(group)).toEqual([
      "containers",
      "containers/status",
      "quotas",
      "quotas/status",
      "reservations",
      "reservations/status",
      "gpus",
      "gpus/status",
      "images",
      "presets",
      "sources",
      "sources/status",
    ]);
    expect(await bed.json("/version")).toMatchObject({ major: "1", gitVersion: "v1.32.0+ds01-0.1.0" });
  });
});

describe("health", () => {
  it("is ok while all checks are, and names the one that is not", async () => {
    const bed = await startApiBed();
    for (const path of ["/healthz", "/livez", "/readyz"]) {
      expect(await bed.call("GET", path)).toMatchObject({ code: 200, text: "ok" });
    }
    expect((await bed.call("GET", "/readyz?verbose")).text).toBe("[+]SourceSynced ok\nreadyz check passed\n");
    bed.control.checks = [
      { name: "SourceSynced", ok: true, message: "2 files", remedy: null },
      { name: "EngineReady", ok: false, message: "no answer for 12 s", remedy: "systemctl start docker" },
    ];
    expect(await bed.call("GET", "/readyz")).toMatchObject({
      code: 500,
      text: "[+]SourceSynced ok\n[-]EngineReady failed: no answer for 12 s\nreadyz check failed\n",
    });
    expect(await bed.call("GET", "/livez")).toMatchObject({ code: 200 });
    expect(await bed.json(`${group}/health`)).toEqual(bed.control.checks);
  });

  it("is ok without what few specs need, and tells of it who asks for more", async () => {
    const bed = await startApiBed();
    bed.control.checks = [
      { name: "SourceSynced", ok: true, message: "2 files", remedy: null },
      { name: "HostPrograms", ok: false, message: "missing: tar", remedy: "install it", optional: true },
    ];
    expect(await bed.call("GET", "/readyz")).toMatchObject({ code: 200, text: "ok" });
    expect((await bed.call("GET", "/readyz?verbose")).text).toBe(
      "[+]SourceSynced ok\n[-]HostPrograms failed: missing: tar\nreadyz check passed\n",
    );
  });
});

describe("reading", () => {
  it("lists a namespace, all namespaces, and one object whole", async () => {
    const bed = await bedWithObjects();
    expect(namesIn(await bed.json(`${group}/namespaces/alice/containers`))).toEqual(["notebook", "train"]);
    expect(namesIn(await bed.json(`${group}/containers`))).toEqual(["notebook", "train", "sweep"]);
    expect(namesIn(await bed.json(`${group}/quotas`))).toEqual(["students"]);
    expect(await bed.json(`${group}/namespaces/alice/containers/train`)).toMatchObject({
      apiVersion: "ds01.io/v1alpha1",
      kind: "ContainerSpec",
      metadata: {
        name: "train",
        namespace: "alice",
        uid: "uid-1",
        generation: 1,
        resourceVersion: "1",
        creationTimestamp: "2026-01-05T08:00:00Z",
        labels: { team: "vision" },
      },
      spec: { image: "busybox", desiredState: "Running" },
      status: { phase: "Pending", source: { path: "users/alice/train.yaml" } },
    });
  });

  it("gives a list the version from which a watch continues it", async () => {
    const bed = await bedWithObjects();
    expect(await bed.json(`${group}/containers`)).toMatchObject({
      kind: "ContainerSpecList",
      apiVersion: "ds01.io/v1alpha1",
      metadata: { resourceVersion: String(bed.control.store.resourceVersion()) },
    });
  });

  it("selects by labels and fields", async () => {
    const bed = await bedWithObjects();
    const select = async (query: string): Promise<readonly string[]> =>
      namesIn(await bed.json(`${group}/containers?${query}`));
    expect(await select("labelSelector=team%3Dvision")).toEqual(["train"]);
    expect(await select("labelSelector=team!%3Dvision")).toEqual(["notebook", "sweep"]);
    expect(await select("labelSelector=!team")).toEqual(["notebook", "sweep"]);
    expect(await select("labelSelector=team+in+(vision,text)")).toEqual(["train"]);
    expect(await select("labelSelector=team+notin+(vision)")).toEqual(["notebook", "sweep"]);
    expect(await select("fieldSelector=metadata.name%3Dsweep")).toEqual(["sweep"]);
    expect(await select("fieldSelector=metadata.namespace!%3Dbob")).toEqual(["notebook", "train"]);
    const events =
      "/api/v1/events?fieldSelector=involvedObject.name%3Dtrain,involvedObject.namespace%3Dalice";
    expect(await bed.json(events)).toMatchObject({ items: [{ kind: "Event", reason: "Created" }] });
    for (const query of [
      "fieldSelector=spec.image%3Da",
      "labelSelector=a+b",
      "fieldSelector=metadata.name",
    ]) {
      expect(await bed.call("GET", `${group}/containers?${query}`)).toMatchObject({ code: 400 });
    }
  });

  it("prints tables with the columns of the kind and only the metadata of each object", async () => {
    const bed = await bedWithObjects();
    bed.clock.jumpTo(Date.parse("2026-01-05T10:00:00Z"));
    const table = await bed.json(`${group}/namespaces/alice/containers`, tableAccept);
    expect(table).toMatchObject({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      columnDefinitions: [
        { name: "Name", type: "string", format: "name", priority: 0 },
        { name: "Phase" },
        { name: "GPU" },
        { name: "Restarts", type: "integer" },
        { name: "Age", type: "date" },
        { name: "Reason" },
        { name: "Image", priority: 1 },
        { name: "Container", priority: 1 },
        { name: "Idle", priority: 1 },
        { name: "Pending Limits", priority: 1 },
        { name: "Source", priority: 1 },
      ],
      rows: [
        {
          cells: [
            "notebook",
            "Pending",
            "-",
            0,
            "120m",
            "",
            "busybox",
            null,
            null,
            null,
            "users/alice/notebook.yaml",
          ],
          object: { kind: "PartialObjectMetadata", metadata: { name: "notebook", namespace: "alice" } },
        },
        {
          cells: [
            "train",
            "Pending",
            "-",
            0,
            "120m",
            "",
            "busybox",
            null,
            null,
            null,
            "users/alice/train.yaml",
          ],
        },
      ],
    });
    expect(JSON.stringify(table)).not.toContain("s3cret");
    const one = `${group}/namespaces/alice/containers/train?includeObject=`;
    expect(await bed.json(`${one}None`, tableAccept)).not.toMatchObject({ rows: [{ object: {} }] });
    expect(await bed.json(`${one}Object`, tableAccept)).toMatchObject({
      rows: [{ object: { kind: "ContainerSpec", spec: { image: "busybox" } } }],
    });
  });

  it("answers metadata alone, and refuses forms it does not have", async () => {
    const bed = await bedWithObjects();
    const metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    const list = await bed.json(`${group}/quotas`, `application/vnd.kubernetes.protobuf,${metadata}`);
    expect(list).toMatchObject({
      kind: "PartialObjectMetadataList",
      items: [{ kind: "PartialObjectMetadata", metadata: { name: "students" } }],
    });
    const protobuf = { accept: "application/vnd.kubernetes.protobuf" };
    expect(await bed.call("GET", `${group}/quotas`, protobuf)).toMatchObject({ code: 406 });
  });

  it("words failures as kubectl expects them", async () => {
    const bed = await bedWithObjects();
    const failure = async (method: string, path: string): Promise<unknown> =>
      JSON.parse((await bed.call(method, path)).text);
    expect(await failure("GET", `${group}/namespaces/alice/containers/x`)).toEqual(
      statusFailure("NotFound", 'containers.ds01.io "x" not found', {
        name: "x",
        kind: "containers",
        group: "ds01.io",
      }),
    );
    expect(await failure("GET", "/api/v1/namespaces/alice/events/x")).toEqual(
      statusFailure("NotFound", 'events "x" not found', { name: "x", kind: "events" }),
    );
    expect(await failure("GET", "/apis/apps/v1/deployments")).toMatchObject({
      reason: "NotFound",
      code: 404,
    });
    expect(await failure("DELETE", `${group}/gpus/0`)).toMatchObject({
      reason: "MethodNotAllowed",
      code: 405,
    });
    expect(await failure("GET", `${group}/namespaces/%zz/containers`)).toMatchObject({ code: 400 });
  });

  it("shows gpus, and a namespace for everybody who has containers", async () => {
    const bed = await bedWithObjects();
    bed.control.gpus.set("0", {
      name: "0",
      uid: "gpu-0",
      resourceVersion: bed.control.store.nextResourceVersion(),
      createdAt: bed.clock.now(),
      spec: { uuid: "GPU-1", index: 0, model: "NVIDIA A100", memoryBytes: 80 * 1024 ** 3, gpuEquivalents: 1 },
      status: {
        state: "Allocated",
        holder: { namespace: "alice", name: "train" },
        until: null,
        memoryUsedBytes: null,
        utilizationPercent: null,
        reason: null,
      },
    });
    expect(await bed.json(`${group}/gpus/0`)).toMatchObject({
      kind: "Gpu",
      metadata: { name: "0" },
      status: { holder: { namespace: "alice", name: "train" } },
    });
    bed.actAs("carol");
    expect(namesIn(await bed.json("/api/v1/namespaces"))).toEqual(["alice", "bob", "carol"]);
    expect(await bed.json("/api/v1/namespaces/alice")).toMatchObject({ status: { phase: "Active" } });
    expect(await bed.call("GET", "/api/v1/namespaces/dave")).toMatchObject({ code: 404 });
  });
});

describe("the Node", () => {
  it("is ready as long as all that ds01 needs is there, and says since when", async () => {
    const bed = await startApiBed();
    const ready = async (): Promise<unknown> => {
      const { items } = (await bed.json("/api/v1/nodes")) as {
        items: { status: { conditions: unknown[] } }[];
      };
      return items[0]?.status.conditions[0];
    };
    expect(await ready()).toMatchObject({ status: "True", lastTransitionTime: "2026-01-05T08:00:00Z" });
    const before = (await bed.json("/api/v1/nodes")) as { metadata: { resourceVersion: string } };
    expect(await bed.json("/api/v1/nodes")).toEqual(before);
    bed.clock.advance(60_000);
    bed.control.checks = [{ name: "EngineReady", ok: false, message: "no answer", remedy: null }];
    const lost = { status: "False", reason: "EngineReady", message: "EngineReady: no answer" };
    expect(await ready()).toMatchObject({ ...lost, lastTransitionTime: "2026-01-05T08:01:00Z" });
    bed.clock.advance(60_000);
    expect(await ready()).toMatchObject({ ...lost, lastTransitionTime: "2026-01-05T08:01:00Z" });
    bed.control.checks = [];
    expect(await ready()).toMatchObject({ status: "True", lastTransitionTime: "2026-01-05T08:02:00Z" });
  });
});

describe("who may do what", () => {
  it("lets users see what is theirs, and admins everything", async () => {
    const bed = await bedWithObjects();
    bed.actAs("bob");
    expect(namesIn(await bed.json(`${group}/containers`))).toEqual(["sweep"]);
    expect(namesIn(await bed.json("/api/v1/namespaces"))).toEqual(["bob"]);
    for (const path of [
      `${group}/namespaces/alice/containers`,
      `${group}/namespaces/alice/containers?watch=1`,
      `${group}/namespaces/alice/containers/train`,
      `${group}/namespaces/alice/containers/train/status`,
      `${group}/namespaces/alice/containers/none`,
      `${group}/namespaces/alice/containers/train/description`,
      "/api/v1/namespaces/alice/pods",
      "/api/v1/namespaces/alice/pods/train",
      "/api/v1/namespaces/alice/events",
      "/api/v1/namespaces/alice",
    ]) {
      expect(await bed.call("GET", path), path).toMatchObject({ code: 403 });
    }
    expect(JSON.parse((await bed.call("GET", `${group}/namespaces/alice/containers`)).text)).toEqual(
      statusFailure(
        "Forbidden",
        'containers.ds01.io is forbidden: User "bob" cannot list resource "containers" ' +
          'in API group "ds01.io" in the namespace "alice"',
        { kind: "containers", group: "ds01.io" },
      ),
    );
    bed.actAs("carol");
    expect(namesIn(await bed.json(`${group}/containers`))).toEqual(["notebook", "train", "sweep"]);
  });

  it("tells everybody who waits and who holds what", async () => {
    const bed = await bedWithObjects();
    const record = bed.control.store.get("ContainerSpec", "alice/train");
    if (record?.kind !== "ContainerSpec") throw new Error("alice/train is not there");
    const queue = { position: 1, of: 1, priority: 50, basis: "unknown" as const };
    await bed.control.store.put({ ...record, status: { ...record.status, queue } });
    bed.actAs("bob");
    const seen = await bed.json(`${group}/queue`);
    expect(seen).toMatchObject({
      kind: "List",
      items: [{ metadata: { namespace: "alice", name: "train" }, status: { queue } }],
    });
    expect(JSON.stringify(seen)).not.toMatch(/s3cret|TOKEN|busybox/);
    bed.actAs("alice");
    expect(JSON.stringify(await bed.json(`${group}/queue`))).toContain("busybox");
  });

  it("lets everybody see who runs what where it is shown, but not the values of other people's env", async () => {
    const bed = await bedWithObjects({ visibility: "all" });
    bed.actAs("bob");
    expect(namesIn(await bed.json("/api/v1/namespaces"))).toEqual(["alice", "bob"]);
    expect(await bed.call("GET", "/api/v1/namespaces/alice/events")).toMatchObject({ code: 403 });
    const seen = await bed.json(`${group}/containers`);
    expect(namesIn(seen)).toEqual(["notebook", "train", "sweep"]);
    expect(JSON.stringify(seen)).not.toContain("s3cret");
    const one = await bed.call("GET", `${group}/namespaces/alice/containers/train`);
    expect(JSON.parse(one.text)).toMatchObject({ spec: { env: [{ name: "TOKEN", value: "(hidden)" }] } });
    bed.actAs("alice");
    expect(JSON.stringify(await bed.json(`${group}/containers`))).toContain("s3cret");
  });

  it("shows events to their owner and to admins only", async () => {
    const bed = await bedWithObjects();
    const eventObjects = async (): Promise<readonly string[]> =>
      ((await bed.json("/api/v1/events")) as { items: { involvedObject: { name: string } }[] }).items.map(
        ({ involvedObject }) => involvedObject.name,
      );
    bed.actAs("bob");
    expect(await eventObjects()).toEqual(["sweep"]);
    expect(await bed.call("GET", "/api/v1/namespaces/alice/events")).toMatchObject({ code: 403 });
    bed.actAs("carol");
    expect(await eventObjects()).toEqual(["train", "sweep"]);
    bed.actAs("alice");
    expect(await bed.json(`${group}/namespaces/alice/containers/train/description`)).toMatchObject({
      events: [{ reason: "Created" }],
    });
  });

  it("lets users change their own namespace only, and quotas admins only", async () => {
    const bed = await bedWithObjects();
    const body = containerText("train", "  image: alpine");
    const yaml = { body, type: "application/yaml" };
    bed.actAs("bob");
    const denied = await bed.call("PUT", `${group}/namespaces/alice/containers/train`, yaml);
    expect(JSON.parse(denied.text)).toEqual(
      statusFailure(
        "Forbidden",
        'containers.ds01.io "train" is forbidden: User "bob" cannot update resource "containers" ' +
          'in API group "ds01.io" in the namespace "alice"; yours is "bob"',
        { name: "train", kind: "containers", group: "ds01.io" },
      ),
    );
    const one = `${group}/namespaces/alice/containers/train`;
    expect(await bed.call("DELETE", one)).toMatchObject({ code: 403 });
    expect(await bed.call("PATCH", one, { body: "{}" })).toMatchObject({ code: 403 });
    expect(await bed.call("POST", `${one}/preview`, yaml)).toMatchObject({ code: 403 });
    expect(await bed.call("POST", `${group}/namespaces/alice/containers`, yaml)).toMatchObject({ code: 403 });
    expect(await bed.call("GET", "/api/v1/namespaces/alice/pods/train/log")).toMatchObject({ code: 403 });
    expect(await bed.call("DELETE", `${group}/quotas/students`)).toMatchObject({ code: 403 });
    expect(bed.control.files.get("users/alice/train.yaml")).toContain("busybox");
    bed.actAs("carol");
    expect(await bed.call("PUT", one, yaml)).toMatchObject({ code: 200 });
    expect(bed.control.owners.get("users/alice/train.yaml")).toBe("alice");
    expect(await bed.call("DELETE", `${group}/quotas/students`)).toMatchObject({ code: 200 });
  });

  it("gives a uid without a name no namespace", async () => {
    const bed = await bedWithObjects();
    bed.actAs("nobody");
    expect(namesIn(await bed.json(`${group}/containers`))).toEqual([]);
    const path = `${group}/namespaces/uid%3A49999/containers`;
    const body = containerText("x");
    expect(await bed.call("POST", path, { body, type: "application/yaml" })).toMatchObject({ code: 400 });
  });

  it("lets owners confirm the deletion of what is wholly theirs", async () => {
    const bed = await bedWithObjects();
    bed.control.prunes = [
      {
        revision: null,
        token: "mine",
        objects: ["alice/train", "alice/notebook"],
        reason: "2 of 2 vanished",
      },
      { revision: null, token: "mixed", objects: ["alice/train", "bob/sweep"], reason: "2 of 3 vanished" },
    ];
    const confirm = async (token: string): Promise<number> =>
      (await bed.call("POST", `${group}/prunes`, { body: JSON.stringify({ token }) })).code;
    bed.actAs("alice");
    expect(await bed.json(`${group}/prunes`)).toHaveLength(2);
    expect(await confirm("mixed")).toBe(403);
    expect(await confirm("mine")).toBe(200);
    expect(await confirm("mine")).toBe(404);
    bed.actAs("root");
    expect(await confirm("mixed")).toBe(200);
  });

  it.runIf(process.getuid?.() === 0)("knows callers by the uid that the kernel vouches for", async () => {
    const bed = await bedWithObjects();
    bed.actAs(null);
    const script = `
      const { request } = require("node:http");
      const [socketPath, method, path] = process.argv.slice(1);
      request({ socketPath, method, path }, (response) => {
        process.stdout.write(String(response.statusCode));
        response.resume();
      }).end();`;
    const callAs = async (name: string, method: string, path: string): Promise<string> => {
      const user = users.find((one) => one.name === name);
      const child = spawn(process.execPath, ["-e", script, bed.socketPath, method, path], {
        uid: user?.uid ?? -1,
        gid: user?.gid ?? -1,
        cwd: "/",
      });
      let text = "";
      for await (const chunk of child.stdout) text += String(chunk);
      return text;
    };
    const train = `${group}/namespaces/alice/containers/train`;
    expect(await callAs("bob", "GET", train)).toBe("403");
    expect(await callAs("bob", "DELETE", train)).toBe("403");
    expect(await callAs("alice", "GET", train)).toBe("200");
    expect(await callAs("bob", "GET", "/api/v1/namespaces/alice/events")).toBe("403");
    expect(await callAs("alice", "GET", "/api/v1/namespaces/alice/events")).toBe("200");
    expect(await callAs("carol", "GET", "/api/v1/namespaces/alice/events")).toBe("200");
    expect(await callAs("alice", "DELETE", train)).toBe("200");
  });
});

describe("the socket", () => {
  it("is open to everybody, replaces a stale one, and refuses what is in use", async () => {
    const bed = await startApiBed();
    expect(statSync(bed.socketPath).mode & 0o777).toBe(0o666);
    await expect(startApiBed({ socketPath: bed.socketPath })).rejects.toMatchObject({
      reason: "SocketInUse",
    });

    const path = join(temporaryDirectory(), "ds01.sock");
    writeFileSync(path, "mine");
    chmodSync(path, 0o600);
    await expect(startApiBed({ socketPath: path })).rejects.toMatchObject({ reason: "SocketPathTaken" });

    const stale = join(temporaryDirectory(), "stale.sock");
    const child = spawn(process.execPath, [
      "-e",
      "require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))",
      stale,
    ]);
    await new Promise((resolve) => child.once("exit", resolve));
    expect(statSync(stale).isSocket()).toBe(true);
    await startApiBed({ socketPath: stale });
  });

  it("survives a handler that fails, answers 500 and logs the cause", async () => {
    const bed = await bedWithObjects();
    bed.control.describe = () => {
      throw new Error("broken on purpose");
    };
    const answer = await bed.call("GET", `${group}/namespaces/alice/containers/train/description`);
    expect(answer.code).toBe(500);
    expect(answer.text).not.toContain("on purpose");
    expect(bed.log.lines).toContainEqual(expect.objectContaining({ level: "error" }));
    expect(await bed.call("GET", "/healthz")).toMatchObject({ code: 200 });
  });

  it("answers 401 to a peer that cannot be identified", async () => {
    const bed = await startApiBed({
      peerCredentials: () => {
        throw new Error("no fd");
      },
    });
    expect(await bed.call("GET", `${group}/gpus`)).toMatchObject({ code: 401 });
  });

  it("takes no body above the limit", async () => {
    const bed = await startApiBed();
    const body = " ".repeat(1024 * 1024 + 1);
    const path = `${group}/namespaces/alice/containers`;
    expect(await bed.call("POST", path, { body, type: "application/yaml" })).toMatchObject({ code: 413 });
  });
});

describe("a second server", () => {
  it("does not start where the path is a foreign live socket", async () => {
    const path = join(temporaryDirectory(), "other.sock");
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(path, resolve));
    onTestFinished(() => void other.close());
    await expect(startApiBed({ socketPath: path })).rejects.toThrow("another process answers");
  });
});
