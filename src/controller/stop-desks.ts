import type { EventSink } from "../ports/event-sink.ts";
import { EmergencyDesk } from "./emergency-desk.ts";
import type { ManagerPorts } from "./manager-ports.ts";
import { StopOverrideDesk } from "./stop-override-desk.ts";

/** Who stops what, whatever its file says. */
export interface StopDesks {
  readonly emergency: EmergencyDesk;
  readonly overrides: StopOverrideDesk;
}

/** `onChange`: everybody is to be looked at. */
export function stopDesks(ports: ManagerPorts, events: EventSink, onChange: () => void): StopDesks {
  const { clock, log, store, sources } = ports;
  const shared = { clock, log, events, onChange };
  return {
    emergency: new EmergencyDesk({ ...shared, document: ports.emergencyStops }),
    overrides: new StopOverrideDesk({ ...shared, document: ports.stopOverrides, store, sources }),
  };
}
