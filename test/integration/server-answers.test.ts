import { request } from "node:http";
import { describe, expect, it } from "vitest";
import type { FieldPath } from "../../src/api/field-path.ts";
import { nodeAt } from "../../src/api/schema-node.ts";
import type { SchemaNode } from "../../src/api/schema-node.ts";
import type { Table } from "../../src/api/table.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";

const group = "/apis/ds01.io/v1alpha1";
const containers = `${group}/namespaces/alice/containers`;
const path = "users/alice/train.yaml";

interface Answer {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(
  bed: ApiBed,
  methodAndTarget: string,
  headers: Readonly<Record<string, string>> = {},
  body?: object,
): Promise<Answer> {
  const [method = "", target = ""] = methodAndTarget.split(" ");
  return new Promise((resolve, reject) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const length = { "content-length": String(Buffer.byteLength(text)) };
    const type = text === "" ? {} : { "content-type": "application/json", ...length };
    const options = { socketPath: bed.socketPath, path: target, method, agent: false };
    const sent = request({ ...options, headers: { ...type, ...headers } }, (response) => {
      let answer = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (answer += chunk));
      response.once("end", () =>
        resolve({ code: response.statusCode ?? 0, body: JSON.parse(answer) as Answer["body"] }),
      );
    });
    sent.once("error", reject);
    sent.end(text);
  });
}

async function bedWithTrain(): Promise<ApiBed> {
  const bed = await startApiBed();
  await bed.control.drop(path, containerText("train"));
  bed.actAs("alice");
  return bed;
}

function train(metadata: object, image = "alpine"): object {
  return {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name: "train", ...metadata },
    spec: { image },
  };
}

describe("who wants to be answered as somebody else", () => {
  it.each([
    ["Impersonate-User", "bob", 'users "bob" is forbidden: User "alice" cannot impersonate resource "users"'],
    ["Impersonate-Group", "docker", 'groups "docker" is forbidden: User "alice" cannot impersonate'],
    ["Impersonate-Uid", "0", 'uids.authentication.k8s.io "0" is forbidden: User "alice" cannot impersonate'],
    [
      "Impersonate-Extra-Scopes",
      "all",
      'userextras/scopes.authentication.k8s.io "all" is forbidden: User "alice" cannot impersonate',
    ],
  ])("is refused: %s", async (header, value, message) => {
    const bed = await bedWithTrain();
    for (const target of [containers, `${containers}?watch=true`, "/api/v1/pods", "/api/v1/namespaces"]) {
      const { code, body } = await ask(bed, `GET ${target}`, { [header]: value });
      expect(code).toBe(403);
      expect(body).toMatchObject({
        reason: "Forbidden",
        message: expect.stringContaining(message) as unknown,
      });
    }
    // Discovery says the same to everybody, and kubectl cannot tell what it is refused.
    for (const target of ["/version", "/api", "/apis/ds01.io/v1alpha1?timeout=32s", "/openapi/v3?x"]) {
      expect((await ask(bed, `GET ${target}`, { [header]: value })).code, target).toBe(200);
    }
    bed.actAs("carol");
    expect((await ask(bed, `GET ${containers}`, { [header]: value })).code).toBe(403);
  });
});

