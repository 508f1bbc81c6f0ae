/** engramlt replay: run the log again and compare every tick. */
import { EngramError } from "../../kernel/errors.ts";
import type { Leaf } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { count, plural } from "../terminal/screen.ts";
import { whichCheckpoint } from "./checkpoint.ts";

/** engramlt replay */
export const replay: Leaf = {
  name: "replay",
  says: "run every step of the log again and compare every tick with what happened",
  flags: [
    { flags: "--verify", says: "compare every tick (always done; kept for scripts)" },
    { flags: "--from TICK", says: "begin from the checkpoint of that tick; latest: the newest whole one" },
  ],
  examples: [
    "replay --verify",
    "replay --verify --workers 4 --json",
    "replay --verify --from latest",
  ],
  notes:
    "Nothing is written and no model or network is used. The first difference is named; the exit code is then 12.\n" +
    "At each checkpoint on the way the rows of the memory graph are compared with it, too.",
  async run(call) {
    const { replay: run } = await import("../../runtime/mod.ts");
    const { data, workers } = connectOptions(call);
    const from = whichCheckpoint(call, "from");
    const report = await run({
      data,
      ...(from === null ? {} : { from }),
      ...(workers === null ? {} : { workers }),
      onProgress: (progress) => call.screen.progress(progress),
    });
    call.screen.result(report, () => {
      const word = report.ok
        ? call.screen.paint("green", "✓ identical")
        : call.screen.paint("red", "✗ different");
      const ticks = plural(report.ticks, "tick");
      call.screen.line(
        `${word}  ${ticks}, ${plural(report.steps, "step")}, ${plural(report.workers, "worker")}`,
      );
      if (report.from !== null) call.screen.line(`begun from the checkpoint of tick ${count(report.from)}`);
      if (report.checkpoints.length > 0) {
        call.screen.line(`rows equal at the checkpoint of tick ${report.checkpoints.map(count).join(", ")}`);
      }
      if (report.redacted > 0) {
        call.screen.line(`${plural(report.redacted, "tick")} taken as logged: something of them was erased`);
      }
      call.screen.line(`state hash ${report.stateHash}`);
      if (report.first === undefined) return;
      const { tick, agent, what, expected, actual } = report.first;
      call.screen.line(
        `first difference at tick ${count(tick)}${agent === null ? "" : `, agent ${agent}`}: ${what}`,
      );
      call.screen.line(`  expected ${JSON.stringify(expected)}`);
      call.screen.line(`  actual   ${JSON.stringify(actual)}`);
    });
    for (const { tick, why } of report.passedOver) {
      call.screen.note(`passed over the checkpoint of tick ${count(tick)}: ${why}`);
    }
    call.screen.summary(`replayed ${plural(report.ticks - (report.from ?? 0), "tick")}`);
    if (report.ok) return;
    const { tick, what } = report.first ?? { tick: report.ticks, what: "the state hash" };
    throw new EngramError("replay_mismatch", `Cannot verify the log: tick ${tick} differs in ${what}`, {
      ...report,
    });
  },
};
