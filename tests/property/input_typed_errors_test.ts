/** Law: whatever bytes come, reading gives drafts and failures, or refuses with an EngramError; nothing else. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readJsonl, readManifest, readNote, readWorkflow } from "../../src/input/mod.ts";
import { EngramError } from "../../src/kernel/errors.ts";

const pieces = fc.constantFrom(
  ...[
    "---\n",
    "\n",
    "\r\n",
    "# ",
    "## a",
    "```",
    "[[",
    "]]",
    "](",
    "#",
    "|",
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    ": ",
    ",",
  ],
  ...[
    "a",
    "id",
    "steps",
    "manifest",
    "content",
    "${steps.",
    "a.result",
    "}",
    "$${",
    "&a ",
    "*a",
    "!!set ",
    "? ",
    "- ",
  ],
  ...[
    "<<: ",
    "%YAML 1.1\n",
    "date: 2026-01-01\n",
    "\t",
    " ",
    "  ",
    "<!--",
    "-->",
    "===",
    "\u0000",
    "\uFEFF",
    "\uD83E\uDDA2",
  ],
  ...["1", "-1e999", "true", "null", "\\", "\\ud800", "__proto__", "constructor"],
);
const text = fc.array(pieces, { maxLength: 40 }).map((list) => list.join(""));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  text.map((value) => new TextEncoder().encode(value)),
);

/** Runs and lets an EngramError pass as an answer. */
function refusedOr(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof EngramError, String(error));
  }
}

Deno.test("readNote() throws on no bytes", () => {
  fc.assert(
    fc.property(bytes, (file) => {
      const read = readNote({ path: "a/2026-01-01.md", bytes: file, modifiedAt: 0 });
      const { failures, drafts } = read;
      return failures.length === 0 || drafts.length === 0;
    }),
    { numRuns: 2000 },
  );
});

Deno.test("readJsonl() accounts for every line that is not blank", () => {
  fc.assert(
    fc.property(bytes, (file) => {
      const { drafts, failures } = readJsonl("a.jsonl", file);
      const decoded = new TextDecoder("utf-8", { ignoreBOM: false }).decode(file);
      const lines = decoded.split("\n").filter((line) => line.replace(/^\uFEFF/, "").trim() !== "");
      assert.equal(drafts.length + failures.length, lines.length);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("readWorkflow() gives a workflow or refuses", () => {
  fc.assert(
    fc.property(
      text,
      fc.constantFrom("w.yaml", "w.json"),
      (file, path) => refusedOr(() => readWorkflow(file, path)),
    ),
    { numRuns: 2000 },
  );
});

Deno.test("readManifest() gives a manifest or refuses", () => {
  fc.assert(fc.property(bytes, (file) => refusedOr(() => readManifest(file, "m.json"))), { numRuns: 1000 });
});

const least = { id: "w", steps: [{ id: "a", agent_id: "x", action: "r" }] };

Deno.test("readWorkflow() gives a workflow or refuses, whatever one value is", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("id", "name", "steps"),
      fc.jsonValue(),
      (key, value) => refusedOr(() => readWorkflow(JSON.stringify({ ...least, [key]: value }), "w.json")),
    ),
    { numRuns: 500 },
  );
});

Deno.test("readWorkflow() gives a workflow or refuses, whatever one value of a step is", () => {
  const keys = fc.constantFrom("id", "agent_id", "action", "params", "dependencies");
  fc.assert(
    fc.property(
      keys,
      fc.oneof(fc.jsonValue(), text),
      (key, value) =>
        refusedOr(() =>
          readWorkflow(JSON.stringify({ ...least, steps: [{ ...least.steps[0], [key]: value }] }), "w.json")
        ),
    ),
    { numRuns: 1000 },
  );
});
