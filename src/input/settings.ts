/**
 * The settings of a host, as `config.toml` holds them: one schema for the file, the flags and the variables.
 *
 * Owns: their names, bounds and defaults (published as docs/config.schema.json). A name is that of its flag.
 * Does not own: which of flag, variable and file counts (cli/host/settings.ts), what a setting
 * does (api/serve_host.ts).
 */
import { z } from "zod";
import { EngramError } from "../kernel/errors.ts";
import { firstIssue, issueWords } from "./issues.ts";
import { type LogLevel, logLevels } from "./log_levels.ts";
import { readToml } from "./toml.ts";
import { workersMax } from "./worker_count.ts";

const hostName = z.string().regex(
  /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?$/,
  "must be a name such as memory.example.org, or name:port",
);

const count = (most: number) => z.int().min(1).max(most).exactOptional();
const waitMs = () => z.int().min(100).max(3_600_000).exactOptional();

/** Every setting of a host. */
export const hostSettingsSchema = z.strictObject({
  port: z.int().min(0).max(65_535).exactOptional()
    .describe("The port to listen on; 0, the default, takes a free one"),
  host: z.string().min(1).max(45).exactOptional()
    .describe("The IP address to listen on; 127.0.0.1, the default, is this machine alone"),
  "allow-remote": z.boolean().exactOptional()
    .describe("Agrees to a host that other machines reach: without it such an address is refused"),
  "allowed-hosts": z.array(hostName).max(32).exactOptional()
    .describe("Names under which it may be asked as well, such as that of a proxy before it"),
  workers: z.int().min(1).max(workersMax).exactOptional()
    .describe("Worker threads for agents; never changes a result. One a processor where absent"),
  "no-agents": z.boolean().exactOptional()
    .describe("Load no bundled agents, and wake none after changes"),
  "idle-stop-minutes": z.number().min(0).max(525_600).exactOptional()
    .describe("Minutes of nothing after which a host that an assistant started ends; 0: never. Default 30"),
  "log-level": z.enum(logLevels).exactOptional()
    .describe("What host.log tells: error, warn, info (the default), or debug, which tells every request"),
  "connections-max": count(65_535)
    .describe(
      "Connections to the HTTP door at once. Default 2,048; fewer where the system allows fewer open files",
    ),
  "requests-max": count(65_535)
    .describe("Requests under way at once at the HTTP door. Default 1,024"),
  "events-clients-max": count(4096)
    .describe("Streams of events at once. Default 32"),
  "headers-wait-ms-max": waitMs()
    .describe("ms for the head of a request to arrive. Default 15,000"),
  "body-wait-ms-max": waitMs()
    .describe("ms for the body of a request to arrive. Default 30,000"),
  "idle-connection-ms-max": waitMs()
    .describe("ms without a request after which a connection is closed. Default 60,000"),
}).describe("Settings of the host of Engram-Lite: config.toml in the data folder");

/** What a file, or flags and variables, say. */
export type HostSettings = z.infer<typeof hostSettingsSchema>;
/** The name of a setting: of its flag, and its key in the file. */
export type SettingName = keyof typeof hostSettingsSchema.shape;

/** The settings, in the order in which they are shown. */
export const settingNames = Object.keys(hostSettingsSchema.shape) as readonly SettingName[];

/** What holds where nothing is said; null: decided when it starts. */
export const hostDefaults = {
  port: 0,
  host: "127.0.0.1",
  "allow-remote": false,
  "allowed-hosts": [],
  workers: null,
  "no-agents": false,
  "idle-stop-minutes": 30,
  "log-level": "info" as LogLevel,
  "connections-max": 2048,
  "requests-max": 1024,
  "events-clients-max": 32,
  "headers-wait-ms-max": 15_000,
  "body-wait-ms-max": 30_000,
  "idle-connection-ms-max": 60_000,
} as const satisfies { readonly [Name in SettingName]: Required<HostSettings>[Name] | null | readonly [] };

/** The settings that are limits of the HTTP door, and the names of these. */
export const doorSettings = {
  "connections-max": "connectionsMax",
  "requests-max": "requestsMax",
  "events-clients-max": "eventsClientsMax",
  "headers-wait-ms-max": "headersWaitMsMax",
  "body-wait-ms-max": "bodyWaitMsMax",
  "idle-connection-ms-max": "idleConnectionMsMax",
} as const satisfies { readonly [Name in SettingName]?: string };

/** The name of a setting that is a limit of the HTTP door. */
export type DoorSetting = keyof typeof doorSettings;

/** Reads `config.toml`. Errors: `invalid_config` with path, and line or field. */
export function readSettingsFile(text: string, path: string): HostSettings {
  return readToml(text, path, hostSettingsSchema);
}

/** Settings that were given on the command line or by variables. Errors: `usage` with the setting's name. */
export function readGivenSettings(values: Readonly<Record<string, unknown>>): HostSettings {
  const result = hostSettingsSchema.safeParse(values);
  if (result.success) return result.data;
  const issue = firstIssue(result.error.issues);
  const name = String(issue?.path[0] ?? "");
  const what = issue?.code === "invalid_format" ? issue.message : issueWords(issue);
  throw new EngramError("usage", `Cannot use --${name} ${JSON.stringify(values[name])}: it ${what}`);
}
