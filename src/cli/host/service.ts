/**
 * engramlt service: the host as a service of the person's own, kept by systemd, launchd or the Task Scheduler.
 *
 * Owns: writing the file, telling the keeper, and what to say where it is not there.
 * Does not own: the file's text (service_files.ts), what the service runs (`engramlt up`).
 *
 * Invariants:
 * 1. An install that fails leaves no file that was not there before.
 * 2. Installing the same again changes nothing and starts what has stopped.
 */
import { dirname, isAbsolute } from "node:path";
import { EngramError } from "../../kernel/errors.ts";
import { defaultDataFolder, homeFolder, os } from "../../runtime/platform.ts";
import type { Call, Group, Leaf } from "../command.ts";
import { flagName, usage } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { fileRefusal, fromCaller, statOf } from "../paths.ts";
import { findProgram } from "../setup/client_states.ts";
import type { Started } from "../setup/clients.ts";
import { registered } from "../setup/registered.ts";
import { printable } from "../terminal/screen.ts";
import {
  type Keeper,
  keeperOf,
  keepers,
  type ServiceFile,
  serviceFile,
  startsProgram,
} from "./service_files.ts";
import { doorFlags, hostSettings, settingFlags } from "./settings.ts";

/** For a keeper's program to answer, in ms. */
const keeperWaitMsMax = 60_000;

/** A service of a data folder. */
interface Service {
  readonly keeper: Keeper;
  readonly name: string;
  readonly data: string;
  readonly file: ServiceFile;
  /** This program, as the file names it. */
  readonly program: Started;
  /** What a person should know of the program, or null. */
  readonly says: string | null;
}

/** Eight digits that tell one folder from another. By WebCrypto: node:crypto takes 25 ms to load at every start. */
async function digestOf(data: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(data));
  return new Uint8Array(digest).toHex().slice(0, 8);
}

/** The service that a call is about. */
async function serviceOf(call: Call): Promise<Service> {
  const { terminal } = call.screen;
  const { data } = connectOptions(call);
  const usual = keeperOf(os);
  const keeper = call.choice("keeper", keepers) ?? usual;
  const home = homeFolder();
  if (keeper === null || home === null) {
    throw new EngramError(
      "not_available",
      `Cannot keep a service: none is known for ${os}, or no home folder is set`,
    );
  }
  if (keeper !== usual && !call.has("print")) {
    throw usage(`Cannot use ${keeper}: this is ${os}`, "--print shows its file all the same");
  }
  // A folder that is not the usual one has a service of its own.
  const name = data === defaultDataFolder() ? "engramlt" : `engramlt-${await digestOf(data)}`;
  const { program, says } = registered();
  const isNamed = !isAbsolute(program.command); // found by a search that no keeper makes as the shell does
  const command = isNamed ? await findProgram(program.command, terminal) : program.command;
  if (command === null) {
    throw new EngramError("not_available", `Cannot find ${program.command}: it is not on PATH`);
  }
  const own = { command, args: program.args };
  const facts = {
    program: { command, args: [...program.args, "up", "--data", data, ...flagsGiven(call)] },
    data,
    searchPath: isNamed ? terminal.env("PATH") ?? null : null,
    name,
    home,
    configHome: terminal.env("XDG_CONFIG_HOME") || null,
  };
  return { keeper, name, data, file: serviceFile(keeper, facts), program: own, says };
}

/** The flags of `up` that this call was given: the service gets the same. */
function flagsGiven(call: Call): string[] {
  const words: string[] = [];
  const config = call.origin("config") === "flag" ? call.text("config") : null;
  if (config !== null) words.push("--config", fromCaller(call.screen.terminal, config));
  for (const name of ["port", "host", "workers", ...doorFlags.map(flagName)]) {
    const text = call.origin(name) === "flag" ? call.text(name) : null;
    if (text !== null) words.push(`--${name}`, text);
  }
  const names = call.origin("allowed-hosts") === "flag" ? call.listed("allowed-hosts") : null;
  if (names !== null) words.push("--allowed-hosts", names.join(","));
  for (const name of ["allow-remote", "no-agents"]) if (call.origin(name) === "flag") words.push(`--${name}`);
  return words;
}

/** What a keeper's program said. */
interface Said {
  readonly ok: boolean;
  readonly words: string;
}

