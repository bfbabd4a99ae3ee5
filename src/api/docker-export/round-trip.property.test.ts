import fc from "fast-check";
import { expect, test } from "vitest";
import { exportedContainers } from "../../../test/support/random-exports.ts";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { parseDuration } from "../../util/duration.ts";
import { parseBytes, parseCpus } from "../../util/quantity.ts";
import { shellWords } from "../../util/shell-words.ts";
import { convertCompose } from "../compose/convert-compose.ts";
import type { ContainerSpecSpec } from "../container.ts";
import { parseSpecText } from "../parse.ts";
import { convertRunCommand } from "../run-command/convert-run-command.ts";
import { parseRunCommand } from "../run-command/parse-run-command.ts";
import type { ExportedContainer } from "./exported-container.ts";
import { renderCompose } from "./render-compose.ts";
import { renderRun } from "./render-run.ts";

const bytes = (quantity: string | undefined): number | undefined =>
  quantity === undefined ? undefined : parseBytes(quantity);

/** What a spec means, whichever way it is written. */
function meaning(spec: ContainerSpecSpec, labels: Readonly<Record<string, string>> = {}): object {
  const { resources = {}, securityContext = {} } = spec;
  const { command = [], args = [] } = spec;
  return {
    ...spec,
    labels,
    command: [...command, ...args],
    hasEntrypoint: command.length > 0,
    args: [],
    env: (spec.env ?? []).toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    resources: {
      ...resources,
      cpus: resources.cpus === undefined ? undefined : parseCpus(resources.cpus),
      memory: bytes(resources.memory),
      shmSize: bytes(resources.shmSize),
      ulimits: (resources.ulimits ?? []).toSorted((one, other) => (one.name < other.name ? -1 : 1)),
      io: { ...resources.io, devices: [] },
    },
    // Names of volumes are words of the spec alone.
    volumes: (spec.volumes ?? []).map(({ mountPath, readOnly, hostPath, namedVolume, tmpfs }) => {
      const memory = tmpfs === undefined ? undefined : { ...tmpfs, sizeLimit: bytes(tmpfs.sizeLimit) };
      return { mountPath, readOnly, hostPath, namedVolume, tmpfs: memory };
    }),
    ports: spec.ports ?? [],
    hostAliases: spec.hostAliases ?? [],
    devices: (spec.devices ?? []).map(({ hostPath, containerPath, permissions }) => ({
      hostPath,
      containerPath: containerPath ?? hostPath,
      permissions: permissions ?? "rwm",
    })),
    securityContext: { ...securityContext, capabilities: { ...securityContext.capabilities } },
    stopGracePeriod: parseDuration(spec.stopGracePeriod),
  };
}

function expectSame(text: string | undefined, { name, labels, spec }: ExportedContainer): void {
  const { documents, problems } = parseSpecText(text ?? "", { path: "", expect: "ContainerSpec" });
  expect(problems).toEqual([]);
  const [document] = documents;
  if (document?.kind !== "ContainerSpec") throw new Error("no ContainerSpec came back");
  expect(document.metadata.name).toBe(name);
  const written = Object.keys(labels).length === 0 ? undefined : labels;
  expect(meaning(document.spec, document.metadata.labels)).toEqual(meaning(spec, written));
}

test(
  "what export run prints, import run takes back",
  () => {
    fc.assert(
      fc.property(exportedContainers, (container) => {
        const script = renderRun(container).replaceAll(/^#.*\n/gm, "");
        const words = shellWords(script.replaceAll(" \\\n", " ")) ?? [];
        const around = { environment: {}, directory: "/", files: new Map<string, string>(), allGpus: 1 };
        const { container: back, problems } = convertRunCommand(parseRunCommand(words), around);
        expect(problems).toEqual([]);
        expectSame(back?.text, container);
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

test(
  "what export compose prints, import compose takes back",
  () => {
    fc.assert(
      fc.property(exportedContainers, (container) => {
        const { containers, problems } = convertCompose({
          file: { path: "compose.yaml", text: renderCompose([container]) },
          directory: "/",
          home: undefined,
          lookup: () => undefined,
          services: [],
          profiles: [],
          files: new Map(),
          allGpus: 1,
        });
        expect(problems).toEqual([]);
        expectSame(containers[0]?.text, container);
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);
