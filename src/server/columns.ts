import type { Cell } from "../api/column.ts";
import { kinds } from "../api/kinds.ts";
import type { ApiObject } from "../api/meta.ts";
import { ageText } from "../api/relative-time.ts";
import type { TableColumn } from "../api/table.ts";
import { gpuAnnotation } from "./present-pod.ts";
import type { ResourceType } from "./resource-type.ts";

/** The columns of `get` and how an object fills them. */
export interface Printer {
  readonly columns: readonly TableColumn[];
  cells(object: ApiObject, nowMs: number): readonly Cell[];
}

/** One column of a kind of Kubernetes. */
interface ViewColumn extends TableColumn {
  readonly cell: (object: ApiObject, nowMs: number) => Cell;
}

const text = { format: "", description: "", priority: 0, type: "string" } as const;

const name: ViewColumn = { ...text, name: "Name", format: "name", cell: ({ metadata }) => metadata.name };
const age: ViewColumn = {
  ...text,
  name: "Age",
  type: "date",
  cell: ({ metadata }, nowMs) => ageText(metadata.creationTimestamp, nowMs),
};

const viewColumns: Readonly<Record<string, readonly ViewColumn[]>> = {
  Namespace: [name, { ...text, name: "Status", cell: () => "Active" }, age],
  Node: [
    name,
    { ...text, name: "Status", cell: (node) => nodeState(node) },
    { ...text, name: "GPUs", cell: (node) => devicesIn(node) },
    { ...text, name: "CPUs", cell: (node) => textAt(node, "status", "capacity", "cpu") },
    { ...text, name: "Memory", cell: (node) => textAt(node, "status", "capacity", "memory") },
    age,
    { ...text, name: "Version", cell: (node) => textAt(node, "status", "nodeInfo", "kubeletVersion") },
  ],
  Pod: [
    name,
    {
      ...text,
      name: "Ready",
      cell: (pod) => (memberOf(firstContainer(pod), "ready") === true ? "1/1" : "0/1"),
    },
    {
      ...text,
      name: "Status",
      cell: (pod) => textAt(pod, "status", "reason") ?? textAt(pod, "status", "phase"),
    },
    {
      ...text,
      name: "Restarts",
      type: "integer",
      cell: (pod) => Number(memberOf(firstContainer(pod), "restartCount") ?? 0),
    },
    { ...text, name: "GPU", cell: ({ metadata }) => metadata.annotations?.[gpuAnnotation] ?? "-" },
    age,
    { ...text, name: "Image", priority: 1, cell: (pod) => stringOf(memberOf(firstContainer(pod), "image")) },
    { ...text, name: "Node", priority: 1, cell: (pod) => textAt(pod, "spec", "nodeName") },
  ],
  CustomResourceDefinition: [
    name,
    { ...age, name: "Created At", cell: ({ metadata }) => metadata.creationTimestamp ?? null },
  ],
};

/** How objects of a type are printed: as its kind says. */
export function printerOf({ kind }: ResourceType): Printer {
  const columns = viewColumns[kind];
  if (columns === undefined) return kinds[kind as keyof typeof kinds];
  return {
    columns: columns.map(definitionOf),
    cells: (object, nowMs) => columns.map(({ cell }) => cell(object, nowMs)),
  };
}

function definitionOf(column: ViewColumn): TableColumn {
  const { cell: _, ...definition } = column;
  return definition;
}

function nodeState(node: ApiObject): string {
  const [ready] = listOf(memberOf(node.status, "conditions"));
  return memberOf(ready, "status") === "True" ? "Ready" : "NotReady";
}

function devicesIn(node: ApiObject): string {
  const capacity = memberOf(node.status, "capacity");
  const devices = Object.entries(typeof capacity === "object" && capacity !== null ? capacity : {})
    .filter(([resource]) => resource.includes("/"))
    .map(([resource, count]) => `${String(count)} ${resource.slice(resource.indexOf("/") + 1)}`);
  return devices.join(", ") || "-";
}

function firstContainer(pod: ApiObject): unknown {
  return listOf(memberOf(pod.status, "containerStatuses"))[0];
}

function textAt(value: unknown, ...path: readonly string[]): string | null {
  return stringOf(path.reduce<unknown>(memberOf, value));
}

function stringOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[member]
    : undefined;
}
