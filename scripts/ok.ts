/**
 * `deno task ok`: the gate before a commit. Runs each check in turn, prints a line and a duration for each, stops
 * at the first that fails and shows what it said.
 *
 * Usage: deno task ok [--list] [STEP…]     (all steps without arguments)
 * Exit code: 0 if every step passed, 1 if one failed, 2 for an unknown step.
 */

/** One check: a name and the arguments given to `deno`. */
export interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

const exists = (path: string): boolean => {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
};

/** What there is to check: a path with no TypeScript below it would make `deno check` fail. */
function sources(): string[] {
  const hasCode = (path: string): boolean =>
    Array.from(Deno.readDirSync(path)).some((entry) =>
      entry.isDirectory ? hasCode(`${path}/${entry.name}`) : entry.name.endsWith(".ts")
    );
  const folders = ["src", "tests", "scripts", "bench"].filter((path) => exists(path) && hasCode(path));
  return [...(exists("main.ts") ? ["main.ts"] : []), ...folders];
}

function hasTask(name: string): boolean {
  const config: unknown = JSON.parse(Deno.readTextFileSync("deno.json"));
  if (typeof config !== "object" || config === null || !("tasks" in config)) return false;
  return typeof config.tasks === "object" && config.tasks !== null && name in config.tasks;
}

/** The steps of the gate, in order, cheapest first. */
export function steps(): Step[] {
  const all: Step[] = [
    { name: "fmt", args: ["fmt", "--check"] },
    { name: "lint", args: ["lint"] },
    { name: "check", args: ["check", "--quiet", ...sources()] },
  ];
  if (exists("scripts/docs.ts")) {
    all.push({ name: "docs", args: ["run", "-A", "scripts/docs.ts", "--check"] });
  }
  all.push({
    name: "test",
    args: hasTask("test") ? ["task", "--quiet", "test"] : ["test", "-A", "--quiet", "--no-check", "tests"],
  });
  if (hasTask("bench")) all.push({ name: "bench", args: ["task", "--quiet", "bench", "--smoke"] });
  return all;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`;
}

/** Runs one step; on failure prints all it said. Returns whether it passed. */
async function run(step: Step): Promise<boolean> {
  const start = performance.now();
  const command = new Deno.Command(Deno.execPath(), {
    args: [...step.args],
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  console.log(`${success ? "ok  " : "FAIL"} ${step.name.padEnd(8)}${seconds(performance.now() - start)}`);
  if (success) return true;
  const decoder = new TextDecoder();
  console.log(decoder.decode(stdout) + decoder.decode(stderr));
  console.log(`To repeat it: deno ${step.args.join(" ")}`);
  return false;
}

async function main(args: readonly string[]): Promise<number> {
  Deno.chdir(new URL("../", import.meta.url));
  const all = steps();
  if (args.includes("--list")) {
    for (const step of all) console.log(`${step.name.padEnd(8)} deno ${step.args.join(" ")}`);
    return 0;
  }
  const unknown = args.find((arg) => !all.some((step) => step.name === arg));
  if (unknown !== undefined) {
    console.error(`Cannot run step "${unknown}": the steps are ${all.map((step) => step.name).join(", ")}`);
    return 2;
  }
  const start = performance.now();
  for (const step of all) {
    if (args.length > 0 && !args.includes(step.name)) continue;
    if (!await run(step)) return 1;
  }
  console.log(`ok   all     ${seconds(performance.now() - start)}`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
