import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { ApiObject } from "../../src/api/meta.ts";
import type { StatusObject } from "../../src/api/status-error.ts";
import { waitFor } from "../bed/wait-for.ts";
import { accessRule, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";

const one = "/apis/ds01.io/v1alpha1/namespaces/alice/containers/web";
const path = "users/alice/web.yaml";
const note = "kubectl.kubernetes.io/last-applied-configuration";

interface Applying {
  readonly bed: ApiBed;
  readonly apply: (manager: string, spec: object, options?: ApplyOptions) => Promise<ApplyAnswer>;
  readonly written: () => string;
}

interface ApplyOptions {
  readonly metadata?: object;
  readonly query?: string;
}

interface ApplyAnswer {
  readonly code: number;
  readonly object: ApiObject;
  readonly status: StatusObject;
}

function document(spec: object, metadata: object = {}): object {
  return {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name: "web", ...metadata },
    spec,
  };
}

async function startApplying(): Promise<Applying> {
  const bed = await startApiBed({ access: { ...accessRule, visibility: "all" } });
  bed.actAs("alice");
  return {
    bed,
    written: () => bed.control.files.get(path) ?? "",
    apply: async (manager, spec, { metadata, query = "" } = {}) => {
      const answer = await bed.call("PATCH", `${one}?fieldManager=${manager}${query}`, {
        type: "application/apply-patch+yaml",
        body: stringify(document(spec, metadata)),
      });
      const body = JSON.parse(answer.text) as ApiObject & StatusObject;
      return { code: answer.code, object: body, status: body };
    },
  };
}

/** Who owns what, by operation and manager. */
function owners({ metadata }: ApiObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    (metadata.managedFields ?? []).map(({ operation, manager, fieldsV1 }) => [
      `${operation} ${manager}`,
      fieldsV1["f:spec"] ?? {},
    ]),
  );
}

