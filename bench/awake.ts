/**
 * What one new note costs the bundled agents, against a full run over all notes: fuel, which is exact.
 *
 *   deno run -A bench/awake.ts [NOTES]      10,000 notes unless told
 */
import { openRuntime, type Runtime, type WriteOp } from "../src/mod.ts";
import { loadNoteAgents } from "../src/runtime/agents/bundled.ts";

/** Fuel of a full run, and of the run after one new note, of each agent. */
export interface AwakeFuel {
  readonly agent: string;
  readonly full: number;
  readonly oneNote: number;
  /** Steps of the full run, and the fuel of the dearest. */
  readonly steps: number;
  readonly stepFuelMax: number;
  /** Of the agent's linear memory afterwards. */
  readonly memoryBytes: number;
}

const people = [
  "Maria Lopez",
  "Tomas Berg",
  "Ada Quist",
  "Ivo Marek",
  "Lena Holt",
  "Piotr Zelny",
  "Nora Vance",
];
const projects = ["Heron", "Kestrel", "Osprey", "Plover", "Dunlin", "Curlew", "Avocet", "Godwit"];
const matters = ["budget", "launch", "venue", "rota", "contract", "catalogue", "survey", "archive"];
const days = ["3 May", "10 June", "21 July", "2 August", "14 September", "30 October"];

/** A number below `max`, by a fixed rule. */
function rule(seed: number): (max: number) => number {
  let state = seed * 2654435761 % 4294967296 + 1;
  return (max) => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return Math.floor(state / 4294967296 * max);
  };
}

/** The n-th note: sentences with names, values and decisions, and a task. */
function noteAt(n: number): WriteOp {
  const next = rule(n);
  const pick = (list: readonly string[]) => list[next(list.length)] ?? "";
  const lines = [
    `${pick(people)} said the ${pick(matters)} of project ${pick(projects)} needs ${next(90) + 2} more days.`,
    `The ${pick(matters)} of section ${next(2000)} is due on ${pick(days)}.`,
    next(3) === 0 ? `We decided to move the ${pick(matters)} of room ${next(400)} to ${pick(days)}.` : "",
    `Met with ${pick(people)} in room ${next(300)} about the ${
      pick(matters)
    }, and wrote down what was said there.`,
    next(4) === 0 ? `The price of part ${next(5000)} is €${next(900) + 10}.` : "",
    next(5) === 0 ? `- [ ] Ask ${pick(people)} about item ${next(9000)}` : "",
  ].filter((line) => line !== "");
  return {
    op: "add",
    kind: "note",
    context: "notes",
    title: `Log ${n}`,
    source: `log-${n}.md`,
    ref: `log-${n}.md`,
    content: lines.join("\n"),
    time: new Date(Date.UTC(2024, 0, 1 + n % 700)).toISOString(),
    timeSource: "file",
  };
}

const actions = [["linker", "link"], ["curator", "curate"], ["digest", "digest"]] as const;

/** Executes until the agent says it is done, as the host that wakes it does; the fuel of each step. */
async function run(runtime: Runtime, agent: string, action: string): Promise<number[]> {
  const fuels: number[] = [];
  for (let done = false; !done;) {
    const params = JSON.stringify({ woken: true });
    const { result, fuel } = await runtime.submit({ kind: "execute", agent, action, params });
    fuels.push(Number(fuel));
    done = Reflect.get(Object(result), "done") !== false;
  }
  return fuels;
}

async function runAll(runtime: Runtime): Promise<number[][]> {
  const fuels: number[][] = [];
  for (const [agent, action] of actions) fuels.push(await run(runtime, agent, action));
  return fuels;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** Measures on a runtime with nothing in it. */
export async function awakeFuel(runtime: Runtime, notes: number): Promise<AwakeFuel[]> {
  await runtime.submit({ kind: "context_create", name: "notes" });
  for (let at = 0; at < notes; at += 500) {
    const ops = Array.from({ length: Math.min(500, notes - at) }, (_, n) => noteAt(at + n));
    await runtime.submit({ kind: "write", ops });
  }
  await loadNoteAgents(runtime, "bench");
  const full = await runAll(runtime);
  // What the agents wrote in the full run they hear of now.
  await runAll(runtime);
  await runtime.submit({ kind: "write", ops: [noteAt(notes)] });
  const one = await runAll(runtime);
  const memory: number[] = [];
  for (const [agent] of actions) memory.push((await runtime.view({ view: "metrics", agent })).memoryBytes);
  return actions.map(([agent], at) => ({
    agent,
    memoryBytes: memory[at] ?? 0,
    full: sum(full[at] ?? []),
    oneNote: sum(one[at] ?? []),
    steps: full[at]?.length ?? 0,
    stepFuelMax: Math.max(...full[at] ?? []),
  }));
}

if (import.meta.main) {
  const notes = Number(Deno.args[0] ?? 10_000);
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ data: `${folder}/data`, seed: 1, workers: 1 });
  try {
    for (const { agent, full, oneNote, steps, stepFuelMax, memoryBytes } of await awakeFuel(runtime, notes)) {
      const share = (100 * oneNote / full).toFixed(2);
      console.log(
        `${agent.padEnd(8)} ${notes} notes: ${full} fuel in ${steps} steps of ${stepFuelMax} at most; ` +
          `one more note: ${oneNote} fuel, ${share} % of it; ${
            Math.round(memoryBytes / 2 ** 20)
          } MiB of memory`,
      );
    }
  } finally {
    await runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}