it.each([
  ["application/json", "ContainerSpec", "ds01.io/v1alpha1"],
  ["application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "PartialObjectMetadata", "meta.k8s.io/v1"],
])("the bookmark of a watch is of the form that was asked for: %s", async (accept, kind, apiVersion) => {
  const bed = await startApiBed();
  const query =
    "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
  const { body } = await first(bed, `${containers}?${query}`, accept);
  expect(body).toMatchObject({
    type: "BOOKMARK",
    object: { kind, apiVersion, metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
  });
});

it("marks the end of a watch of tables where clients look for it: beside the cells of a row", async () => {
  const bed = await startApiBed();
  bed.actAs("alice");
  const query =
    "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  for (const [target, kind] of [
    [`${containers}?${query}`, "PartialObjectMetadata"],
    [`${containers}?${query}&includeObject=Object`, "ContainerSpec"],
    [`/api/v1/namespaces/alice/pods?${query}&includeObject=None`, undefined],
  ] as const) {
    const { body } = await first(bed, target, accept);
    const { object } = body as { object: Table };
    expect(object).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    expect(object.columnDefinitions.length).toBeGreaterThan(1);
    expect(object.rows).toHaveLength(1);
    expect(object.rows[0]?.cells).toHaveLength(object.columnDefinitions.length);
    const { resourceVersion } = object.metadata;
    const annotations = { "k8s.io/initial-events-end": "true" };
    const shown = kind === undefined ? undefined : { kind, metadata: { resourceVersion, annotations } };
    if (shown === undefined) expect(object.rows[0]).not.toHaveProperty("object");
    else expect(object.rows[0]?.object).toMatchObject(shown);
  }
});

describe("a write that is meant for another object of the name", () => {
  const uid = "11111111-2222-3333-4444-555555555555";
  const meant = `Operation cannot be fulfilled on containers.ds01.io "train": Precondition failed: UID in precondition: ${uid}, UID in object meta: `;

  it.each([
    ["PUT", "application/json", train({ uid })],
    ["PATCH", "application/merge-patch+json", { metadata: { uid }, spec: { image: "alpine" } }],
    ["PATCH", "application/apply-patch+yaml", train({ uid })],
    ["DELETE", "application/json", { preconditions: { uid } }],
  ])("changes nothing: %s %s", async (method, type, body) => {
    const bed = await bedWithTrain();
    const before = bed.control.files.get(path);
    const target = `${containers}/train?fieldManager=test`;
    const refused = await ask(bed, `${method} ${target}`, { "content-type": type }, body);
    expect(refused).toMatchObject({ code: 409, body: { reason: "Conflict", message: `${meant}uid-1` } });
    expect(bed.control.files.get(path)).toBe(before);
  });

  it.each([
    ["PUT", "application/json"],
    ["PATCH", "application/apply-patch+yaml"],
  ])("creates nothing either: %s %s", async (method, type) => {
    const bed = await startApiBed();
    bed.actAs("alice");
    const target = `${containers}/train?fieldManager=test`;
    const refused = await ask(bed, `${method} ${target}`, { "content-type": type }, train({ uid }));
    expect(refused).toMatchObject({ code: 409, body: { message: meant } });
    expect(bed.control.files.size).toBe(0);
  });

  it("goes through with the uid that it has", async () => {
    const bed = await bedWithTrain();
    const { code } = await ask(bed, `PUT ${containers}/train`, {}, train({ uid: "uid-1" }));
    expect(code).toBe(200);
  });

  it("of which the version is another is told both versions when it deletes", async () => {
    const bed = await bedWithTrain();
    const preconditions = { resourceVersion: "999" };
    expect(await ask(bed, `DELETE ${containers}/train`, {}, { preconditions })).toMatchObject({
      code: 409,
      body: {
        message: expect.stringContaining(
          "ResourceVersion in precondition: 999, ResourceVersion in",
        ) as unknown,
      },
    });
    expect((await ask(bed, `DELETE ${containers}/train`, {}, { preconditions: { uid: 1 } })).code).toBe(400);
  });
});

