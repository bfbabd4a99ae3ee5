import type { z } from "zod";
import type { Cell, Column } from "./column.ts";
import { containerColumns } from "./container-columns.ts";
import { ContainerSpecSpec, ContainerStatus } from "./container.ts";
import { eventColumns } from "./event-columns.ts";
import type { EventObject } from "./event.ts";
import { gpuColumns } from "./gpu-columns.ts";
import { GpuSpec, GpuStatus } from "./gpu.ts";
import { imageColumns } from "./image-columns.ts";
import { ImageSpec, ImageStatus } from "./image.ts";
import type { ApiObject } from "./meta.ts";
import { kindNames } from "./names.ts";
import type { Kind, KindName } from "./names.ts";
import { presetColumns } from "./preset-columns.ts";
import { PresetSpec } from "./preset.ts";
import { quotaColumns } from "./quota-columns.ts";
import { QuotaSpecSpec, QuotaStatus } from "./quota.ts";
import { reservationColumns } from "./reservation-columns.ts";
import { ReservationSpecSpec, ReservationStatus } from "./reservation.ts";
import { sourceColumns } from "./source-columns.ts";
import { SourceSpec, SourceStatus } from "./source.ts";

/** A column without its cells: what tables and CustomResourceDefinitions say about it. */
type ColumnDefinition = Omit<Column<unknown>, "cell">;

/** Everything about one kind: its names, its schemas (none for events, which are Kubernetes' own) and its columns. */
export interface KindDefinition {
  readonly names: KindName;
  readonly description: string;
  readonly spec: z.ZodType | null;
  readonly status: z.ZodType | null;
  readonly columns: readonly ColumnDefinition[];
  /** The cells of one object, one a column. Times are turned into ages as of `nowMs`. */
  cells(object: ApiObject | EventObject, nowMs: number): readonly Cell[];
}

/** The registry: a new kind is one entry here and one name in names.ts. */
export const kinds: Readonly<Record<Kind, KindDefinition>> = {
  ContainerSpec: {
    names: namesOf("ContainerSpec"),
    description: "A container that ds01 keeps the way its file says.",
    spec: ContainerSpecSpec,
    status: ContainerStatus,
    ...columnsOf(containerColumns),
  },
  QuotaSpec: {
    names: namesOf("QuotaSpec"),
    description: "What some users may have, and what they get when they do not say.",
    spec: QuotaSpecSpec,
    status: QuotaStatus,
    ...columnsOf(quotaColumns),
  },
  ReservationSpec: {
    names: namesOf("ReservationSpec"),
    description: "GPUs that are kept for some users at some times.",
    spec: ReservationSpecSpec,
    status: ReservationStatus,
    ...columnsOf(reservationColumns),
  },
  Gpu: {
    names: namesOf("Gpu"),
    description: "A GPU or MIG slice of this machine, as ds01 found it.",
    spec: GpuSpec,
    status: GpuStatus,
    ...columnsOf(gpuColumns),
  },
  Image: {
    names: namesOf("Image"),
    description: "An image of this host that ds01 has built or named, or that its containers use.",
    spec: ImageSpec,
    status: ImageStatus,
    ...columnsOf(imageColumns),
  },
  Preset: {
    names: namesOf("Preset"),
    description: "Mounts and variables under a name, as the configuration of this host defines them.",
    spec: PresetSpec,
    status: null,
    ...columnsOf(presetColumns),
  },
  Source: {
    names: namesOf("Source"),
    description: "Where specs come from, and what of it is in effect.",
    spec: SourceSpec,
    status: SourceStatus,
    ...columnsOf(sourceColumns),
  },
  Event: {
    names: namesOf("Event"),
    description: "Something that happened to an object, and why.",
    spec: null,
    status: null,
    ...columnsOf(eventColumns),
  },
};

function namesOf(kind: Kind): KindName {
  const names = kindNames.find((name) => name.kind === kind);
  if (names === undefined) throw new TypeError(`${kind} is not among the kind names`);
  return names;
}

/** The registry forgets the type of the objects; who asks for a kind passes objects of that kind. */
function columnsOf<Shown>(columns: readonly Column<Shown>[]): Pick<KindDefinition, "columns" | "cells"> {
  return {
    columns: columns.map(definitionOf),
    cells: (object, nowMs) => columns.map((one) => one.cell(object as Shown, nowMs)),
  };
}

function definitionOf<Shown>(column: Column<Shown>): ColumnDefinition {
  const { name, type, format, description, priority, jsonPath } = column;
  return { name, type, format, description, priority, ...(jsonPath === undefined ? {} : { jsonPath }) };
}
