/**
 * What a host is told: by flags, by variables, by config.toml, in this order; by defaults where none says anything.
 *
 * Owns: which of them counts, and `engramlt config`, which shows it.
 * Does not own: names, bounds and defaults (input/settings.ts).
 *
 * Invariant: a value that is wrong is refused wherever it stands, also where another one counts.
 */
import type { HostOptions } from "../../api/mod.ts";
import type { DoorSetting } from "../../input/mod.ts";
import { EngramError } from "../../kernel/errors.ts";
import { dataPaths } from "../../runtime/data_folder.ts";
import { type Call, type Flag, flagName, type Leaf } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { fromCaller, readText, statOf } from "../paths.ts";
import { printable } from "../terminal/screen.ts";

/** Where a setting comes from. */
export type SettingOrigin = "flag" | "variable" | "file" | "default";

/** A setting, and who said so. */
export interface Setting {
  readonly name: string;
  readonly value: string | number | boolean | null | readonly string[];
  readonly from: SettingOrigin;
}

/** What a host is told. */
export interface Told {
  /** The settings file, whether it is there or not. */
  readonly file: { readonly path: string; readonly exists: boolean };
  readonly settings: readonly Setting[];
  readonly options: Pick<
    HostOptions,
    "port" | "host" | "allowRemote" | "allowedHosts" | "workers" | "agents" | "logLevel" | "limits"
  >;
  /** For a host that a client starts, in ms; null: it does not end by itself. */
  readonly idleStopMs: number | null;
}

/** Where the settings file is. */
export const configFlag: Flag = {
  flags: "--config FILE",
  says: "settings file (default: config.toml in the data folder)",
};

/** The flags of limits of the HTTP door. */
export const doorFlags: readonly Flag[] = [
  { flags: "--connections-max N", says: "connections to the HTTP door at once (default: 2048)" },
  { flags: "--requests-max N", says: "requests under way at once (default: 1024)" },
  { flags: "--events-clients-max N", says: "streams of events at once (default: 32)" },
  { flags: "--headers-wait-ms-max N", says: "ms for the head of a request to arrive (default: 15000)" },
  { flags: "--body-wait-ms-max N", says: "ms for the body of a request to arrive (default: 30000)" },
  {
    flags: "--idle-connection-ms-max N",
    says: "ms without a request until a connection is closed (default: 60000)",
  },
];

/** The flags of a host's settings; `--workers` is every command's. */
export const settingFlags: readonly Flag[] = [
  { flags: "--port N", says: "port to listen on (default: a free one)" },
  { flags: "--host ADDRESS", says: "IP address to listen on (default: 127.0.0.1, this machine alone)" },
  { flags: "--allow-remote", says: "agree to a --host that other machines reach" },
  { flags: "--allowed-hosts NAME", says: "names it may be asked by as well, as of a proxy", many: true },
  { flags: "--no-agents", says: "load no agents, and wake none after changes" },
  { flags: "--log-level LEVEL", says: "what host.log tells: error, warn, info, debug (default: info)" },
  ...doorFlags,
  configFlag,
];

/** Of the host that clients start. */
export const idleFlag: Flag = {
  flags: "--idle-stop-minutes N",
  says: "minutes of nothing before it ends; 0: never (default: 30)",
};

/** Reads a host's settings. Errors: `usage`, `invalid_config`, `file_not_found` for a file that was named. */
export async function hostSettings(call: Call): Promise<Told> {
  const { doorSettings, hostDefaults, readGivenSettings, readSettingsFile, settingNames } = await import(
    "../../input/mod.ts"
  );
  const { data } = connectOptions(call);
  const file = await settingsFile(call, data);
  const inFile = file.text === null ? {} : readSettingsFile(file.text, file.path);
  const given = readGivenSettings(givenValues(call));
  const merged = { ...hostDefaults, ...inFile, ...given };
  const settings = settingNames.map((name): Setting => ({
    name,
    value: merged[name],
    from: call.origin(name) ?? (name in inFile ? "file" : "default"),
  }));
  const { port, host, workers, "idle-stop-minutes": minutes } = merged;
  return {
    file: { path: file.path, exists: file.text !== null },
    settings,
    options: {
      port,
      host,
      allowRemote: merged["allow-remote"],
      allowedHosts: merged["allowed-hosts"],
      ...(workers === null ? {} : { workers }),
      agents: merged["no-agents"] ? "none" : "bundled",
      logLevel: merged["log-level"],
      limits: Object.fromEntries(
        Object.entries(doorSettings).map(([name, limit]) => [limit, merged[name as DoorSetting]]),
      ),
    },
    idleStopMs: minutes === 0 ? null : minutes * 60_000,
  };
}

/** What flags and variables say. */
function givenValues(call: Call): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const add = (name: string, read: () => unknown) => {
    if (call.origin(name) !== null) values[name] = read();
  };
  for (const name of ["port", "workers", "idle-stop-minutes", ...doorFlags.map(flagName)]) {
    add(name, () => call.number(name));
  }
  for (const name of ["allow-remote", "no-agents"]) add(name, () => call.has(name));
  for (const name of ["host", "log-level"]) add(name, () => call.text(name));
  add("allowed-hosts", () => call.listed("allowed-hosts"));
  return values;
}

async function settingsFile(
  call: Call,
  data: string,
): Promise<{ readonly path: string; readonly text: string | null }> {
  const named = call.text("config");
  const path = named === null ? dataPaths(data).config : fromCaller(call.screen.terminal, named);
  const stat = await statOf(path);
  if (named === null && stat === null) return { path, text: null };
  const { tomlBytesMax } = await import("../../input/text.ts");
  if (stat?.isDirectory === true) {
    throw new EngramError("invalid_config", `Cannot read ${path}: it is a folder`, { path });
  }
  if ((stat?.size ?? 0) > tomlBytesMax) {
    const message = `Cannot read ${path}: it has more than ${tomlBytesMax} bytes`;
    throw new EngramError("invalid_config", message, { path });
  }
  return { path, text: await readText(path, "read") };
}

const origins: Readonly<Record<SettingOrigin, string>> = {
  flag: "a flag",
  variable: "a variable",
  file: "the file",
  default: "",
};

/** A setting's value as TOML has it; `-` where none is said. */
const shown = (value: Setting["value"]): string =>
  value === null ? "-" : printable(Array.isArray(value) ? JSON.stringify(value) : String(value));

/** engramlt config */
export const config: Leaf = {
  name: "config",
  says: "show the settings of a host, and where each comes from",
  flags: [...settingFlags, idleFlag],
  examples: ["config", "config --json"],
  notes:
    "A flag counts before its variable (ENGRAMLT_PORT of --port), that before config.toml in the data folder,\n" +
    "whose keys are the flags' names: port = 4100. docs/host.md says more.",
  async run(call) {
    const { file, settings } = await hostSettings(call);
    call.screen.result({ file, settings }, () => {
      call.screen.table(settings, [
        { title: "NAME", text: ({ name }) => name },
        { title: "VALUE", text: ({ value }) => shown(value), fills: true },
        { title: "FROM", text: ({ from }) => origins[from] },
      ]);
    });
    call.screen.summary(file.exists ? file.path : `${file.path} is not there: it may hold any of these`);
  },
};
