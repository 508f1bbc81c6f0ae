import assert from "node:assert/strict";
import {
  cut,
  duration,
  oneLine,
  printable,
  Screen,
  type ScreenOptions,
  widthOf,
} from "../../../src/cli/terminal/screen.ts";
import { EngramError } from "../../../src/kernel/errors.ts";
import { type TerminalFacts, TestTerminal } from "../../support/terminal.ts";

const plain: ScreenOptions = { format: "text", quiet: false, color: "auto", progress: true };
const columns = [
  { title: "ID", text: (row: string[]) => row[0] ?? "" },
  { title: "N", text: (row: string[]) => row[1] ?? "", right: true },
  { title: "TEXT", text: (row: string[]) => row[2] ?? "", fills: true },
];
const rows = [["a", "1", "short"], ["long", "200", "a text that is longer than what is left of the line"]];

function screenOn(facts: TerminalFacts, options: Partial<ScreenOptions> = {}): [Screen, TestTerminal] {
  const terminal = new TestTerminal(facts);
  return [new Screen(terminal, { ...plain, ...options }), terminal];
}

Deno.test("a table in a pipe has no heading and a tab between columns", () => {
  const [screen, terminal] = screenOn({});
  screen.table(rows.slice(0, 1), columns);
  assert.equal(terminal.written, "a\t1\tshort\n");
});

Deno.test("a table on a terminal is aligned and fits the line", () => {
  const [screen, terminal] = screenOn({ isTerminal: true, columns: 40 }, { color: "never" });
  screen.table(rows, columns);
  const lines = terminal.written.trimEnd().split("\n");
  assert.deepEqual(lines.slice(0, 2), ["ID      N  TEXT", "a       1  short"]);
  assert.ok(widthOf(lines[2] ?? "") <= 40);
  assert.ok(lines[2]?.endsWith("…"));
});

Deno.test("a table gives way where two columns are long: the one is cut at its end, the other at its beginning", () => {
  const [screen, terminal] = screenOn({ isTerminal: true, columns: 60 }, { color: "never" });
  const place = { title: "FROM", text: (row: string[]) => row[3] ?? "", yields: true };
  screen.table([["e1", "1", "x".repeat(80), `folder/${"y".repeat(60)}.md:3`]], [...columns, place]);
  const line = terminal.written.split("\n")[1] ?? "";
  assert.ok(widthOf(line) <= 60, line);
  assert.match(line, /xxx… {2}…yyy+\.md:3$/);
});

Deno.test("a cell holds one line, whatever the text", () => {
  const [screen, terminal] = screenOn({});
  screen.table([["a\tb", "1", "x\ny\x1b[31m"]], columns);
  assert.equal(terminal.written, "a b\t1\tx y[31m\n");
});

Deno.test("wide characters count twice", () => {
  assert.equal(widthOf("日本"), 4);
  assert.equal(widthOf("é"), 1);
  assert.equal(cut("日本語", 5), "日本…");
});

Deno.test("what a note holds cannot steer the terminal", () => {
  assert.equal(printable("a\x1b]0;title\x07b\nc"), "a]0;titleb\nc");
  assert.equal(oneLine(" a\n\n b "), "a b");
});

Deno.test("colour is on a terminal only, and NO_COLOR turns it off", () => {
  assert.equal(screenOn({})[0].paint("red", "x"), "x");
  assert.equal(screenOn({ isTerminal: true })[0].paint("red", "x"), "\x1b[31mx\x1b[0m");
  assert.equal(screenOn({ isTerminal: true, env: { NO_COLOR: "1" } })[0].paint("red", "x"), "x");
  assert.equal(screenOn({}, { color: "always" })[0].paint("red", "x"), "\x1b[31mx\x1b[0m");
});

Deno.test("with --json a result is one document, and nothing is said beside it", () => {
  const [screen, terminal] = screenOn({ isTerminal: true }, { format: "json" });
  screen.line("text");
  screen.progress({ done: 1, total: 2, what: "files" });
  screen.result({ id: "e1" }, () => screen.line("e1"));
  screen.summary("done");
  assert.equal(terminal.written, '{"id":"e1"}\n');
  assert.equal(terminal.errors, "");
});

Deno.test("with --jsonl a list is an item a line", () => {
  const [screen, terminal] = screenOn({}, { format: "jsonl" });
  screen.list("items", [1, 2], { more: true }, () => {});
  assert.equal(terminal.written, "1\n2\n");
});

Deno.test("--quiet keeps results and drops notes", () => {
  const [screen, terminal] = screenOn({ isTerminal: true }, { quiet: true });
  screen.line("result");
  screen.summary("done");
  screen.progress({ done: 1, total: 2, what: "files" });
  assert.equal(terminal.written, "result\n");
  assert.equal(terminal.errors, "");
});

Deno.test("a progress bar is drawn on a terminal and cleared before the next line", () => {
  const [screen, terminal] = screenOn({ isTerminal: true });
  screen.progress({ done: 1, total: 2, what: "files" });
  assert.match(terminal.errors, /1 of 2 files$/);
  screen.line("done");
  assert.ok(terminal.errors.endsWith("\r\x1b[K"));
});

Deno.test("an error is JSON for a program, and two lines for a person", () => {
  const error = new EngramError("engram_not_found", 'Cannot find memory "e9"', { id: "e9" });
  const [machine, machineTerminal] = screenOn({}, { format: "json" });
  machine.error(error);
  const told = JSON.parse(machineTerminal.errors).error;
  assert.deepEqual([told.code, told.message, told.hint, told.id], [
    error.code,
    error.message,
    error.hint,
    "e9",
  ]);
  const [screen, terminal] = screenOn({});
  screen.error(error);
  assert.equal(terminal.errors, `error: ${error.message}\nhint: ${error.hint}\n`);
});

Deno.test("durations are in the unit a person would choose", () => {
  assert.deepEqual([0.2, 42, 640, 75_000].map(duration), ["1 ms", "42 ms", "0.6 s", "1 min 15 s"]);
});
