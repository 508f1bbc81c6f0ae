import assert from "node:assert/strict";
import { showAnswer, whyLines } from "../../../src/cli/memory/people.ts";
import { Screen } from "../../../src/cli/terminal/screen.ts";
import type { AskView, Quotation } from "../../../src/runtime/port.ts";
import { TestTerminal } from "../../support/terminal.ts";

const quotation: Quotation = {
  text: "Heron launches on 12 May.",
  id: "e1100",
  ref: null,
  source: "2026-03-14-standup.md",
  line: 7,
  observedAt: "2026-03-14T00:00:00.000Z",
  score: 900,
  kind: "fact",
  title: null,
};
const old: Quotation = {
  ...quotation,
  text: "Heron launch: 28 April.",
  source: "2026-02-02-plan.md",
  line: 3,
  until: "2026-03-14T00:00:00.000Z",
  supersededBy: "e1100",
};

function shown(view: Partial<AskView>, isTerminal: boolean, color: "always" | "never"): string {
  const terminal = new TestTerminal({ isTerminal });
  const screen = new Screen(terminal, { format: "text", quiet: false, color, progress: true });
  showAnswer(screen, { answer: null, superseded: [], contradicts: [], nearest: [], ...view });
  return terminal.written;
}

Deno.test("an answer stands above what it superseded, with until when and where from", () => {
  assert.equal(
    shown({ answer: quotation, superseded: [old] }, true, "never"),
    `  "Heron launches on 12 May."                  2026-03-14-standup.md:7
  "Heron launch: 28 April."  (until 14 March)  2026-02-02-plan.md:3
`,
  );
});

Deno.test("what no longer holds is struck through in colour", () => {
  const text = shown({ answer: quotation, superseded: [old] }, true, "always");
  assert.ok(text.includes('\x1b[9m"Heron launch: 28 April."\x1b[0m'));
  assert.ok(!text.includes('\x1b[9m"Heron launches'));
});

Deno.test("without an answer it says so and gives the nearest", () => {
  assert.equal(
    shown({ nearest: [quotation] }, false, "never"),
    'nothing found\n"Heron launches on 12 May."\t\t2026-03-14-standup.md:7\n',
  );
});

Deno.test("a step of the chain names agent, version, module, action, tick, time and what it was given", () => {
  const lines = whyLines({
    link: "step",
    tick: 12,
    entryTick: 12,
    seat: 0,
    time: "2026-03-14T09:30:00.000Z",
    agent: "curator",
    agentVersion: "1.0.0",
    module: "ab".repeat(32),
    entry: "execute",
    action: "curate",
    params: "{}",
    outcome: "completed",
    fuel: 1200,
    writes: 3,
  });
  assert.deepEqual(lines, [
    "written by curator 1.0.0",
    "action curate · module abababababab · tick 12 · 2026-03-14 09:30 · 3 writes · 1,200 fuel",
    "params {}",
  ]);
});

Deno.test("the end of the chain names the command and its client", () => {
  const lines = whyLines({
    link: "command",
    tick: 3,
    seat: 0,
    time: "2026-03-14T09:30:00.000Z",
    kind: "write",
    client: "cli",
    commandId: "k1",
  });
  assert.deepEqual(lines, ["because of command write as k1", "from cli · tick 3 · 2026-03-14 09:30"]);
});
