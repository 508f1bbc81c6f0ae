import assert from "node:assert/strict";
import { TranscriptReader, type Turn } from "../../../src/input/mod.ts";
import { claudeLine, codexLines } from "../../support/transcripts.ts";

const bytes = (lines: readonly string[]) =>
  new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
const said = (turns: readonly Turn[]) => turns.map(({ draft }) => [draft.metadata["speaker"], draft.content]);

Deno.test("TranscriptReader reads what the person and the assistant said to each other in Claude Code", () => {
  const reader = new TranscriptReader("claude-code", "p/s1.jsonl");
  const { turns, failures } = reader.read(bytes([
    claudeLine(0, "user", "Where do herons nest?"),
    claudeLine(1, "assistant", [{ type: "thinking", thinking: "hm" }, { type: "text", text: "In trees." }]),
    claudeLine(2, "user", [{ type: "text", text: "Thanks" }, { type: "image", source: {} }], {
      cwd: "/home/ada/gull",
    }),
  ]));
  assert.deepEqual([said(turns), failures], [
    [["user", "Where do herons nest?"], ["assistant", "In trees."], ["user", "Thanks"]],
    [],
  ]);
  const [first] = turns;
  const { source, ref, thread, observedAt, timeSource } = first!.draft;
  assert.deepEqual(
    [source, ref, thread, observedAt, timeSource],
    ["claude-code", "u0", "s1", Date.parse("2026-03-14T09:00:00Z"), "given"],
  );
  assert.deepEqual(turns.map(({ cwd }) => cwd), ["/home/ada/heron", "/home/ada/heron", "/home/ada/gull"]);
});

const noise: readonly (readonly [string, string])[] = [
  ["what a tool gave", claudeLine(0, "user", [{ type: "tool_result", tool_use_id: "t", content: "out" }])],
  ["what a tool got", claudeLine(0, "assistant", [{ type: "tool_use", id: "t", name: "Read", input: {} }])],
  ["thinking", claudeLine(0, "assistant", [{ type: "thinking", thinking: "hm" }])],
  ["a subagent's turn", claudeLine(0, "assistant", "x", { isSidechain: true })],
  ["a program's message", claudeLine(0, "user", "x", { isMeta: true })],
  ["a summary of what was compacted", claudeLine(0, "user", "x", { isCompactSummary: true })],
  ["a command", claudeLine(0, "user", "<command-name>/clear</command-name>")],
  ["what a command said", claudeLine(0, "user", "<local-command-stdout>ok</local-command-stdout>")],
  ["a reminder", claudeLine(0, "user", "<system-reminder>Todo is empty</system-reminder>")],
  ["an interruption", claudeLine(0, "user", "[Request interrupted by user]")],
  ["a line of another kind", JSON.stringify({ type: "file-history-snapshot", messageId: "m" })],
];
for (const [what, line] of noise) {
  Deno.test(`TranscriptReader leaves out ${what}, without a failure`, () => {
    const { turns, failures } = new TranscriptReader("claude-code", "s.jsonl").read(bytes([line]));
    assert.deepEqual([turns, failures], [[], []]);
  });
}

Deno.test("TranscriptReader keeps what the person wrote beside a reminder", () => {
  const content = "Use libSQL.<system-reminder>be brief</system-reminder>";
  const { turns } = new TranscriptReader("claude-code", "s.jsonl").read(
    bytes([claudeLine(0, "user", content)]),
  );
  assert.deepEqual(said(turns), [["user", "Use libSQL."]]);
});

Deno.test("TranscriptReader reads a Codex session without what the program put in, each turn once", () => {
  const lines = codexLines("c1", "/home/ada/heron", [
    ["developer", "You are an agent"],
    ["user", "<environment_context>\n<cwd>/home/ada/heron</cwd>\n</environment_context>"],
    ["user", "# AGENTS.md instructions for /home/ada/heron\n\nBe brief"],
    ["user", "Where do herons nest?"],
    ["assistant", "In trees."],
  ]);
  const { turns, failures } = new TranscriptReader("codex", "rollout-x.jsonl").read(bytes(lines));
  assert.deepEqual([said(turns), failures], [
    [["user", "Where do herons nest?"], ["assistant", "In trees."]],
    [],
  ]);
  const { thread, ref, source } = turns[0]!.draft;
  assert.deepEqual([turns[0]?.cwd, thread, source], ["/home/ada/heron", "c1", "codex"]);
  assert.match(ref, /^[0-9a-f]{32}$/);
});

Deno.test("TranscriptReader names broken lines and reads the others", () => {
  const reader = new TranscriptReader("claude-code", "p/s1.jsonl");
  const { turns, failures } = reader.read(
    bytes([
      "{",
      claudeLine(0, "user", "one"),
      "[1]",
      "",
      claudeLine(1, "user", "two").slice(0, -9),
    ]),
    11,
  );
  assert.deepEqual(said(turns), [["user", "one"]]);
  assert.deepEqual(failures.map(({ path, line, code }) => [path, line, code]), [
    ["p/s1.jsonl", 11, "invalid_json"],
    ["p/s1.jsonl", 13, "invalid_json"],
    ["p/s1.jsonl", 15, "invalid_json"],
  ]);
});

Deno.test("TranscriptReader gives a turn that stands in two files once, and the same draft wherever its line is", () => {
  const line = claudeLine(3, "user", "Use libSQL."), seen = new Set<string>();
  const one = new TranscriptReader("claude-code", "a.jsonl", { seen }).read(bytes([line]));
  const two = new TranscriptReader("claude-code", "b.jsonl", { seen }).read(bytes([line]));
  const alone = new TranscriptReader("claude-code", "b.jsonl").read(bytes([line]), 900);
  assert.deepEqual([one.turns.length, two.turns.length], [1, 0]);
  assert.deepEqual({ ...alone.turns[0]?.draft, line: 1 }, one.turns[0]?.draft);
});