describe("server-side apply", () => {
  it("tells of nothing whose owners a kill could still take away", async () => {
    const { apply, bed } = await startApplying();
    const { store } = bed.control;
    let written: () => void = () => undefined;
    const onDisk = new Promise<void>((resolve) => (written = resolve));
    const put: typeof store.put = store.put.bind(store);
    store.put = async (record) => {
      const stored = await put(record);
      await onDisk;
      return stored;
    };
    let isAnswered = false;
    const answer = apply("ann", { image: "busybox" }).finally(() => (isAnswered = true));
    await waitFor("it to be in memory", () => store.get("ContainerSpec", "alice/web") !== undefined);
    // Whatever else the server is asked meanwhile, it answers.
    await bed.call("GET", one);
    expect(isAnswered).toBe(false);
    written();
    expect((await answer).code).toBe(201);
  });

  it("creates the object and writes what was applied, no more", async () => {
    const { apply, written, bed } = await startApplying();
    const { code, object } = await apply("ann", { image: "busybox", env: [{ name: "A", value: "1" }] });
    expect(code).toBe(201);
    expect(written()).toBe(
      'apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata:\n  name: web\nspec:\n  image: busybox\n  env:\n    - name: A\n      value: "1"\n',
    );
    expect(bed.control.owners.get(path)).toBe("alice");
    expect(object.metadata.managedFields).toEqual([
      {
        manager: "ann",
        operation: "Apply",
        apiVersion: "ds01.io/v1alpha1",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:spec": {
            "f:env": { 'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} } },
            "f:image": {},
          },
        },
      },
    ]);
    const again = await apply("ann", { image: "busybox", env: [{ name: "A", value: "1" }] });
    expect(again.code).toBe(200);
    expect(again.object.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
  });

  it("refuses to take what is another's, in kubectl's words, until it is forced", async () => {
    const { apply, written } = await startApplying();
    await apply("ann", { image: "busybox", env: [{ name: "A", value: "1" }] });
    const one = await apply("ben", { image: "alpine" });
    expect([one.code, one.status.reason]).toEqual([409, "Conflict"]);
    expect(one.status.message).toBe('Apply failed with 1 conflict: conflict with "ann": .spec.image');
    expect(one.status.details?.causes).toEqual([
      { reason: "FieldManagerConflict", message: 'conflict with "ann"', field: ".spec.image" },
    ]);
    const two = await apply("ben", { image: "alpine", env: [{ name: "A", value: "2" }] });
    expect(two.status.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "ann":\n- .spec.env[name="A"].value\n- .spec.image',
    );
    expect(written()).toContain("busybox");
    const forced = await apply("ben", { image: "alpine" }, { query: "&force=true" });
    expect(forced.code).toBe(200);
    expect(written()).toContain("image: alpine");
    expect(owners(forced.object)).toEqual({
      "Apply ann": { "f:env": { 'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} } } },
      "Apply ben": { "f:image": {} },
    });
  });

  it("shares what two say alike, and removes what nobody says any more", async () => {
    const { apply, written } = await startApplying();
    await apply("ann", { image: "busybox", hostname: "web", env: [{ name: "A", value: "1" }] });
    const both = await apply("ben", { image: "busybox", env: [{ name: "B", value: "2" }] });
    expect(both.code).toBe(200);
    expect(written()).toMatch(/name: A[^]*name: B/);
    const less = await apply("ann", { env: [{ name: "A", value: "1" }] });
    expect(less.code).toBe(200);
    // The image is still ben's; the host name was ann's alone.
    expect(written()).toContain("image: busybox");
    expect(written()).not.toContain("hostname");
    await apply("ben", { image: "busybox" });
    expect(written()).not.toContain("name: B");
    expect(written()).toContain("name: A");
  });

  it("treats lists as the schema says: by name, as a set, or as one", async () => {
    const { apply, bed } = await startApplying();
    await apply("ann", { image: "busybox", args: ["one"], env: [{ name: "A" }] });
    const { status } = await apply("ben", {
      args: ["one", "two"],
      env: [{ name: "B" }],
    });
    expect(status.details?.causes?.map(({ field }) => field)).toEqual([".spec.args"]);
    const crd = (await bed.json(
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/containers.ds01.io",
    )) as {
      readonly spec: {
        readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: object } }[];
      };
    };
    const openApi = (await bed.json("/openapi/v3/apis/ds01.io/v1alpha1")) as {
      readonly components: { readonly schemas: Readonly<Record<string, { readonly properties: object }>> };
    };
    const told = JSON.stringify(crd.spec.versions[0]?.schema.openAPIV3Schema);
    const specOf = (schema: object | undefined): string =>
      JSON.stringify((schema as { properties: { spec: object } }).properties.spec);
    expect(told).toContain('"x-kubernetes-list-map-keys":["name"]');
    expect(specOf(openApi.components.schemas["io.ds01.v1alpha1.ContainerSpec"])).toBe(
      specOf(crd.spec.versions[0]?.schema.openAPIV3Schema),
    );
  });

  it("notes every other write, and an edit of the file as one of the files", async () => {
    const { apply, bed, written } = await startApplying();
    await apply("ann", { image: "busybox", hostname: "web" });
    const patched = await bed.call("PATCH", `${one}?fieldManager=kubectl-patch`, {
      type: "application/merge-patch+json",
      body: JSON.stringify({ spec: { image: "alpine" } }),
    });
    expect(owners(JSON.parse(patched.text) as ApiObject)).toEqual({
      "Apply ann": { "f:hostname": {} },
      "Update kubectl-patch": { "f:image": {} },
    });
    expect((await apply("ann", { image: "busybox", hostname: "web" })).status.message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-patch" using ds01.io/v1alpha1: .spec.image',
    );
    await bed.control.drop(path, written().replace("hostname: web", "hostname: other"));
    const edited = (await bed.json(one)) as ApiObject;
    expect(owners(edited)).toEqual({
      "Update kubectl-patch": { "f:image": {} },
      "Update specs": { "f:hostname": {} },
    });
  });

  it("knows who wrote a file before anybody used the API", async () => {
    const { apply, bed, written } = await startApplying();
    await bed.control.drop(path, `# mine\n${stringify(document({ image: "busybox" }))}`);
    expect(((await bed.json(one)) as ApiObject).metadata.managedFields).toBeUndefined();
    expect((await apply("ann", { image: "alpine" })).status.message).toBe(
      'Apply failed with 1 conflict: conflict with "specs" using ds01.io/v1alpha1: .spec.image',
    );
    // A default that the file does not name is nobody's.
    expect((await apply("ann", { network: "none" })).code).toBe(200);
    expect(written()).toMatch(/^# mine\n[^]*network: none/);
  });

  it("changes nothing on trial, and shows what would be", async () => {
    const { apply, written } = await startApplying();
    const trial = await apply("ann", { image: "busybox" }, { query: "&dryRun=All" });
    expect([trial.code, written()]).toEqual([201, ""]);
    expect(owners(trial.object)).toEqual({ "Apply ann": { "f:image": {} } });
    await apply("ann", { image: "busybox" });
    const before = written();
    expect((await apply("ben", { hostname: "b" }, { query: "&dryRun=All" })).object.spec).toMatchObject({
      hostname: "b",
    });
    expect(written()).toBe(before);
  });

  it("says what is wrong with a request", async () => {
    const { apply, bed } = await startApplying();
    const nobody = await apply("", { image: "busybox" });
    expect([nobody.code, nobody.status.message]).toEqual([
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ]);
    expect((await apply("x".repeat(129), { image: "busybox" })).status.message).toContain("Too long");
    const unknown = await apply("ann", { image: "busybox", imag: "x" });
    expect([unknown.code, unknown.status.reason]).toEqual([422, "Invalid"]);
    expect(unknown.status.message).toContain('did you mean "image"');
    const owned = await apply(
      "ann",
      { image: "busybox" },
      {
        metadata: {
          managedFields: [
            { manager: "x", operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: {} },
          ],
        },
      },
    );
    expect([owned.code, owned.status.message]).toEqual([400, "metadata.managedFields must be nil"]);
    const forced = await bed.call("PATCH", `${one}?force=true`, {
      type: "application/merge-patch+json",
      body: "{}",
    });
    expect(forced.text).toContain("force: Forbidden: may not be specified for non-apply patch");
    bed.actAs("bob");
    expect((await apply("ann", { image: "busybox" })).code).toBe(403);
  });

  it("takes who owns what from who migrates an object", async () => {
    const { bed, apply } = await startApplying();
    await apply("ann", { image: "busybox" });
    const move = async (value: unknown): Promise<{ readonly code: number; readonly text: string }> =>
      bed.call("PATCH", one, {
        type: "application/json-patch+json",
        body: JSON.stringify([{ op: "replace", path: "/metadata/managedFields", value }]),
      });
    const entry = {
      manager: "ben",
      operation: "Apply",
      apiVersion: "ds01.io/v1alpha1",
      fieldsType: "FieldsV1",
    };
    const moved = await move([{ ...entry, fieldsV1: { "f:spec": { "f:image": {} } } }]);
    expect(owners(JSON.parse(moved.text) as ApiObject)).toEqual({ "Apply ben": { "f:image": {} } });
    expect((await move([{ ...entry, fieldsV1: { "x:spec": {} } }])).code).toBe(400);
    const forgotten = await move([{}]);
    expect((JSON.parse(forgotten.text) as ApiObject).metadata.managedFields).toBeUndefined();
  });
});

describe("what kubectl notes of its own", () => {
  it("is served as an annotation and stands beside the file", async () => {
    const { bed, written } = await startApplying();
    const posted = await bed.call("POST", one.slice(0, -4), {
      type: "application/json",
      body: JSON.stringify(document({ image: "busybox" }, { annotations: { [note]: "{}\n", mine: "yes" } })),
    });
    expect(posted.code).toBe(201);
    expect((JSON.parse(posted.text) as ApiObject).metadata.annotations).toEqual({
      [note]: "{}\n",
      mine: "yes",
    });
    expect(written()).toContain("mine: yes");
    expect(written()).not.toContain(note);
    const patch = { metadata: { annotations: { [note]: '{"a":1}' } }, spec: { image: "alpine" } };
    await bed.call("PATCH", one, { type: "application/merge-patch+json", body: JSON.stringify(patch) });
    expect(((await bed.json(one)) as ApiObject).metadata.annotations?.[note]).toBe('{"a":1}');
    expect(written()).not.toContain(note);
    // An edit of the file leaves it.
    await bed.control.drop(path, written().replace("alpine", "debian"));
    expect(((await bed.json(one)) as ApiObject).metadata.annotations?.[note]).toBe('{"a":1}');
    // Others do not see it: it holds the variables.
    bed.actAs("bob");
    expect(((await bed.json(one)) as ApiObject).metadata.annotations).toEqual({ mine: "yes" });
    bed.actAs("alice");
    await bed.call("PATCH", one, {
      type: "application/merge-patch+json",
      body: JSON.stringify({ metadata: { annotations: { [note]: null } } }),
    });
    expect(((await bed.json(one)) as ApiObject).metadata.annotations).toEqual({ mine: "yes" });
  });

  it("moves out of a file in which it stands", async () => {
    const { bed, written } = await startApplying();
    const text = stringify(document({ image: "busybox" }, { annotations: { [note]: "{}", mine: "yes" } }));
    await bed.control.drop(path, `# mine\n${text}`);
    expect(((await bed.json(one)) as ApiObject).metadata.annotations?.[note]).toBe("{}");
    const patch = { metadata: { annotations: { [note]: '{"b":2}' } }, spec: { image: "alpine" } };
    await bed.call("PATCH", one, { type: "application/merge-patch+json", body: JSON.stringify(patch) });
    expect(written()).not.toContain(note);
    expect(written()).toMatch(/^# mine\n[^]*mine: yes[^]*image: alpine/);
    expect(((await bed.json(one)) as ApiObject).metadata.annotations?.[note]).toBe('{"b":2}');
  });

  it("is no conflict for kubectl's server-side apply", async () => {
    const { bed, apply } = await startApplying();
    const body = document({ image: "busybox" });
    const annotations = { [note]: JSON.stringify(body) };
    await bed.call("POST", `${one.slice(0, -4)}?fieldManager=kubectl-client-side-apply`, {
      type: "application/json",
      body: JSON.stringify(document({ image: "busybox" }, { annotations })),
    });
    expect((await apply("other", { image: "alpine" })).code).toBe(409);
    const { code, object } = await apply("kubectl", { image: "alpine" });
    expect(code).toBe(200);
    expect(object.metadata.annotations?.[note]).toContain('"image":"alpine"');
  });
});
