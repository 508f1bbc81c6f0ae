/** engramlt demo: the whole system once, for real, in a temporary folder of its own. */
import { EngramError, exitCodes } from "../../kernel/errors.ts";
import { exists } from "../../runtime/data_folder.ts";
import { stopSignals } from "../../runtime/platform.ts";
import type { Call, Leaf } from "../command.ts";
import { fromCaller } from "../paths.ts";
import { shellWord } from "../terminal/shell_word.ts";
import type { Ends } from "./host.ts";

/** Tries to remove the folder, while a process that was just ended may still write its last file. */
const removalsMax = 50;
const removalPauseMs = 20;

/** A temporary folder, and the processes that run in it. */
class Stage {
  readonly folder = Deno.makeTempDirSync({ prefix: "engramlt-demo-" });
  readonly #children: Ends[] = [];
  readonly #isKept: boolean;

  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  add(child: Ends): void {
    this.#children.push(child);
  }

  /** Ends the processes, at once, and removes the folder unless it is kept. */
  clear(): void {
    for (const child of this.#children) child.end();
    for (let left = removalsMax; !this.#isKept && exists(this.folder) && left > 0; left--) {
      try {
        Deno.removeSync(this.folder, { recursive: true });
      } catch (error) {
        if (!(error instanceof Error && "code" in error)) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, removalPauseMs);
      }
    }
  }
}

async function run(call: Call): Promise<void> {
  const { screen } = call;
  const [{ Story }, { runDemo }, { runFolderDemo }, { programName }] = await Promise.all([
    import("./screen.ts"),
    import("./run.ts"),
    import("./folder.ts"),
    import("./steps.ts"),
  ]);
  const story = new Story(screen);
  const path = call.text("path");
  const isKept = call.has("keep");
  const stage = new Stage(isKept);
  const onSignal = () => {
    stage.clear();
    Deno.exit(exitCodes.interrupted);
  };
  for (const signal of stopSignals) Deno.addSignalListener(signal, onSignal);
  try {
    const parts = {
      story,
      folder: stage.folder,
      replayWorkers: call.whole("workers") ?? 2,
      onChild: (child: Ends) => stage.add(child),
    };
    const report = path === null
      ? await runDemo(parts)
      : await runFolderDemo(parts, fromCaller(screen.terminal, path), path);
    const program = programName(screen.terminal.env);
    const kept = isKept ? report.data : null;
    screen.result({ ...report, kept }, () => {
      story.gap();
      for (const line of nextLines(program, kept, path)) story.plain(line);
    });
    screen.summary(kept === null ? "temporary data folder removed" : `kept ${kept}`);
    if (report.ok) return;
    const message = path === null
      ? "Cannot keep every promise"
      : "Cannot show all findings: an agent did not finish";
    throw new EngramError("demo_failed", `${message}; the line with ✗ says more`);
  } finally {
    for (const signal of stopSignals) Deno.removeSignalListener(signal, onSignal);
    stage.clear();
  }
}

function nextLines(program: string, kept: string | null, path: string | null): string[] {
  const own = path === null ? [`${program} demo ~/notes`] : [];
  const again = path === null ? "demo --keep" : `demo ${shellWord(path)} --keep`;
  const onKept = `${program} --data ${shellWord(kept ?? "")}`;
  const next = kept === null
    ? [...own, `${program} ${again}`, `${program} remember "…"`]
    : [`${onKept} ask "…"`, `${onKept} why @last`, ...own];
  return next.map((line, at) => `${at === 0 ? "Next:" : "     "}  ${line}`);
}

/** engramlt demo */
export const demo: Leaf = {
  name: "demo",
  says: "run the whole system once, on notes of its own or on yours",
  places: [{ name: "path", says: "your own folder of notes, only read", optional: true, noFlag: true }],
  flags: [{ flags: "--keep", says: "keep the temporary data folder, and say where it is" }],
  examples: ["demo", "demo ~/notes", "demo --keep"],
  notes:
    "It runs in a temporary data folder, whatever --data says, and leaves nothing behind without --keep.\n" +
    "Each ✓ is a promise that was tried just now; a ✗ makes the exit code 12.",
  catchesSignals: true,
  run,
};
