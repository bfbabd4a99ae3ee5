import { sha256 } from "../util/hash.ts";

/** Which controller a state directory belongs to: stable when the state is lost, different for another one. */
export function instanceName(machineId: string, stateDirectory: string): string {
  return sha256(`${machineId}\n${stateDirectory}`).slice(0, 12);
}
