/**
 * The assistants' programs that setup knows: where each keeps its settings, and in what shape.
 *
 * Owns: every path of another program, from the environment alone; the entry and the hooks each gets.
 * Does not own: reading and writing those files (client_files.ts).
 *
 * Invariant: no path comes from anywhere but clientPlaces(), so a test's environment leads to a test's folders.
 */
import { join } from "node:path";
import { EngramError } from "../../kernel/errors.ts";
import type { os as thisOs } from "../../runtime/platform.ts";
import { shellWord } from "../terminal/shell_word.ts";

/** The name of our entry in every client. */
const entryName = "engramlt";

/** Clients by the name that `setup` takes. */
export const clientNames = ["claude-code", "claude-desktop", "cursor", "vscode", "codex"] as const;
/** One of {@link clientNames}. */
export type ClientName = typeof clientNames[number];

/** Folders of a person that clients keep their things in. */
export interface ClientPlaces {
  readonly claudeFolder: string;
  readonly claudeJson: string;
  readonly claudeDesktopFolder: string;
  readonly cursorFolder: string;
  readonly vscodeFolder: string;
  readonly codexFolder: string;
}

/** Where clients keep their things, by the environment of an operating system. */
export function clientPlaces(env: (name: string) => string | undefined, os: typeof thisOs): ClientPlaces {
  const word = (name: string) => {
    const value = env(name);
    return value === undefined || value === "" ? null : value;
  };
  const home = os === "windows" ? word("USERPROFILE") ?? word("HOME") : word("HOME");
  if (home === null) {
    throw new EngramError(
      "usage",
      "Cannot find the assistants' settings: no variable names your home folder",
      {},
      "Set HOME",
    );
  }
  const settings = os === "windows"
    ? word("APPDATA") ?? join(home, "AppData", "Roaming")
    : os === "darwin"
    ? join(home, "Library", "Application Support")
    : word("XDG_CONFIG_HOME") ?? join(home, ".config");
  const claude = word("CLAUDE_CONFIG_DIR");
  return {
    claudeFolder: claude ?? join(home, ".claude"),
    claudeJson: join(claude ?? home, ".claude.json"),
    claudeDesktopFolder: join(settings, "Claude"),
    cursorFolder: join(home, ".cursor"),
    vscodeFolder: join(settings, "Code"),
    codexFolder: word("CODEX_HOME") ?? join(home, ".codex"),
  };
}

/** How a command is started: the program and its arguments, apart. */
export interface Started {
  readonly command: string;
  readonly args: readonly string[];
}

/** The entry in a file: a table of TOML, or a value of JSON. */
export type ClientFile =
  | { readonly form: "toml"; readonly path: string; readonly names: readonly [string, string] }
  | {
    readonly form: "json";
    readonly path: string;
    readonly comments: boolean;
    readonly at: readonly [string, string];
    /** VS Code and Claude Code name the transport. */
    readonly typed: boolean;
  };

/** A hook: the event, and what follows the program's name on its command line. */
export interface ClientHook {
  readonly event: string;
  readonly words: readonly string[];
  /** Seconds the client waits for it at most. */
  readonly timeoutS: number;
}

/** A client. */
export interface Client {
  readonly name: ClientName;
  readonly title: string;
  /** There when the client was installed. */
  readonly signs: readonly string[];
  readonly file: ClientFile;
  readonly hooks: { readonly path: string; readonly list: readonly ClientHook[] } | null;
  /** What a person has to know or do afterwards. */
  readonly note: string;
}

/** Hooks of type `command`: SessionStart runs before servers connect. A session's end waits for little. */
const hooksOf = (client: ClientName): readonly ClientHook[] => [
  { event: "SessionStart", words: ["brief", "--hook", client], timeoutS: 10 },
  { event: "PreCompact", words: ["hook", client], timeoutS: 10 },
  { event: "SessionEnd", words: ["hook", client], timeoutS: 3 },
];

/** All clients. */
export function clientsAt(places: ClientPlaces): readonly Client[] {
  const { claudeFolder, claudeJson, claudeDesktopFolder, cursorFolder, vscodeFolder, codexFolder } = places;
  const servers = ["mcpServers", entryName] as const;
  return [
    {
      name: "claude-code",
      title: "Claude Code",
      signs: [claudeFolder, claudeJson],
      file: { form: "json", path: claudeJson, comments: false, at: servers, typed: true },
      hooks: { path: join(claudeFolder, "settings.json"), list: hooksOf("claude-code") },
      note: "Sessions that run already see it after a restart",
    },
    {
      name: "claude-desktop",
      title: "Claude Desktop",
      signs: [claudeDesktopFolder],
      file: {
        form: "json",
        path: join(claudeDesktopFolder, "claude_desktop_config.json"),
        comments: false,
        at: servers,
        typed: false,
      },
      hooks: null,
      note: "Quit and start Claude Desktop to see it",
    },
    {
      name: "cursor",
      title: "Cursor",
      signs: [cursorFolder],
      file: {
        form: "json",
        path: join(cursorFolder, "mcp.json"),
        comments: false,
        at: servers,
        typed: false,
      },
      hooks: null,
      note: "Cursor asks once whether to switch it on",
    },
    {
      name: "vscode",
      title: "VS Code",
      signs: [vscodeFolder],
      file: {
        form: "json",
        path: join(vscodeFolder, "User", "mcp.json"),
        comments: true,
        at: ["servers", entryName],
        typed: true,
      },
      hooks: null,
      note: "VS Code asks once whether you trust it",
    },
    {
      name: "codex",
      title: "Codex",
      signs: [codexFolder],
      file: { form: "toml", path: join(codexFolder, "config.toml"), names: ["mcp_servers", entryName] },
      hooks: { path: join(codexFolder, "hooks.json"), list: hooksOf("codex") },
      note: "Codex runs the hooks once you trust them: /hooks",
    },
  ];
}

/** A command as one line of the system's shell, as hooks are written. */
export function shellLine({ command, args }: Started, os: typeof thisOs): string {
  return [command, ...args].map((word) => shellWord(word, os)).join(" ");
}
