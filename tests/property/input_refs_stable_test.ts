/** Law: a section added anywhere changes the ref of no other section. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readNote } from "../../src/input/mod.ts";

/** Sections of one level below sections of another: [heading, below it]. */
const groups = fc.array(
  fc.tuple(
    fc.constantFrom("Mon", "Tue", "Wed"),
    fc.array(fc.constantFrom("Done", "Open", "Notes"), { maxLength: 4 }),
  ),
  { minLength: 1, maxLength: 5 },
);

const textOf = (list: readonly (readonly [string, readonly string[]])[]) =>
  list.map(([heading, below], index) =>
    [`## ${heading}`, `text ${index}`, ...below.flatMap((name, at) => [`### ${name}`, `text ${index}.${at}`])]
      .join("\n")
  ).join("\n\n");

function refs(text: string): Map<string, string> {
  const { drafts } = readNote({ path: "n.md", bytes: new TextEncoder().encode(text), modifiedAt: null });
  return new Map(drafts.map(({ content, ref }) => [content, ref]));
}

Deno.test("readNote() keeps every ref when a section with a new name is added", () => {
  fc.assert(
    fc.property(groups, fc.nat(), (list, at) => {
      const before = refs(textOf(list));
      const blocks = textOf(list).split("\n\n");
      const place = at % (blocks.length + 1);
      const after = refs(
        [...blocks.slice(0, place), "## New\nnew text", ...blocks.slice(place)].join("\n\n"),
      );
      for (const [content, ref] of before) assert.equal(after.get(content), ref);
    }),
  );
});
