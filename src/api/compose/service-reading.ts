import type { FieldPath } from "../field-path.ts";
import type { ContainerDraft, Origin } from "../docker-import/container-draft.ts";
import type { Topic } from "../docker-import/topics.ts";
import type { YamlSource } from "../yaml-source.ts";
import type { ComposeFiles } from "./compose-files.ts";
import { interpolate } from "./interpolate.ts";
import type { Lookup } from "./interpolate.ts";

/** What all services of a project share. */
export interface Project {
  /** Without a name of its own, that of the directory. */
  readonly name: string;
  /** Where relative paths begin. */
  readonly directory: string;
  /** Where `~` leads; undefined where nobody knows. */
  readonly home: string | undefined;
  /** Variables of the process and of `.env`. */
  readonly lookup: Lookup;
  readonly files: ComposeFiles;
}

/** A value of a service and the way to it. */
export interface Item {
  readonly value: unknown;
  readonly path: FieldPath;
}

/** One service as it is read: its values with variables put in, their places, and the draft that they go to. */
export class ServiceReading {
  readonly draft: ContainerDraft;
  readonly project: Project;
  /** Where relative paths of this file begin. */
  readonly directory: string;
  private readonly source: YamlSource;

  constructor(draft: ContainerDraft, source: YamlSource, project: Project, directory: string) {
    this.draft = draft;
    this.source = source;
    this.project = project;
    this.directory = directory;
  }

  originOf(path: FieldPath): Origin {
    return this.source.placeOf(path);
  }

  /** As the file has it, before YAML makes numbers and the like of it. */
  written({ path }: Item): string {
    return this.source.written(path, "value");
  }

  problem(path: FieldPath, message: string, at: "key" | "value" = "value"): void {
    this.draft.problem(this.source.placeOf(path, at), message);
  }

  leaveOut({ value, path }: Item, topic: Topic): void {
    const detail = scalarText(value);
    this.draft.leaveOut(this.originOf(path), topic, detail.length > 60 ? "" : detail);
  }

  /** A single value as text, with variables put in; undefined where there is none, or it is wrong. */
  text({ value, path }: Item): string | undefined {
    if (value === null || value === undefined) return undefined;
    if (typeof value === "object") {
      const found = Array.isArray(value) ? "a list" : "a map";
      this.problem(path, `${found} stands here, but a single value is expected`);
      return undefined;
    }
    if (typeof value !== "string") return scalarText(value);
    const result = interpolate(value, this.project.lookup);
    if ("wrong" in result) {
      this.problem(path, result.wrong);
      return undefined;
    }
    for (const name of new Set(result.unset)) {
      this.draft.changed(
        this.originOf(path),
        `${name} is not set, and nothing stands in its place, as with Compose`,
      );
    }
    return result.text;
  }

  /** `true` or `false`, also where a variable says so. */
  flag(item: Item): boolean {
    const text = this.text(item);
    if (text === undefined || /^(?:true|false)$/i.test(text)) return text?.toLowerCase() === "true";
    this.problem(item.path, "is neither true nor false");
    return false;
  }

  /** The items of a list; a single value is a list of one where `orOne` says so. */
  items({ value, path }: Item, orOne = false): readonly Item[] {
    if (value === null || value === undefined) return [];
    if (Array.isArray(value))
      return value.map((item: unknown, index) => ({ value: item, path: [...path, index] }));
    if (orOne && typeof value !== "object") return [{ value, path }];
    this.problem(path, 'is not a list; begin each item with "- "');
    return [];
  }

  /** The texts of a list, with their places. */
  texts(item: Item, orOne = false): readonly { readonly text: string; readonly path: FieldPath }[] {
    return this.items(item, orOne).flatMap((one) => {
      const text = this.text(one);
      return text === undefined ? [] : [{ text, path: one.path }];
    });
  }

  /** The fields of a map in the order of the text. */
  fields({ value, path }: Item): readonly (Item & { readonly name: string })[] {
    if (value === null || value === undefined) return [];
    if (typeof value === "object" && !Array.isArray(value)) return this.source.entries(value, path);
    this.problem(path, 'is not a map of fields: "name: value" on each line');
    return [];
  }

  /** One field of a map. */
  field(item: Item, name: string): Item {
    const found = this.fields(item).find((one) => one.name === name);
    return found ?? { value: undefined, path: [...item.path, name] };
  }
}

/** Numbers and the like as text; nothing of lists and maps. */
function scalarText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
