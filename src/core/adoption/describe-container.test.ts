import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainSettings } from "../../../test/support/adoptions.ts";
import { desiredContainer } from "../../../test/support/desired-container.ts";
import { containerOf } from "../../../test/support/fake-container.ts";
import { fakeImage, type FakeImage } from "../../../test/support/fake-images.ts";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { exportedContainers } from "../../../test/support/random-exports.ts";
import { record, startOfTest, world } from "../../../test/support/world-builder.ts";
import { ContainerSpecSpec } from "../../api/container.ts";
import { situationOf } from "../lifecycle/situation.ts";
import type { ObservedContainer } from "../observed.ts";
import type { DesiredContainer } from "../plan/desired-container.ts";
import { configurationDrift, limitDrift } from "../plan/drift.ts";
import { updatableLimits } from "../lifecycle/limits-action.ts";
import { describeAsSpec } from "./describe-container.ts";
import type { FurtherSettings, ImageDefaults } from "./further-settings.ts";

const id = "c0ffee".padEnd(64, "0");
const image = fakeImage("x", { command: ["/bin/serve"], environment: { PATH: "/bin", BAKED: "1" } });

function settingsOf({ environment, entrypoint, command, workingDir, user }: FakeImage): FurtherSettings {
  const defaults: ImageDefaults = {
    environment,
    entrypoint,
    command,
    workingDir,
    user,
    stopSignal: null,
    healthTest: null,
  };
  return { ...plainSettings, image: defaults };
}

function running(fields: Partial<DesiredContainer> = {}): ObservedContainer {
  const made = containerOf(desiredContainer("llm", { image: "x", ...fields }), image, id, startOfTest);
  return { ...made, state: "running", startedAt: startOfTest };
}

function configured(fields: Partial<ObservedContainer["config"]>): ObservedContainer {
  const container = running();
  return { ...container, config: { ...container.config, ...fields } };
}

const described = (container: ObservedContainer, further: Partial<FurtherSettings> = {}) =>
  describeAsSpec(container, { ...settingsOf(image), ...further });
const messagesOf = (container: ObservedContainer, further: Partial<FurtherSettings> = {}): string =>
  described(container, further)
    .notes.map(({ about, message }) => `${about}: ${message}`)
    .join("\n");

describe("a container as a spec", () => {
  it("says nothing of what its image and Docker say anyway", () => {
    expect(described(running())).toEqual({
      spec: { desiredState: "Running", image: "x", stopGracePeriod: "10s", restartPolicy: "Never" },
      notes: [],
    });
  });

  it("says everything of a container whose image is gone", () => {
    const { spec, notes } = described(running(), { image: null });
    expect(spec).toMatchObject({ args: ["/bin/serve"], env: [{ name: "PATH" }, { name: "BAKED" }] });
    expect(notes.map(({ about }) => about)).toEqual(["image"]);
  });

  it("keeps its state, its restarts and how long it may take to end", () => {
    expect(described({ ...running(), state: "paused" }).spec.desiredState).toBe("Paused");
    expect(described({ ...running(), state: "restarting" }).spec.desiredState).toBe("Running");
    expect(described({ ...running(), state: "exited" }).spec.desiredState).toBe("Stopped");
    expect(described(configured({ restartPolicy: "on-failure" })).spec.restartPolicy).toBe("OnFailure");
    expect(described(running(), { stopTimeoutSeconds: 90 }).spec.stopGracePeriod).toBe("90s");
    expect(messagesOf(configured({ restartPolicy: "always" }))).toContain("once it has stopped");
    const ofCompose = { ...running(), labels: { "com.docker.compose.project": "lab" } };
    expect(messagesOf(ofCompose)).toContain("project lab");
  });

  it("leaves out what ds01 sets itself", () => {
    const environment = { ...image.environment, NVIDIA_VISIBLE_DEVICES: "all", MINE: "2" };
    expect(described(configured({ environment })).spec.env).toEqual([{ name: "MINE", value: "2" }]);
    const nvidia = { pathOnHost: "/dev/nvidia0", pathInContainer: "/dev/nvidia0", permissions: "rwm" };
    const { security } = running().config;
    expect(
      described(configured({ security: { ...security, devices: [nvidia] } })).spec.devices,
    ).toBeUndefined();
  });

  it("tells what it cannot say, and no value of a variable", () => {
    const text = messagesOf(
      configured({
        user: "aiguru",
        network: "container:abc",
        ipc: "container:abc",
        environment: { ...image.environment, "odd name": "secret" },
        mounts: [{ type: "volume", source: "models", target: "/models", readOnly: false }],
        ulimits: [{ name: "odd", soft: 1, hard: 1 }],
        security: { ...running().config.security, securityOptions: ["seccomp={}"] },
        process: { ...running().config.process, stopSignal: "15", extraHosts: ["gate:host-gateway"] },
      }),
      { anonymousVolumes: ["/var/lib/db"], others: [{ setting: "--dns", value: "9.9.9.9" }] },
    );
    for (const word of ["aiguru", "container:abc", "odd name", "models", "ulimit odd", "seccomp={}"]) {
      expect(text).toContain(word);
    }
    for (const word of ["15", "host-gateway", "/var/lib/db", "--dns 9.9.9.9"]) expect(text).toContain(word);
    expect(text).not.toContain("secret");
  });

  it("means the same container, whatever of a spec it was made from", { timeout: propertyTimeoutMs }, () => {
    fc.assert(
      fc.property(exportedContainers, ({ spec: exported }) => {
        const { gpus: _, ...withoutGpus } = exported;
        // Docker's volumes have names that no spec of another tool says.
        const volumes = (exported.volumes ?? []).filter(({ namedVolume }) => namedVolume === undefined);
        const spec: ContainerSpecSpec = { ...withoutGpus, volumes };
        const made = desiredOf(spec);
        const container: ObservedContainer = {
          ...containerOf(made, image, id, startOfTest),
          state: "running",
        };
        const written = describeAsSpec(container, settingsOf(image));
        expect(written.notes).toEqual([]);
        const again = ContainerSpecSpec.parse(written.spec);
        expect(configurationDrift(desiredOf(again), container)).toEqual([]);
        expect(limitDrift(limitsOf(again), container.config)).toEqual([]);
      }),
      propertyRuns,
    );
  });
});

function desiredOf(spec: ContainerSpecSpec): DesiredContainer {
  const own = record({ spec });
  const { desired } = situationOf(
    world({ record: own, imageReference: spec.image ?? "" }),
    spec,
    startOfTest,
  );
  if (desired === null) throw new Error("it wants no devices");
  return desired;
}

function limitsOf(spec: ContainerSpecSpec): ReturnType<typeof updatableLimits> {
  const own = record({ spec });
  return updatableLimits(situationOf(world({ record: own }), spec, startOfTest).limits);
}
