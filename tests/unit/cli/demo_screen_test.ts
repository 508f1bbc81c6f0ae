import assert from "node:assert/strict";
import { Screen, widthOf } from "../../../src/cli/terminal/screen.ts";
import { Story } from "../../../src/cli/demo/screen.ts";
import { TestTerminal } from "../../support/terminal.ts";

function storyOn(): [Story, TestTerminal] {
  const terminal = new TestTerminal({});
  const screen = new Screen(terminal, { format: "text", quiet: false, color: "never", progress: false });
  return [new Story(screen), terminal];
}

Deno.test("a quotation, its note and its place stand in one line where they fit", () => {
  const [story, terminal] = storyOn();
  story.quotation("Short.", "a.md:1", "(until 1 May)", true);
  assert.match(terminal.written, /^ {4}"Short\." {2}\(until 1 May\) +a\.md:1\n$/);
});

Deno.test("a note that does not fit beside its quotation stands below, and no line is too long", () => {
  const [story, terminal] = storyOn();
  story.quotation(
    "We decided to use Postgres for the gateway, every one.",
    "x".repeat(35),
    "(until 1 May)",
    true,
  );
  const lines = terminal.written.trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => line.trimStart().slice(0, 6)), ['"We de', "(until"]);
  assert.ok(lines.every((line) => widthOf(line) <= 100), terminal.written);
});
