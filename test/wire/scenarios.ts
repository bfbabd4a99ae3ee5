import { containerText } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import type { Recorder } from "./recorder.ts";

const group = "/apis/ds01.io/v1alpha1";
const mine = `${group}/namespaces/alice/containers`;
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
const metadataList = { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" };
const json = { "content-type": "application/json" };
const yaml = { "content-type": "application/yaml" };

/** One file of what goes over the wire, on a server of its own. */
export interface Scenario {
  readonly name: string;
  readonly record: (recorder: Recorder, bed: ApiBed) => Promise<void>;
}

/** What there is before anything is asked. */
export async function fill({ control }: ApiBed): Promise<void> {
  const env = "  image: busybox\n  env: [{name: EPOCHS, value: '3'}]\n  gpus: {count: 1}";
  const labelled = containerText("train", env).replace(
    "  name: train",
    "  name: train\n  labels: {team: vision}",
  );
  await control.drop("users/alice/train.yaml", labelled);
  await control.drop("users/alice/wait.yaml", containerText("wait", "  image: busybox\n  gpus: {count: 2}"));
  await control.drop("users/bob/sweep.yaml", containerText("sweep"));
  await control.drop(
    "quotas/students.yaml",
    "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: students}\nspec: {subjects: {default: true}}\n",
  );
  control.setPhase("alice", "train", "Running");
  control.emit("alice", "train", "Created");
  control.gpus.set("0", {
    name: "0",
    uid: "GPU-1",
    resourceVersion: 1,
    createdAt: Date.parse("2026-01-05T08:00:00Z"),
    spec: {
      uuid: "GPU-1",
      index: 0,
      model: "NVIDIA A100-SXM4-80GB",
      memoryBytes: 85_899_345_920,
      gpuEquivalents: 1,
    },
    status: {
      state: "Allocated",
      holder: { namespace: "alice", name: "train" },
      until: null,
      memoryUsedBytes: null,
      utilizationPercent: null,
      reason: null,
    },
  });
  const record = control.store.get("ContainerSpec", "alice/wait");
  if (record === undefined) throw new Error("alice/wait is not there");
  const queue = { position: 1, of: 1, priority: 50, basis: "unknown" as const };
  await control.store.put({ ...record, status: { ...record.status, reason: "WaitingForDevices", queue } });
}

export const scenarios: readonly Scenario[] = [
  {
    name: "discovery",
    record: async (recorder) => {
      const aggregated = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };
      await recorder.send(
        { title: "Its version", path: "/version" },
        { title: "Its health", path: "/healthz" },
        { title: "The core group as old clients ask", path: "/api" },
        { title: "The groups as old clients ask", path: "/apis" },
        { title: "One group", path: "/apis/ds01.io" },
        { title: "Resources of the core group", path: "/api/v1" },
        { title: "Resources of ds01's group", path: group },
        { title: "The core group, all at once", path: "/api", headers: aggregated },
        { title: "The other groups, all at once", path: "/apis", headers: aggregated },
        { title: "Where OpenAPI v3 is", path: "/openapi/v3" },
        { title: "OpenAPI v2, which is empty", path: "/openapi/v2" },
      );
    },
  },
  {
    name: "reading",
    record: async (recorder) => {
      await recorder.send(
        { title: "An object", as: "alice", path: `${mine}/train` },
        { title: "An object as a table", as: "alice", path: `${mine}/train`, headers: table },
        { title: "A list", as: "alice", path: mine },
        { title: "A list as a table", as: "alice", path: `${mine}?limit=500`, headers: table },
        { title: "A table with objects", as: "alice", path: `${mine}?includeObject=Object`, headers: table },
        { title: "A table without objects", as: "alice", path: `${mine}?includeObject=None`, headers: table },
        { title: "Only what is about the objects", as: "alice", path: mine, headers: metadataList },
        {
          title: "By label",
          as: "alice",
          path: `${mine}?labelSelector=team%20in%20(vision,speech)`,
          headers: metadataList,
        },
        {
          title: "By field",
          as: "alice",
          path: `${mine}?fieldSelector=metadata.name%3Dwait`,
          headers: metadataList,
        },
        {
          title: "Of all namespaces, what is one's own",
          as: "bob",
          path: `${group}/containers`,
          headers: metadataList,
        },
        { title: "Pods", as: "alice", path: "/api/v1/namespaces/alice/pods" },
        { title: "Pods as a table", as: "alice", path: "/api/v1/namespaces/alice/pods", headers: table },
        { title: "Events", as: "alice", path: "/api/v1/namespaces/alice/events" },
        { title: "Events as a table", as: "alice", path: "/api/v1/namespaces/alice/events", headers: table },
        { title: "Namespaces", as: "bob", path: "/api/v1/namespaces" },
        { title: "GPUs as a table", as: "bob", path: `${group}/gpus`, headers: table },
        { title: "Who waits, as others are told", as: "bob", path: `${group}/queue` },
        { title: "This machine", as: "bob", path: "/api/v1/nodes" },
      );
    },
  },
  {
    name: "watching",
    record: async (recorder) => {
      const changes = [
        { after: 3, happens: ({ control }: ApiBed) => control.setPhase("alice", "wait", "Running") },
        {
          after: 4,
          happens: async ({ control }: ApiBed) => control.drop("users/alice/new.yaml", containerText("new")),
        },
        {
          after: 5,
          happens: async ({ control }: ApiBed) => {
            control.files.delete("users/alice/new.yaml");
            await control.resync();
          },
        },
        { after: 6, happens: ({ clock }: ApiBed) => clock.advance(60_000) },
        { after: 7 },
      ];
      await recorder.watch({
        title: "Everything, then a mark, then changes, and a bookmark when nothing happens",
        as: "alice",
        path: `${mine}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
        headers: { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" },
        steps: changes,
      });
      await recorder.watch({
        title: "Tables, of which the first has the columns, until the time is up",
        as: "alice",
        path: `${mine}?watch=true&timeoutSeconds=30`,
        headers: table,
        steps: [{ after: 2, happens: ({ clock }) => clock.advance(30_000) }],
      });
      await recorder.watch({
        title: "From a version that is no longer remembered",
        as: "alice",
        path: `${mine}?watch=true&resourceVersion=1`,
        steps: [{ after: 1 }],
      });
    },
  },
  {
    name: "errors",
    record: async (recorder) => {
      await recorder.send(
        { title: "No such path", path: "/apis/apps/v1/deployments" },
        { title: "No such object", as: "alice", path: `${mine}/none` },
        { title: "A selector that cannot be read", as: "alice", path: `${mine}?labelSelector=%21%21` },
        {
          title: "A field that is not selected by",
          as: "alice",
          path: `${mine}?fieldSelector=spec.image%3Da`,
        },
        { title: "An object of somebody else", as: "bob", path: `${mine}/train` },
        { title: "A list of somebody else's", as: "bob", path: mine },
        { title: "A watch of somebody else's", as: "bob", path: `${mine}?watch=true` },
        { title: "A change of somebody else's", as: "bob", method: "DELETE", path: `${mine}/train` },
        { title: "Logs of somebody else's", as: "bob", path: "/api/v1/namespaces/alice/pods/train/log" },
        {
          title: "A quota, without being an admin",
          as: "bob",
          method: "DELETE",
          path: `${group}/quotas/students`,
        },
        { title: "A method that is not served", as: "alice", method: "PUT", path: mine },
        {
          title: "A form that is not served",
          as: "alice",
          path: mine,
          headers: { accept: "application/vnd.kubernetes.protobuf" },
        },
        {
          title: "What is there already",
          as: "alice",
          method: "POST",
          path: mine,
          headers: yaml,
          body: containerText("train"),
        },
        {
          title: "Based on a version that is not the current one",
          as: "alice",
          method: "PUT",
          path: `${mine}/train`,
          headers: yaml,
          body: containerText("train").replace("  name: train", '  name: train\n  resourceVersion: "1"'),
        },
        {
          title: "Not valid",
          as: "alice",
          method: "POST",
          path: mine,
          headers: yaml,
          body: containerText("bad", "  image: 3\n  imag: busybox\n  resources: {memory: 32 GB}"),
        },
        {
          title: "Another name than that of the path",
          as: "alice",
          method: "PUT",
          path: `${mine}/train`,
          headers: yaml,
          body: containerText("other"),
        },
        { title: "No JSON", as: "alice", method: "POST", path: mine, headers: json, body: "{" },
        {
          title: "A patch of a kind that is not served",
          as: "alice",
          method: "PATCH",
          path: `${mine}/train`,
          headers: { "content-type": "application/strategic-merge-patch+json" },
          body: "{}",
        },
        {
          title: "A body without end",
          as: "alice",
          method: "POST",
          path: mine,
          headers: { ...json, "content-length": "1048577" },
        },
      );
    },
  },
  {
    name: "writing",
    record: async (recorder) => {
      const one = `${mine}/web`;
      await recorder.send(
        {
          title: "Create, only to see",
          as: "alice",
          method: "POST",
          path: `${mine}?dryRun=All`,
          headers: yaml,
          body: containerText("web"),
        },
        {
          title: "Create",
          as: "alice",
          method: "POST",
          path: `${mine}?fieldManager=kubectl-create`,
          headers: yaml,
          body: containerText("web"),
        },
        {
          title: "Replace",
          as: "alice",
          method: "PUT",
          path: one,
          headers: yaml,
          body: containerText("web", "  image: alpine"),
        },
        {
          title: "Merge patch",
          as: "alice",
          method: "PATCH",
          path: one,
          headers: { "content-type": "application/merge-patch+json" },
          body: '{"metadata":{"labels":{"team":"vision"}},"spec":{"priority":7}}',
        },
        {
          title: "JSON patch",
          as: "alice",
          method: "PATCH",
          path: one,
          headers: { "content-type": "application/json-patch+json" },
          body: '[{"op":"test","path":"/spec/priority","value":7},{"op":"remove","path":"/spec/priority"}]',
        },
        {
          title: "JSON patch whose test fails",
          as: "alice",
          method: "PATCH",
          path: one,
          headers: { "content-type": "application/json-patch+json" },
          body: '[{"op":"test","path":"/spec/image","value":"busybox"}]',
        },
        {
          title: "An unknown field, with a warning",
          as: "alice",
          method: "PUT",
          path: `${one}?fieldValidation=Warn`,
          headers: json,
          body: '{"apiVersion":"ds01.io/v1alpha1","kind":"ContainerSpec","metadata":{"name":"web"},"spec":{"image":"alpine","imag":"busybox"}}',
        },
        { title: "Delete, only to see", as: "alice", method: "DELETE", path: `${one}?dryRun=All` },
        { title: "Delete", as: "alice", method: "DELETE", path: one },
      );
    },
  },
  {
    name: "reviews",
    record: async (recorder) => {
      const reviews = "/apis/authorization.k8s.io/v1";
      const may = (title: string, resourceAttributes: object) => ({
        title,
        as: "alice",
        method: "POST",
        path: `${reviews}/selfsubjectaccessreviews`,
        headers: json,
        body: JSON.stringify({ spec: { resourceAttributes } }),
      });
      const containers = { group: "ds01.io", resource: "containers" };
      await recorder.send(
        {
          title: "Who am I",
          as: "alice",
          method: "POST",
          path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
          headers: json,
          body: "{}",
        },
        may("May I delete mine", { ...containers, verb: "delete", namespace: "alice" }),
        may("May I read theirs", { ...containers, verb: "get", namespace: "bob" }),
        may("May I list all", { ...containers, verb: "list" }),
        may("May I run commands in theirs", {
          verb: "create",
          resource: "pods",
          subresource: "exec",
          namespace: "bob",
        }),
        may("May I read what is not served", { verb: "list", group: "apps", resource: "deployments" }),
        {
          title: "May I, as kubectl asks",
          as: "alice",
          method: "POST",
          path: `${reviews}/selfsubjectaccessreviews`,
          headers: { "content-type": "application/vnd.kubernetes.protobuf" },
          body: accessReviewInProtobuf("bob", "list", "pods"),
        },
        {
          title: "What may I",
          as: "alice",
          method: "POST",
          path: `${reviews}/selfsubjectrulesreviews`,
          headers: json,
          body: '{"spec":{"namespace":"alice"}}',
        },
      );
    },
  },
];

/** `k8s\0` and a runtime.Unknown around a SelfSubjectAccessReview of authorization.k8s.io/v1. */
function accessReviewInProtobuf(namespace: string, verb: string, resource: string): Buffer {
  const field = (number: number, value: Buffer | string): Buffer => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  };
  const attributes = Buffer.concat([field(1, namespace), field(2, verb), field(5, resource)]);
  const review = field(2, field(1, attributes));
  const type = Buffer.concat([field(1, "authorization.k8s.io/v1"), field(2, "SelfSubjectAccessReview")]);
  return Buffer.concat([Buffer.from("k8s\0"), field(1, type), field(2, review)]);
}
