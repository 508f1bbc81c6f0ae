/** The flags that every command takes, before or after its name. */
import { EngramError } from "../kernel/errors.ts";
import type { Flag } from "./command.ts";
import { variableOf } from "./command.ts";
import type { ScreenOptions } from "./terminal/screen.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** Flags of every command. */
export const globalFlags: readonly Flag[] = [
  { flags: "--data DIR", says: "data folder (default: one folder of yours, see engramlt info)" },
  { flags: "--context NAME", says: "context to read or write (default: read all, write to personal)" },
  { flags: "--json", says: "print one JSON document" },
  { flags: "--jsonl", says: "print lists as one JSON document a line" },
  { flags: "-q, --quiet", says: "say nothing but results and errors" },
  { flags: "--color WHEN", says: "colour: auto, always or never", choices: ["auto", "always", "never"] },
  { flags: "--no-progress", says: "show no progress bar" },
  { flags: "-y, --yes", says: "answer questions with yes" },
  { flags: "--workers N", says: "worker threads for agents; never changes a result" },
  { flags: "--seed N", says: "seeded salts and a virtual clock, for tests (a new data folder only)" },
  { flags: "--command-id ID", says: "the same id again is the same command: nothing is done twice" },
  { flags: "--lock-wait-ms N", says: "how long to wait for a data folder in use (default: 5000)" },
];

/**
 * What the first flags decide: how to print. Read from the arguments as they are, so that errors obey it too, the one
 * in `wrong` first.
 */
export function screenOptions(
  args: readonly string[],
  terminal: Terminal,
): ScreenOptions & { readonly wrong: EngramError | null } {
  const end = args.indexOf("--");
  const seen = end < 0 ? args : args.slice(0, end);
  const isOn = (name: string) => {
    const variable = (terminal.env(variableOf(name)) ?? "").toLowerCase();
    return seen.includes(`--${name}`) || !["", "0", "false", "no", "off"].includes(variable);
  };
  const color = valueOf(seen, "--color") ?? terminal.env(variableOf("color")) ?? "auto";
  const known = color === "auto" || color === "always" || color === "never";
  return {
    format: isOn("jsonl") ? "jsonl" : isOn("json") ? "json" : "text",
    quiet: isOn("quiet") || seen.includes("-q"),
    color: known ? color : "auto",
    progress: !isOn("no-progress"),
    wrong: known ? null : new EngramError(
      "usage",
      `Cannot use --color ${JSON.stringify(color)}: it is auto, always or never`,
    ),
  };
}

function valueOf(args: readonly string[], flag: string): string | null {
  const at = args.findLastIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const arg = args[at];
  if (arg === undefined) return null;
  return arg === flag ? args[at + 1] ?? "" : arg.slice(flag.length + 1);
}