/** Runs a keeper's program. Errors: `not_available` where it is not there. */
async function ask(command: string, args: readonly string[]): Promise<Said> {
  try {
    const signal = AbortSignal.timeout(keeperWaitMsMax);
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      signal,
    })
      .output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { ok: success, words: [decode(stdout), decode(stderr)].filter((text) => text !== "").join("\n") };
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    const words = isMissing ? "it is not there" : error instanceof Error ? error.message : String(error);
    throw new EngramError(
      "not_available",
      `Cannot run ${command}: ${words}`,
      {},
      "engramlt service install --print shows the file, for a keeper of your own",
    );
  }
}

/** Asks a keeper, and refuses where it says no. */
async function mustAsk(command: string, args: readonly string[]): Promise<void> {
  const { ok, words } = await ask(command, args);
  if (ok) return;
  const line = words.split("\n")[0] ?? "";
  throw new EngramError(
    "not_available",
    `Cannot keep the service: ${command} ${args.join(" ")} said ${JSON.stringify(line)}`,
    {},
    "engramlt up runs the host without a service; engramlt service install --print shows the file",
  );
}

const launchdDomain = (): string => `gui/${Deno.uid() ?? ""}`;

/** Has the keeper run the service, now and from every login on. */
async function begin({ keeper, name, file }: Service, isChanged: boolean): Promise<void> {
  switch (keeper) {
    case "systemd": {
      await mustAsk("systemctl", ["--user", "daemon-reload"]);
      await mustAsk("systemctl", ["--user", "enable", `${name}.service`]);
      return await mustAsk("systemctl", ["--user", isChanged ? "restart" : "start", `${name}.service`]);
    }
    case "launchd":
      if ((await ask("launchctl", ["print", `${launchdDomain()}/${name}`])).ok) {
        if (!isChanged) return await mustAsk("launchctl", ["kickstart", `${launchdDomain()}/${name}`]);
        await mustAsk("launchctl", ["bootout", `${launchdDomain()}/${name}`]);
      }
      return await mustAsk("launchctl", ["bootstrap", launchdDomain(), file.path]);
    case "task-scheduler":
      if (isChanged) await mustAsk("schtasks", ["/Create", "/TN", name, "/XML", file.path, "/F"]);
      return await mustAsk("schtasks", ["/Run", "/TN", name]);
    default:
      return keeper satisfies never;
  }
}

/** Has the keeper stop and forget the service; what it said, where it could not. */
async function end({ keeper, name }: Service): Promise<string | null> {
  const said = await (() => {
    switch (keeper) {
      case "systemd":
        return ask("systemctl", ["--user", "disable", "--now", `${name}.service`]);
      case "launchd":
        return ask("launchctl", ["bootout", `${launchdDomain()}/${name}`]);
      case "task-scheduler":
        return ask("schtasks", ["/Delete", "/TN", name, "/F"]);
      default:
        return keeper satisfies never;
    }
  })();
  return said.ok ? null : said.words;
}

/** Whether the keeper runs it; null: it can't be told. */
async function runs({ keeper, name }: Service): Promise<{ running: boolean | null; words: string }> {
  try {
    switch (keeper) {
      case "systemd": {
        const { words } = await ask("systemctl", ["--user", "is-active", `${name}.service`]);
        const state = words.split("\n")[0] ?? "";
        const isKnown = /^(?:active|inactive|failed|activating|deactivating)$/.test(state);
        return { running: isKnown ? state === "active" : null, words: state };
      }
      case "launchd": {
        const { ok, words } = await ask("launchctl", ["print", `${launchdDomain()}/${name}`]);
        const state = /^\s*state = (.+)$/m.exec(words)?.[1] ?? "not loaded";
        return { running: ok && state === "running", words: state };
      }
      case "task-scheduler": {
        const { ok, words } = await ask("schtasks", ["/Query", "/TN", name, "/FO", "CSV", "/NH"]);
        return { running: ok && /Running/i.test(words), words };
      }
      default:
        return keeper satisfies never;
    }
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    return { running: null, words: error.message };
  }
}

/** The text of the file as it stands, or null. The Task Scheduler's is UTF-16. */
async function written({ keeper, file }: Service): Promise<string | null> {
  if (await statOf(file.path) === null) return null;
  try {
    const bytes = await Deno.readFile(file.path);
    return new TextDecoder(keeper === "task-scheduler" ? "utf-16le" : "utf-8").decode(bytes);
  } catch (error) {
    throw fileRefusal("read", file.path, error);
  }
}

