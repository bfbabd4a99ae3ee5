import { ContainerDraft } from "../docker-import/container-draft.ts";
import { meantText, objectNameOf } from "../docker-import/docker-values.ts";
import { finishDraft } from "../docker-import/finish-draft.ts";
import type { ImportedContainer } from "../docker-import/finish-draft.ts";
import type { GpuChoice } from "../docker-import/gpus.ts";
import { absolutePath } from "../docker-import/mounts.ts";
import type { FieldPath } from "../field-path.ts";
import type { Note } from "../import-note.ts";
import type { Problem } from "../problem.ts";
import { YamlSource } from "../yaml-source.ts";
import type { SourceText } from "../yaml-source.ts";
import { ComposeFiles } from "./compose-files.ts";
import type { Lookup } from "./interpolate.ts";
import { otherServiceKeys, readServiceKeys, serviceKeys } from "./service-keys.ts";
import { readBuild, settleImage } from "./service-build.ts";
import { settleDependencies } from "./service-dependencies.ts";
import { readNetworks } from "./service-network.ts";
import { ServiceReading } from "./service-reading.ts";
import type { Item, Project } from "./service-reading.ts";
import { readSecretFiles, readSecrets } from "./service-secrets.ts";
import type { SecretFiles } from "./service-secrets.ts";

/** What a compose file is read with. */
export interface ComposeInput extends GpuChoice {
  readonly file: SourceText;
  /** Absolute; where the file is. */
  readonly directory: string;
  readonly home: string | undefined;
  readonly lookup: Lookup;
  /** Services that are wanted; all that have no profile, or one that is active, where none is named. */
  readonly services: readonly string[];
  readonly profiles: readonly string[];
  /** Files by absolute path, as far as they were read; null where there is none. */
  readonly files: ReadonlyMap<string, string | null>;
}

/** What becomes of a compose file. */
export interface ComposeConversion {
  readonly containers: readonly ImportedContainer[];
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
  /** Absolute paths of files that must be read, and given to another run, before this says anything. */
  readonly missing: readonly string[];
}

const topLevelKeys = [
  "name",
  "version",
  "services",
  "networks",
  "volumes",
  "secrets",
  "configs",
  "include",
  "models",
];

/** Turns the services of a compose file into ContainerSpecs; never throws, and reports every problem at once. */
export function convertCompose(input: ComposeInput): ComposeConversion {
  return new ComposeReading(input).result();
}

type Service = Item & { readonly name: string };

class ComposeReading {
  private readonly input: ComposeInput;
  private readonly source: YamlSource;
  private readonly files: ComposeFiles;
  private readonly problems: Problem[] = [];
  private readonly notes: Note[] = [];
  private readonly project: Project;
  private readonly externalNetworks = new Map<string, string>();
  private secretFiles: SecretFiles = new Map();

