import type { FurtherSettings, ImageDefaults } from "../../core/adoption/further-settings.ts";
import type { ContainerSettings } from "../../ports/container-settings.ts";
import { connectDocker } from "./connect.ts";
import { engineClient } from "./engine-client.ts";
import { otherSettings, type SettingsJson } from "./other-settings.ts";
import { unless } from "./unless.ts";

const deadlineMs = 15_000;

/** What ds01 reads of `GET /images/ID/json` here. */
interface ImageSettingsJson {
  readonly Config?: {
    readonly Env?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | string | null;
    readonly Cmd?: readonly string[] | null;
    readonly WorkingDir?: string;
    readonly User?: string;
    readonly StopSignal?: string;
    readonly Healthcheck?: { readonly Test?: readonly string[] | null } | null;
  } | null;
}

/** The containers of the engine at `dockerHost`, and the images that they were made from. */
export function containerSettings(options: { readonly dockerHost: string }): ContainerSettings {
  const client = engineClient(connectDocker(options.dockerHost));
  return {
    read: async (id, signal) => {
      const path = `/containers/${encodeURIComponent(id)}/json`;
      const what = `look at the settings of ${id.slice(0, 12)}`;
      const asked = client.request({ what, method: "GET", path, deadlineMs, signal });
      const json = (await unless("ContainerNotFound", asked)) as SettingsJson | undefined;
      if (json === undefined) return undefined;
      // By its id: the name may mean another image by now.
      const imagePath = `/images/${encodeURIComponent(json.Image)}/json`;
      const image = await unless(
        "ImageNotFound",
        client.request({ what: "look at its image", method: "GET", path: imagePath, deadlineMs, signal }),
      );
      return settingsOf(json, (image as ImageSettingsJson | undefined) ?? null);
    },
  };
}

function settingsOf(json: SettingsJson, image: ImageSettingsJson | null): FurtherSettings {
  const { HostConfig: host, Config: config } = json;
  return {
    image: image === null ? null : defaultsOf(image),
    removedWhenStopped: host.AutoRemove === true,
    stopTimeoutSeconds: config.StopTimeout ?? null,
    deviceDrivers: (host.DeviceRequests ?? []).map(({ Driver }) => Driver ?? ""),
    anonymousVolumes: (json.Mounts ?? []).flatMap(({ Type, Name = "", Destination }) =>
      Type === "volume" && /^(?:[0-9a-f]{64})?$/.test(Name) ? Destination : [],
    ),
    others: otherSettings(json),
  };
}

function defaultsOf({ Config }: ImageSettingsJson): ImageDefaults {
  const config = Config ?? {};
  const { Entrypoint: entrypoint } = config;
  return {
    environment: variables(config.Env ?? []),
    entrypoint: typeof entrypoint === "string" ? [entrypoint] : (entrypoint ?? []),
    command: config.Cmd ?? [],
    workingDir: config.WorkingDir ?? "",
    user: config.User ?? "",
    stopSignal: config.StopSignal || null,
    healthTest: config.Healthcheck?.Test ?? null,
  };
}

function variables(lines: readonly string[]): Readonly<Record<string, string>> {
  const pairs = lines.map((line) => {
    const [name = "", ...value] = line.split("=");
    return [name, value.join("=")] as const;
  });
  return Object.fromEntries(pairs);
}