describe("resourceVersionMatch of a list", () => {
  it.each([
    ["resourceVersionMatch=Exact", 422, "is forbidden unless resourceVersion is provided"],
    ["resourceVersionMatch=Newest&resourceVersion=1", 422, 'supported values: "Exact", "NotOlderThan"'],
    ["resourceVersionMatch=Exact&resourceVersion=0", 422, 'is forbidden for resourceVersion "0"'],
    ["resourceVersionMatch=Exact&resourceVersion=x", 400, "wanted a number"],
    [
      "resourceVersionMatch=Exact&resourceVersion=999999",
      504,
      "Too large resource version: 999999, current: ",
    ],
    [
      "watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1",
      422,
      "unless sendInitialEvents is provided",
    ],
    ["watch=1&resourceVersionMatch=Exact&sendInitialEvents=true", 422, 'supported values: "NotOlderThan"'],
    ["watch=1&sendInitialEvents=true", 422, "requires setting resourceVersionMatch to NotOlderThan"],
    ["sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"],
    ["resourceVersionMatch=NotOlderThan&resourceVersion=x", 400, "wanted a number"],
    ["resourceVersionMatch=NotOlderThan&resourceVersion=999999", 504, "Too large resource version: 999999"],
  ])("is refused where it makes no sense: %s", async (query, code, message) => {
    const bed = await bedWithTrain();
    expect(await ask(bed, `GET ${containers}?${query}`)).toMatchObject({
      code,
      body: { message: expect.stringContaining(message) as unknown },
    });
  });

  it("that wants an exact one gets it while nothing has changed, and is told when something has", async () => {
    const bed = await bedWithTrain();
    const listed = await ask(bed, `GET ${containers}`);
    const { resourceVersion } = listed.body["metadata"] as { resourceVersion: string };
    const exact = `${containers}?resourceVersionMatch=Exact&resourceVersion=${resourceVersion}`;
    expect(await ask(bed, `GET ${exact}`)).toEqual(listed);
    await bed.control.drop("users/alice/other.yaml", containerText("other"));
    expect(await ask(bed, `GET ${exact}`)).toMatchObject({ code: 410, body: { reason: "Expired" } });
    const notOlder = exact.replace("Exact", "NotOlderThan");
    expect(await ask(bed, `GET ${notOlder}`)).toMatchObject({ code: 200 });
  });
});

it("tells a client that knows a later version so that it begins anew", async () => {
  const bed = await bedWithTrain();
  const { body } = await ask(
    bed,
    `GET ${containers}?resourceVersionMatch=NotOlderThan&resourceVersion=999999`,
  );
  expect(body).toMatchObject({
    reason: "Timeout",
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] },
  });
});

it("answers with the exact version that is asked for, though other kinds have changed", async () => {
  const bed = await bedWithTrain();
  const quotas = `${group}/quotas`;
  const listed = await ask(bed, `GET ${quotas}`);
  const { resourceVersion } = listed.body["metadata"] as { resourceVersion: string };
  await bed.control.drop("users/alice/other.yaml", containerText("other"));
  const exact = await ask(bed, `GET ${quotas}?resourceVersionMatch=Exact&resourceVersion=${resourceVersion}`);
  expect(exact).toEqual(listed);
});

describe("an object without a name", () => {
  it.each([["application/json"], ["application/yaml"]])(
    "gets one also where it is empty: %s",
    async (type) => {
      const bed = await startApiBed();
      bed.actAs("alice");
      const body = train({ name: "", generateName: "run-" });
      const { code, body: created } = await ask(bed, `POST ${containers}`, { "content-type": type }, body);
      expect(code, JSON.stringify(created)).toBe(201);
      const { name } = created["metadata"] as { name: string };
      expect(name).toMatch(/^run-.{5}$/);
      expect(bed.control.files.get(`users/alice/${name}.yaml`)).toContain(name);
    },
  );

  it("gets one that begins as it says, each time another", async () => {
    const bed = await startApiBed();
    bed.actAs("alice");
    const body = train({ name: undefined, generateName: "run-" });
    const created = await Promise.all([1, 2].map(() => ask(bed, `POST ${containers}`, {}, body)));
    const names = created.map((one) => (one.body["metadata"] as { name: string }).name);
    for (const name of names) expect(name).toMatch(/^run-[bcdfghjklmnpqrstvwxz2-9]{5}$/);
    expect(new Set(names).size).toBe(2);
    expect([...bed.control.files.keys()].toSorted()).toEqual(
      names.map((name) => `users/alice/${name}.yaml`).toSorted(),
    );
  });

  it("is cut where the name would be too long, also as YAML", async () => {
    const bed = await startApiBed();
    bed.actAs("alice");
    const text = containerText("train").replace("name: train", `generateName: ${"a".repeat(70)}`);
    const { code, text: answer } = await bed.call("POST", containers, {
      body: text,
      type: "application/yaml",
    });
    expect(code, answer).toBe(201);
    const { name } = (JSON.parse(answer) as { metadata: { name: string } }).metadata;
    expect(name).toMatch(/^a{58}.{5}$/);
    expect(bed.control.files.get(`users/alice/${name}.yaml`)).toContain(`name: ${name}\n`);
  });
});

