/** What a host is told by flags, variables and its file. */
import type { HostOptions } from "../api/mod.ts";
import type { Call } from "./command.ts";
import { connectOptions } from "./connect.ts";

/** Minutes without anything to do after which a host that a client started ends. */
export const idleStopMinutesDefault = 30;

/** A host's settings. */
export interface HostSettings {
  readonly options: Pick<HostOptions, "port" | "workers" | "agents">;
  readonly idleStopMs: number | null;
}

/** Reads the settings of a host. */
export function hostSettings(call: Call): Promise<HostSettings> {
  const { workers } = connectOptions(call);
  const port = call.whole("port", 0);
  const minutes = call.number("idle-stop-minutes") ?? idleStopMinutesDefault;
  return Promise.resolve({
    options: {
      ...(workers === null ? {} : { workers }),
      ...(port === null ? {} : { port }),
      agents: call.has("no-agents") ? "none" : "bundled",
    },
    idleStopMs: minutes === 0 ? null : minutes * 60_000,
  });
}
