/**
 * `deno task bench [--smoke] [NAME…]`: runs bench/NAME_bench.ts each in a process of its own, all without names, then
 * holds the figures against the targets.
 *
 * Exit code: 0 if every bench ran to its end, whatever it measured; 1 if one did not; 2 for an unknown name.
 */
import type { Figure } from "./measure.ts";
import { against } from "./targets.ts";

const folder = new URL("./", import.meta.url);
const known = Array.from(Deno.readDirSync(folder))
  .flatMap(({ name }) => name.endsWith("_bench.ts") ? [name.slice(0, -"_bench.ts".length)] : []).sort();
const smoke = Deno.args.includes("--smoke");
const wanted = Deno.args.filter((arg) => !arg.startsWith("-"));
const unknown = wanted.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`no bench "${unknown}"; there are ${known.join(", ")}`);
  Deno.exit(2);
}

const results = Deno.makeTempFileSync({ prefix: "engramlt-bench-" });
let failed = false;
try {
  for (const name of wanted.length > 0 ? wanted : known) {
    console.log(`\n── ${name}`);
    const path = new URL(`${name}_bench.ts`, folder).href;
    const args = ["run", "-A", "--quiet", "--no-check", path, `--results=${results}`];
    const { code } = await new Deno.Command(Deno.execPath(), { args: smoke ? [...args, "--smoke"] : args })
      .spawn().status;
    if (code !== 0) failed = true;
    if (code !== 0) console.error(`bench "${name}" ended with code ${code}`);
  }
  const lines = Deno.readTextFileSync(results).split("\n").filter((line) => line !== "");
  const figures = lines.map((line): Figure => JSON.parse(line));
  if (!smoke) console.log(["\n── targets", ...against(figures)].join("\n"));
} finally {
  Deno.removeSync(results);
}
Deno.exit(failed ? 1 : 0);
