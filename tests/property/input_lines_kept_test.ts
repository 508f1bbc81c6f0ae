/** Law: every line of a note that is not blank is in a draft, or is a heading; and a draft's lines say where. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { inputLimits, readNote } from "../../src/input/mod.ts";

const line = fc.constantFrom(
  "",
  "  ",
  "words",
  "more words here",
  "    indented",
  "- item",
  "> quote",
  "# Top",
  "## Dates",
  "## Dates ##",
  "### Done",
  "#",
  "===",
  "---",
  "```",
  "~~~",
  "<!--",
  "-->",
  "a [[link]] here",
  "🦢 über",
);
const note = fc.record({
  lines: fc.array(line, { maxLength: 30 }),
  end: fc.constantFrom("\n", "\r\n"),
  sectionBytesMax: fc.constantFrom(8192, 30),
}).filter(({ lines }) => lines[0] !== "---"); // front matter is not text

type Note = typeof note extends fc.Arbitrary<infer T> ? T : never;

function read({ lines, end, sectionBytesMax }: Note) {
  const bytes = new TextEncoder().encode(lines.join(end));
  return readNote({ path: "n.md", bytes, modifiedAt: null }, { ...inputLimits, sectionBytesMax });
}

/** The text of a heading line, or the line. */
const bare = (text: string) => text.replace(/^#+ | #+$/g, "").trim();

Deno.test("readNote() loses no line that is not blank", () => {
  fc.assert(
    fc.property(note, (file) => {
      const { drafts } = read(file);
      const covered = new Set<number>();
      for (const { metadata } of drafts) {
        for (let at = Number(metadata["line"]); at <= Number(metadata["lineEnd"]); at++) covered.add(at);
      }
      const titles = drafts.flatMap(({ metadata }) => metadata["headings"] ?? []);
      file.lines.forEach((text, index) => {
        if (text.trim() === "" || covered.has(index + 1)) return;
        // A heading without text below it is itself the content; then its line is covered.
        const above = bare(file.lines[index - 1] ?? "");
        const underlined = titles.includes(above);
        const underline = /^(===|---)$/.test(text) && underlined;
        const isTitle = titles.includes(bare(text)) || drafts.some(({ content }) => content === bare(text));
        assert.ok(underline || isTitle, `line ${index + 1}: ${text}`);
      });
    }),
    { numRuns: 2000 },
  );
});

Deno.test("readNote() says the lines where a content stands", () => {
  fc.assert(
    fc.property(note, (file) => {
      for (const { content, metadata, line } of read(file).drafts) {
        const lines = file.lines.slice(line - 1, Number(metadata["lineEnd"])).join(file.end);
        assert.ok(lines.includes(content), `${line}: ${content}`);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("readNote() says the line where a link stands", () => {
  fc.assert(
    fc.property(note, (file) => {
      for (const { line, target } of read(file).links) {
        assert.ok(file.lines[line - 1]?.includes(`[[${target}`));
      }
    }),
  );
});

Deno.test("readNote() names every draft of a note differently", () => {
  fc.assert(
    fc.property(note, (file) => {
      const refs = read(file).drafts.map(({ ref }) => ref);
      assert.equal(new Set(refs).size, refs.length);
    }),
  );
});

Deno.test("readNote() reads the same bytes into equal drafts", () => {
  fc.assert(fc.property(note, (file) => assert.deepEqual(read(file), read(file))));
});
