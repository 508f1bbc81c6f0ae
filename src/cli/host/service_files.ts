/**
 * What a system's own keeper of services is told, so that the host is there from login on.
 *
 * Owns: the text and place of each keeper's file, and how words are quoted in it. Pure.
 * Does not own: writing it and talking to the keeper (service.ts).
 *
 * Invariants:
 * 1. Every word of the command reaches the program as it is, whatever stands in it; what a form cannot hold is refused.
 * 2. The host is started again after a failure, at most once a minute, and not after a clean end: `down`, or a newer
 *    version that takes over.
 * 3. It runs as the person, with no right more.
 *
 * Sources: systemd.service(5), systemd.syntax(7); launchd.plist(5); the schema of Task Scheduler 1.2.
 */
import { join } from "node:path";
import { EngramError } from "../../kernel/errors.ts";
import type { Started } from "../setup/clients.ts";

/** Keepers of services. */
export const keepers = ["systemd", "launchd", "task-scheduler"] as const;
/** One of {@link keepers}. */
export type Keeper = typeof keepers[number];

/** The keeper of an operating system; null where none is known. */
export function keeperOf(os: typeof Deno.build.os): Keeper | null {
  switch (os) {
    case "linux":
      return "systemd";
    case "darwin":
      return "launchd";
    case "windows":
      return "task-scheduler";
    default:
      return null;
  }
}

/** What a service is made of. */
export interface ServiceFacts {
  readonly program: Started;
  /** The data folder. */
  readonly data: string;
  /** The caller's PATH, where the program needs it to find what runs it; null of an executable. */
  readonly searchPath: string | null;
  /** Its name, such as `engramlt`. */
  readonly name: string;
  readonly home: string;
  /** XDG_CONFIG_HOME, where it is set. */
  readonly configHome: string | null;
}

/** A file of a service. */
export interface ServiceFile {
  readonly path: string;
  readonly text: string;
}

/** Seconds before it is started again after a failure: also where an assistant's host has the folder. */
const restartS = 60;
/** Seconds for a clean stop before it is killed. */
const stopS = 30;

/** The file of a service. Errors: `usage` where a word cannot stand in such a file. */
export function serviceFile(keeper: Keeper, facts: ServiceFacts): ServiceFile {
  for (const word of [facts.program.command, ...facts.program.args, facts.data, facts.searchPath ?? ""]) {
    // deno-lint-ignore no-control-regex
    if (/[\x00-\x1f\x7f]/.test(word)) {
      throw new EngramError(
        "usage",
        `Cannot make a service: ${JSON.stringify(word)} holds control characters`,
      );
    }
  }
  const replaced = /%[^%]+%|\$\(/.exec([facts.program.command, ...facts.program.args].join("\n"))?.[0];
  if (keeper === "task-scheduler" && replaced !== undefined) {
    throw new EngramError(
      "usage",
      `Cannot make a service: the Task Scheduler would put another text for ${replaced}`,
    );
  }
  switch (keeper) {
    case "systemd":
      return { path: join(systemdFolder(facts), `${facts.name}.service`), text: systemdUnit(facts) };
    case "launchd":
      return {
        path: join(facts.home, "Library", "LaunchAgents", `${facts.name}.plist`),
        text: launchdPlist(facts),
      };
    case "task-scheduler":
      return { path: join(facts.data, `${facts.name}.task.xml`), text: taskXml(facts) };
    default:
      return keeper satisfies never;
  }
}

/** Whether a service's file starts this program, with whatever flags. */
export function startsProgram(keeper: Keeper, text: string, { command, args }: Started): boolean {
  switch (keeper) {
    case "systemd":
      return text.includes(`\nExecStart=${[command, ...args].map(systemdWord).join(" ")} `);
    case "launchd":
      return text.includes([command, ...args].map(plistWord).join("\n"));
    case "task-scheduler":
      return text.includes(`<Command>${xmlText(command)}</Command>`) &&
        text.includes(`<Arguments>${xmlText(args.map(windowsWord).join(" "))}`);
    default:
      return keeper satisfies never;
  }
}

const systemdFolder = ({ configHome, home }: ServiceFacts) =>
  join(configHome ?? join(home, ".config"), "systemd", "user");

const title = "Engram-Lite: the memory that assistants share";

function systemdUnit({ program, searchPath }: ServiceFacts): string {
  // In an assignment a dollar sign is itself; systemd.exec(5).
  const variable = searchPath === null
    ? ""
    : `Environment=${systemdWord(`PATH=${searchPath}`).replaceAll("$$", "$")}\n`;
  return `[Unit]
Description=${title}
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${[program.command, ...program.args].map(systemdWord).join(" ")}
${variable}Restart=on-failure
RestartSec=${restartS}
TimeoutStopSec=${stopS}
UMask=0077

[Install]
WantedBy=default.target
`;
}

/** A word as systemd takes it back: nothing in it is a variable, a specifier or an escape. */
function systemdWord(word: string): string {
  const escaped = word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll(
    "$",
    "$$$$",
  );
  return `"${escaped}"`;
}

const plistWord = (word: string): string => `    <string>${xmlText(word)}</string>`;

function launchdPlist({ program, name, searchPath }: ServiceFacts): string {
  const variable = searchPath === null ? "" : `
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>${xmlText(searchPath)}</string>
  </dict>`;
  const words = [program.command, ...program.args].map(plistWord);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${xmlText(name)}</string>
  <key>ProgramArguments</key>
  <array>
${words.join("\n")}
  </array>${variable}
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>${restartS}</integer>
  <key>ExitTimeOut</key>
  <integer>${stopS}</integer>
  <key>Umask</key>
  <integer>63</integer>
  <key>ProcessType</key>
  <string>Background</string>
</dict>
</plist>
`;
}

function taskXml({ program }: ServiceFacts): string {
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>${xmlText(title)}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT${restartS / 60}M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${xmlText(program.command)}</Command>
      <Arguments>${xmlText(program.args.map(windowsWord).join(" "))}</Arguments>
    </Exec>
  </Actions>
</Task>
`;
}

const xmlText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A word as CommandLineToArgvW takes it back: backslashes count only before a quotation mark. */
function windowsWord(word: string): string {
  if (word !== "" && !/[\s"]/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}
