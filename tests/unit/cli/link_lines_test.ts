import assert from "node:assert/strict";
import { linkLine, linkLines } from "../../../src/cli/memory/link_lines.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const link = {
  from: ["a", "1"],
  to: ["b", "2"],
  type: "mentions",
  weight: 2,
  metadata: { why: "x" },
} as const;

Deno.test("linkLines() reads what linkLine() writes, and leaves a blank line in its place", () => {
  const { links, rest } = linkLines(encode(`{"content":"x"}\n${linkLine(link)}\n{"content":"y"}`), 10);
  assert.deepEqual(links, [{ line: 11, ...link }]);
  const lines = new TextDecoder().decode(rest).split("\n").map((line) => line.trim());
  assert.deepEqual(lines, ['{"content":"x"}', "", '{"content":"y"}']);
});

Deno.test("linkLines() names the line of a link it cannot read", () => {
  const bad = ['{"link": {}}', '{"link": [', '{"link": {"from": ["a", 1], "to": ["b", "2"], "type": "t"}}'];
  for (const text of bad) {
    const { links: [first] } = linkLines(encode(`\n${text}`), 1);
    assert.ok(first !== undefined && "message" in first, text);
    assert.equal(first.line, 2);
  }
});

Deno.test("linkLines() leaves a piece without links as it is", () => {
  const piece = encode('{"content":"x","link":1}\n');
  assert.equal(linkLines(piece, 1).rest, piece);
});