describe("what is only shown says what to write instead", () => {
  it.each([
    ["POST /api/v1/namespaces/alice/pods", "pods cannot be created: .* create a ContainerSpec"],
    [
      "PATCH /api/v1/namespaces/alice/pods/train",
      'pods "train" cannot be changed: .* containers.ds01.io "train"',
    ],
    ["PUT /api/v1/namespaces/alice/pods/train", 'pods "train" cannot be changed'],
    [
      "DELETE /api/v1/namespaces/alice/pods/train",
      'pods "train" cannot be deleted: .* containers.ds01.io "train"',
    ],
    ["PATCH /api/v1/namespaces/alice/pods/train/ephemeralcontainers", "kubectl exec -it train -- sh"],
    ["POST /api/v1/namespaces/alice/pods/train/eviction", "ds01 stop train"],
    ["PATCH /api/v1/nodes/here", "ds01 cordon"],
    ["POST /api/v1/namespaces", "each user of this machine"],
    [`DELETE ${group}/gpus/0`, "only spec.unschedulable"],
    [`POST ${group}/images`, "spec.build"],
    [`PUT ${group}/sources/specs`, "configuration of this machine"],
  ])("%s", async (line, message) => {
    const bed = await bedWithTrain();
    bed.control.setPhase("alice", "train", "Running");
    const { code, body } = await ask(bed, line, {}, {});
    expect([code, body["reason"]]).toEqual([405, "MethodNotAllowed"]);
    expect(body["message"]).toMatch(new RegExp(message));
  });
});

describe("a write of what is only shown", () => {
  const pods = "/api/v1/namespaces/alice/pods";

  it.each([["PUT"], ["PATCH"], ["DELETE"]])("names no object that is not there: %s", async (method) => {
    const bed = await bedWithTrain();
    expect(await ask(bed, `${method} ${pods}/nosuch`, {}, {})).toMatchObject({
      code: 404,
      body: { message: 'pods "nosuch" not found' },
    });
  });

  it("says what to create where applying would", async () => {
    const bed = await bedWithTrain();
    const type = { "content-type": "application/apply-patch+yaml" };
    expect(await ask(bed, `PATCH ${pods}/nosuch?fieldManager=test`, type, {})).toMatchObject({
      code: 405,
      body: { message: expect.stringContaining("create a ContainerSpec") as unknown },
    });
  });

  it.each([
    ["DELETE /api/v1/namespaces/alice/pods/train", 'pods "train" is forbidden: User "bob" cannot delete'],
    ["PATCH /api/v1/namespaces/alice/pods/train", 'pods "train" is forbidden: User "bob" cannot patch'],
    ["PUT /api/v1/namespaces/alice/pods/nosuch", 'pods "nosuch" is forbidden: User "bob" cannot update'],
    ["POST /api/v1/namespaces/alice/pods", 'pods is forbidden: User "bob" cannot create'],
    ["POST /api/v1/namespaces/alice/pods/train/eviction", 'pods "train" is forbidden: User "bob" cannot'],
  ])("is forbidden to others: %s", async (line, message) => {
    const bed = await bedWithTrain();
    bed.actAs("bob");
    const { code, body } = await ask(bed, line, {}, {});
    expect([code, body["reason"]]).toEqual([403, "Forbidden"]);
    expect(body["message"]).toContain(message);
    expect(body["message"]).toContain('yours is "bob"');
  });
});

