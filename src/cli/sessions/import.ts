/** engramlt import: as the command line knows it; what it does is in import_run.ts. */
import type { Leaf } from "../command.ts";
import { againFlag } from "../memory/memory.ts";

/** engramlt import */
export const importSessions: Leaf = {
  name: "import",
  says: "take in past sessions of an assistant, so that it remembers from the first day",
  places: [
    { name: "client", says: "claude-code or codex", noFlag: true },
    {
      name: "path",
      says: "a transcript or a folder of them (default: where the client keeps them)",
      optional: true,
    },
  ],
  flags: [
    { flags: "--since WHEN", says: "only what was said since: 30d, 12h, 8w, or a date" },
    againFlag,
  ],
  examples: ["import claude-code", "import codex --since 30d", "import claude-code ~/old/session.jsonl"],
  notes:
    `Each turn of the person and the assistant becomes a memory of a thread, with its time, in the project of the
folder it was said in. What tools put in and out stays out, and credentials are taken out. The same again changes
nothing; what was forgotten stays so.`,
  run: async (call) => await (await import("./import_run.ts")).runImport(call),
};