async function write({ keeper, file }: Service): Promise<void> {
  const { path, text } = file;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.new`;
    await Deno.writeFile(
      temporary,
      keeper === "task-scheduler" ? utf16(text) : new TextEncoder().encode(text),
    );
    await Deno.rename(temporary, path);
  } catch (error) {
    throw fileRefusal("write", path, error);
  }
}

/** UTF-16, little end first, with its mark. */
function utf16(text: string): Uint8Array {
  const units = new DataView(new ArrayBuffer(2 * (text.length + 1)));
  units.setUint16(0, 0xfeff, true);
  for (let at = 0; at < text.length; at++) units.setUint16(2 * (at + 1), text.charCodeAt(at), true);
  return new Uint8Array(units.buffer);
}

const keeperFlag = {
  flags: "--keeper NAME",
  says: "whose file to print: that of this system where absent",
  choices: keepers,
};

const install: Leaf = {
  name: "install",
  says: "start the host at every login, and now; again after a failure",
  flags: [
    { flags: "--print", says: "print the service's file and change nothing" },
    keeperFlag,
    ...settingFlags,
  ],
  examples: ["service install", "service install --port 4100", "service install --print"],
  notes:
    "It runs engramlt up on the data folder, as you, with the flags that are given here. A host that an assistant\n" +
    "started keeps the folder until it ends; the service tries once a minute and takes it then.",
  async run(call) {
    const service = await serviceOf(call);
    const { keeper, name, file, says, data } = service;
    if (call.has("print")) {
      return call.screen.result({ keeper, name, ...file }, () => call.screen.terminal.out(file.text));
    }
    // What up would refuse is refused here, where a person sees it.
    const { options } = await hostSettings(call);
    const { checkListenAddress } = await import("../../api/addresses.ts");
    if (options.host !== undefined) checkListenAddress(options.host, options.allowRemote === true);
    const before = await written(service);
    const isChanged = before !== file.text;
    if (isChanged) await write(service);
    try {
      await begin(service, isChanged);
    } catch (error) {
      if (before === null) await Deno.remove(file.path);
      throw error;
    }
    call.screen.result({ keeper, name, path: file.path, data, changed: isChanged }, () => {
      call.screen.line(`${call.screen.paint("green", "✓")} ${keeper} keeps ${name}: ${file.path}`);
    });
    if (says !== null) call.screen.note(says);
    if (keeper === "systemd") call.screen.note("It ends when you log out; loginctl enable-linger keeps it");
    call.screen.summary(isChanged ? "installed" : "was installed already");
  },
};

const remove: Leaf = {
  name: "remove",
  says: "stop the service and take it out of the system's hands",
  examples: ["service remove"],
  async run(call) {
    const service = await serviceOf(call);
    const { keeper, name, file } = service;
    const isThere = await written(service) !== null;
    const trouble = isThere ? await end(service) : null;
    if (isThere) await Deno.remove(file.path);
    if (isThere && keeper === "systemd") await ask("systemctl", ["--user", "daemon-reload"]);
    call.screen.result({ keeper, name, path: file.path, removed: isThere }, () => {
      call.screen.line(isThere ? `${name} is removed: ${file.path}` : `${name} is not installed`);
    });
    if (trouble !== null) call.screen.note(`${keeper} said: ${printable(trouble)}`);
  },
};

/** What is known of a service. */
export interface ServiceState {
  readonly keeper: Keeper;
  readonly name: string;
  readonly path: string;
  readonly installed: boolean;
  /** Whether it starts this program, by its path. */
  readonly ownProgram: boolean;
  readonly running: boolean | null;
  readonly state: string;
}

/** Looks at the service of a call's data folder. */
export async function serviceState(call: Call): Promise<ServiceState> {
  const service = await serviceOf(call);
  const { keeper, name, file, program } = service;
  const text = await written(service);
  const { running, words } = text === null ? { running: false, words: "not installed" } : await runs(service);
  return {
    keeper,
    name,
    path: file.path,
    installed: text !== null,
    ownProgram: text !== null && startsProgram(keeper, text, program),
    running,
    state: words,
  };
}

const status: Leaf = {
  name: "status",
  says: "show whether the service is installed and runs",
  examples: ["service status", "service status --json"],
  async run(call) {
    const state = await serviceState(call);
    call.screen.result(state, () =>
      call.screen.facts([
        ["service", state.name],
        ["kept by", state.keeper],
        ["file", state.installed ? state.path : `none (${state.path})`],
        [
          "runs",
          state.running === null ? `unknown: ${state.state}` : state.running ? "yes" : `no: ${state.state}`,
        ],
      ]));
    if (!state.installed) call.screen.note("engramlt service install makes it");
    else if (!state.ownProgram) {
      call.screen.note("It starts another program than this one; engramlt service install makes it this one");
    }
  },
};

/** engramlt service … */
export const service: Group = {
  name: "service",
  says: "the host as a service of your system: install, remove, status",
  commands: [install, remove, status],
};
