/**
 * `deno task sim`: runs the simulation (tests/simulation) on seeds; a failure prints the one command that repeats it.
 *
 * Usage: deno task sim [--seed N] [--seeds K] [--twice]
 *   --seed N    the first seed (default 1)
 *   --seeds K   how many seeds from there on (default 1 with --seed, else 20)
 *   --twice     runs each seed twice and compares the state hashes
 * Exit code: 0 if all hold, 1 if one does not, 2 for an argument that is none.
 */
import { parseArgs } from "node:util";
import { simulate } from "../tests/simulation/simulation.ts";

function numberOf(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`Cannot run the simulation: ${JSON.stringify(text)} is no whole number`);
  Deno.exit(2);
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: "string" }, seeds: { type: "string" }, twice: { type: "boolean" } },
  });
  const first = numberOf(values.seed, 1);
  const count = numberOf(values.seeds, values.seed === undefined ? 20 : 1);
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    try {
      const report = await simulate(seed);
      if (values.twice === true) {
        const again = await simulate(seed);
        if (again.stateHash !== report.stateHash) {
          throw new Error(`the second run ended at ${again.stateHash}, the first at ${report.stateHash}`);
        }
      }
      const { ticks, acknowledged, restarts, stateHash } = report;
      const what = report.faults.length === 0 ? "no faults" : report.faults.join(", ");
      console.log(
        `ok   seed ${seed}: ${ticks} ticks, ${acknowledged} acknowledged, ${restarts} restarts, ${
          stateHash.slice(0, 12)
        } (${what})`,
      );
    } catch (error) {
      failed++;
      console.log(
        `FAIL seed ${seed}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`,
      );
      console.log(`To repeat it: deno task sim --seed ${seed}${values.twice === true ? " --twice" : ""}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
