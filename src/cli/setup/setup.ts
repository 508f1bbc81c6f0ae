/** engramlt setup: as the command line knows it; what it does is in run.ts. */
import type { Leaf } from "../command.ts";
import { clientNames } from "./clients.ts";

/** engramlt setup */
export const setup: Leaf = {
  name: "setup",
  says: "tell your assistants of this memory: shows each change of their settings, and asks",
  places: [{
    name: "client",
    says: `${clientNames.join(", ")}; every one found, where absent`,
    optional: true,
    many: true,
    noFlag: true,
  }],
  flags: [
    { flags: "--dry-run", says: "show the changes and write nothing" },
    {
      flags: "--undo",
      says: "give every file back as it was; or take out the entry, where others changed the file",
    },
    { flags: "--no-check", says: "do not start the configured command to try it" },
  ],
  examples: ["setup", "setup claude-code --dry-run", "setup --undo"],
  notes: `It adds one entry named engramlt for MCP, and for Claude Code and Codex hooks: a session begins with
engramlt brief, and is taken in at its end and before it is compacted. Everything else in those files stays as it is,
byte for byte; backups lie in the data folder under setup/. --yes answers the question, where there is no terminal.`,
  run: async (call) => await (await import("./run.ts")).runSetup(call),
};
