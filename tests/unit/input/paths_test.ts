import assert from "node:assert/strict";
import { isImportable } from "../../../src/input/paths.ts";

const expected: Readonly<Record<string, "note" | "jsonl" | null>> = {
  "a.md": "note",
  "x/y/A.MARKDOWN": "note",
  "a.txt": "note",
  "chat.jsonl": "jsonl",
  "chat.ndjson": "jsonl",
  "../notes/a.md": "note",
  "a.json": null,
  "README": null,
  ".hidden.md": null,
  ".obsidian/a.md": null,
  "x/.git/a.md": null,
  "node_modules/p/README.md": null,
};

for (const [path, format] of Object.entries(expected)) {
  Deno.test(`isImportable() takes ${path} as ${format ?? "nothing"}`, () => {
    assert.equal(isImportable(path), format);
  });
}
