/** engramlt replay: run the log again and compare every tick. */
import { EngramError } from "../kernel/errors.ts";
import type { Leaf } from "./command.ts";
import { connectOptions } from "./connect.ts";
import { count, plural } from "./screen.ts";

/** engramlt replay */
export const replay: Leaf = {
  name: "replay",
  says: "run every step of the log again and compare every tick with what happened",
  flags: [{ flags: "--verify", says: "compare every tick (always done; kept for scripts)" }],
  examples: ["replay --verify", "replay --verify --workers 4 --json"],
  notes:
    "Nothing is written and no model or network is used. The first difference is named; the exit code is then 12.",
  async run(call) {
    const { replay: run } = await import("../runtime/mod.ts");
    const { data, workers } = connectOptions(call);
    const report = await run({
      data,
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
    call.screen.summary(`replayed ${plural(report.ticks, "tick")}`);
    if (report.ok) return;
    const { tick, what } = report.first ?? { tick: report.ticks, what: "the state hash" };
    throw new EngramError("replay_mismatch", `Cannot verify the log: tick ${tick} differs in ${what}`, {
      ...report,
    });
  },
};
