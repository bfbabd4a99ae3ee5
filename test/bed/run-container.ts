import type Docker from "dockerode";

/** What a finished container said and how it ended. */
export interface ContainerResult {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a container of the image to its end and removes it; throws when it cannot start. */
export async function runContainer(
  docker: Docker,
  image: string,
  command: readonly string[],
  hostConfig: Docker.HostConfig = {},
): Promise<ContainerResult> {
  const container = await docker.createContainer({
    Image: image,
    Cmd: [...command],
    Tty: true,
    HostConfig: hostConfig,
  });
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const output = await container.logs({ stdout: true, stderr: true });
    return { exitCode: StatusCode, output: output.toString().replaceAll("\r", "") };
  } finally {
    await container.remove({ force: true });
  }
}

/** The device request that ds01 makes in hook mode: these UUIDs, nothing else. */
export function gpuRequest(...deviceIds: string[]): Docker.DeviceRequest {
  return { Driver: "nvidia", DeviceIDs: deviceIds, Capabilities: [["gpu"]] };
}