describe("OpenAPI of the core group", () => {
  it.each([
    ["Pod", "/api/v1/namespaces/alice/pods/train"],
    ["Node", "/api/v1/nodes"],
    ["Namespace", "/api/v1/namespaces/alice"],
    ["Event", "/api/v1/namespaces/alice/events"],
  ])("describes every field that a %s is shown with", async (kind, target) => {
    const bed = await startApiBed();
    await bed.control.drop(
      path,
      containerText("train", "  image: alpine\n  tty: true\n  stdin: true\n  resources: {memory: 1Gi}"),
    );
    bed.control.setPhase("alice", "train", "Running");
    bed.control.emit("alice", "train", "Created");
    bed.actAs("alice");
    const { paths } = (await ask(bed, "GET /openapi/v3")).body as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const { body } = await ask(bed, `GET ${paths["api/v1"]?.serverRelativeURL}`);
    const { schemas } = (body as { components: { schemas: Record<string, SchemaNode> } }).components;
    const described = schemas[`io.k8s.api.core.v1.${kind}`];
    const metadata = schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"] ?? {};
    const schema = { ...described, properties: { ...described?.properties, metadata } };
    expect(described?.["x-kubernetes-group-version-kind"]).toEqual([{ group: "", version: "v1", kind }]);
    const answer = (await ask(bed, `GET ${target}`)).body;
    const shown = "items" in answer ? (answer["items"] as object[])[0] : answer;
    const fields = fieldsOf(shown);
    expect(fields.length).toBeGreaterThan(1);
    const unknown = fields.filter((field) => nodeAt(schema, field) === undefined);
    expect(unknown.map((field) => field.join("."))).toEqual([]);
  });
});

/** All fields of an object; all items of a list are its first. */
function fieldsOf(value: unknown, at: FieldPath = []): readonly FieldPath[] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldsOf(item, [...at, 0]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    [...at, name],
    ...fieldsOf(member, [...at, name]),
  ]);
}

describe("events of a Pod", () => {
  const ofPods =
    "/api/v1/namespaces/alice/events?fieldSelector=involvedObject.kind%3DPod,involvedObject.name%3Dtrain";

  it("are those of its container, as the Pod's", async () => {
    const bed = await bedWithTrain();
    bed.control.emit("alice", "train", "Created");
    const { body } = await ask(bed, `GET ${ofPods}`);
    expect(body["items"]).toMatchObject([
      { reason: "Created", involvedObject: { apiVersion: "v1", kind: "Pod", name: "train" } },
    ]);
    const all = await ask(bed, "GET /api/v1/namespaces/alice/events");
    expect(all.body["items"]).toMatchObject([{ involvedObject: { kind: "ContainerSpec", name: "train" } }]);
    const other = await ask(bed, `GET ${ofPods.replace("Dtrain", "Dother")}`);
    expect(other.body["items"]).toEqual([]);
    bed.actAs("bob");
    expect((await ask(bed, `GET ${ofPods}`)).code).toBe(403);
  });

  it("are watched as the Pod's", async () => {
    const bed = await bedWithTrain();
    bed.control.emit("alice", "train", "Created");
    const { body } = await first(bed, `${ofPods}&watch=true`, "application/json");
    expect(body).toMatchObject({ type: "ADDED", object: { involvedObject: { kind: "Pod", name: "train" } } });
  });
});

/** The first line of a stream. */
async function first(bed: ApiBed, target: string, accept: string): Promise<{ readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const options = { socketPath: bed.socketPath, path: target, agent: false, headers: { accept } };
    const sent = request(options, (response) => {
      response.setEncoding("utf8");
      response.once("data", (chunk: string) => {
        resolve({ body: JSON.parse(chunk.split("\n")[0] ?? "") as unknown });
        sent.destroy();
      });
      response.on("error", () => undefined);
    });
    sent.once("error", reject);
    sent.end();
  });
}