  constructor(input: ComposeInput) {
    this.input = input;
    this.source = new YamlSource(input.file);
    this.files = new ComposeFiles(input.files);
    const { directory, home, lookup } = input;
    const written = fieldOf(this.source.root, "name");
    const named =
      lookup("COMPOSE_PROJECT_NAME") ?? (typeof written === "string" ? written : directory.split("/").at(-1));
    // Names of projects, and so of images that are built, are lower-case (loader/normalize of compose-go).
    const name = (named ?? "")
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, "")
      .replace(/^[_-]+/, "");
    this.project = { name, directory, home, lookup, files: this.files };
  }

  result(): ComposeConversion {
    const syntax = [...this.source.problems];
    if (syntax.length > 0) return { containers: [], problems: syntax, notes: [], missing: [] };
    const services = this.readTopLevel();
    const wanted = this.wantedServices(services);
    this.tellOfTheNetwork(wanted);
    const drafts = wanted.map((service) => this.draftOf(service));
    const specs = new Map(wanted.map(({ name }, index) => [name, drafts[index]?.name ?? null]));
    for (const draft of drafts) settleDependencies(draft, specs);
    const containers = drafts.flatMap((draft) => finishDraft(draft, this.input) ?? []);
    for (const [index, draft] of drafts.entries()) {
      const isTaken = drafts.slice(0, index).some(({ name }) => name === draft.name);
      if (isTaken)
        draft.problem(
          draft.origin,
          `another service becomes ${draft.name} as well; give it a container_name`,
        );
    }
    const problems = distinct([
      ...this.source.problems,
      ...this.problems,
      ...drafts.flatMap((draft) => draft.problems),
    ]).toSorted(byPlace);
    const notes = distinct([...this.notes, ...drafts.flatMap((draft) => draft.notes)]);
    const missing = [...this.files.missing];
    const isDone = problems.length === 0;
    return { containers: isDone ? containers : [], problems, notes: isDone ? notes : [], missing };
  }

  private readTopLevel(): readonly Service[] {
    const top = this.source.entries(this.source.root, []);
    for (const entry of top) {
      if (entry.name.startsWith("x-")) continue;
      if (!topLevelKeys.includes(entry.name)) {
        this.source.problem(
          entry.path,
          `is no key of a compose file${meantText(entry.name, topLevelKeys)}`,
          "key",
        );
      } else if (entry.name === "include") {
        this.source.problem(
          entry.path,
          "other files are not read; import what `docker compose config` prints",
        );
      }
    }
    const networks = top.find(({ name }) => name === "networks");
    for (const { name, value } of this.source.entries(networks?.value, ["networks"])) {
      const [external, other] = [fieldOf(value, "external"), fieldOf(value, "name")];
      if (external === true || typeof other === "string") {
        this.externalNetworks.set(name, typeof other === "string" ? other : name);
      }
    }
    this.readTopSecrets(top.find(({ name }) => name === "secrets")?.value);
    const services = this.source.entries(top.find(({ name }) => name === "services")?.value, ["services"]);
    if (services.length === 0 && this.source.problems.length === 0) {
      this.source.problem([], "has no services; is this a compose file?");
    }
    return services;
  }

  private readTopSecrets(value: unknown): void {
    const draft = new ContainerDraft(this.source.placeOf(["secrets"], "key"));
    const reading = new ServiceReading(draft, this.source, this.project, this.input.directory);
    this.secretFiles = readSecretFiles(reading, { value, path: ["secrets"] });
    this.problems.push(...draft.problems);
    this.notes.push(...draft.notes);
  }

  private wantedServices(services: readonly Service[]): readonly Service[] {
    const names = services.map(({ name }) => name);
    for (const wanted of this.input.services) {
      if (!names.includes(wanted)) {
        this.source.problem(["services"], `has no service "${wanted}"${meantText(wanted, names)}`, "key");
      }
    }
    if (this.input.services.length > 0)
      return services.filter(({ name }) => this.input.services.includes(name));
    return services.filter((service) => {
      const draft = new ContainerDraft(this.source.placeOf(service.path));
      const reading = new ServiceReading(draft, this.source, this.project, this.input.directory);
      const profiles = reading.texts(reading.field(service, "profiles")).map(({ text }) => text);
      const { profiles: active } = this.input;
      if (profiles.length === 0 || active.includes("*") || profiles.some((one) => active.includes(one)))
        return true;
      draft.leaveOut(this.source.placeOf([...service.path, "profiles"]), "profile", profiles.join(", "));
      this.notes.push(...draft.notes);
      return false;
    });
  }

  /** Several services without a word on networks find each other in one that Compose makes. */
  private tellOfTheNetwork(services: readonly Service[]): void {
    const silent = services.filter(({ value }) =>
      ["networks", "network_mode", "extends"].every((key) => fieldOf(value, key) === undefined),
    );
    if (silent.length < 2) return;
    const draft = new ContainerDraft(this.source.placeOf(["services"], "key"));
    draft.leaveOut(
      draft.origin,
      "composeNetwork",
      `the network of ${silent.map(({ name }) => name).join(", ")}`,
    );
    this.notes.push(...draft.notes);
  }

  private draftOf(service: Service): ContainerDraft {
    const draft = new ContainerDraft(this.source.placeOf(service.path));
    draft.name = objectNameOf(service.name) || null;
    draft.mark("metadata.name", draft.origin);
    const reading = new ServiceReading(draft, this.source, this.project, this.input.directory);
    this.readService(reading, service, this.source, []);
    settleImage(draft, `${this.project.name}-${service.name}`);
    const isTold = draft.problems.some(({ field }) => /\.(?:image|build)\b/.test(field));
    const isNothing = draft.spec.image === undefined && draft.spec.build === undefined;
    if (isNothing && this.files.missing.size === 0 && !isTold)
      draft.problem(draft.origin, "names no image, and nothing to build one of");
    return draft;
  }

  /** What a service extends is read first, and then what it says itself. */
  private readService(
    service: ServiceReading,
    item: Item,
    source: YamlSource,
    above: readonly string[],
  ): void {
    this.readBase(service, item, source, above);
    service.draft.layer += 1;
    for (const { name, path } of service.fields(item)) {
      const known = [...serviceKeys.keys(), ...otherServiceKeys];
      if (known.includes(name) || name.startsWith("x-")) continue;
      service.problem(path, `is no key of a service${meantText(name, known)}`, "key");
    }
    readServiceKeys(service, item);
    readBuild(service, service.field(item, "build"));
    const named = service.text(service.field(item, "container_name"));
    if (named !== undefined) this.nameAfter(service, item, named);
    readNetworks(service, service.field(item, "networks"), this.externalNetworks);
    readSecrets(service, service.field(item, "secrets"), this.secretFiles);
  }

  private readBase(service: ServiceReading, item: Item, source: YamlSource, above: readonly string[]): void {
    const base = service.field(item, "extends");
    if (base.value === undefined) return;
    const isMap = typeof base.value === "object" && base.value !== null;
    const name = service.text(isMap ? service.field(base, "service") : base) ?? "";
    const file = isMap ? service.text(service.field(base, "file")) : undefined;
    const path = file === undefined ? source.path : absolutePath(file, service.directory);
    const key = `${path}#${name}`;
    if (above.includes(key)) return service.problem(base.path, "extends itself");
    const other = file === undefined ? source : this.otherFile(service, base.path, path);
    if (other === null) return;
    const basePath = ["services", name];
    const value = fieldOf(fieldOf(other.root, "services"), name);
    if (value === undefined) return service.problem(base.path, `there is no service "${name}" in ${path}`);
    const directory = file === undefined ? service.directory : path.replace(/\/[^/]*$/, "");
    const reading = new ServiceReading(service.draft, other, this.project, directory);
    this.readService(reading, { value, path: basePath }, other, [...above, key]);
    this.problems.push(...(other === this.source ? [] : other.problems));
  }

  private otherFile(service: ServiceReading, at: FieldPath, path: string): YamlSource | null {
    const file = this.files.read(path);
    if (file === null) service.problem(at, `there is no file ${path}`);
    return file === null || file === undefined ? null : new YamlSource(file);
  }

  private nameAfter(service: ServiceReading, item: Item, written: string): void {
    const name = objectNameOf(written);
    const path = [...item.path, "container_name"];
    if (name === "") return service.problem(path, `"${written}" holds nothing that a name can begin with`);
    const origin = service.originOf(path);
    if (name !== written)
      service.draft.changed(origin, `${written} becomes ${name}: names are lower-case, without "_"`);
    service.draft.name = name;
    service.draft.mark("metadata.name", origin);
  }
}

function byPlace(one: Problem, other: Problem): number {
  if (one.file !== other.file) return 0;
  const [first, second] = [one.position, other.position];
  return (first?.line ?? 0) - (second?.line ?? 0) || (first?.column ?? 0) - (second?.column ?? 0);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function distinct<One>(items: readonly One[]): readonly One[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
