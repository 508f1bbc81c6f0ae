import assert from "node:assert/strict";
import { readNote } from "../../../src/input/notes.ts";
import { inputLimits, type ReadFile } from "../../../src/input/drafts.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function read(text: string, path = "plan.md", modifiedAt: number | null = null): ReadFile {
  return readNote({ path, bytes: bytes(text), modifiedAt });
}

const day = (text: string) => Date.parse(`${text}T00:00:00Z`);

Deno.test("readNote() makes one engram of a file without headings", () => {
  const { drafts } = read("One.\n\nTwo.\n");
  assert.deepEqual(drafts.map(({ content, ref, title }) => [content, ref, title]), [[
    "One.\n\nTwo.",
    "plan.md",
    "plan",
  ]]);
});

Deno.test("readNote() makes an engram of each section, in order, in one thread", () => {
  const { drafts } = read("Before.\n# Plan\nWhy.\n## Dates\nMay.\n");
  assert.deepEqual(
    drafts.map(({ content, ref, title, thread, position }) => [content, ref, title, thread, position]),
    [
      ["Before.", "plan.md", "Plan", "plan.md", 0],
      ["Why.", "plan.md#plan", "Plan", "plan.md", 1],
      ["May.", "plan.md#plan/dates", "Plan › Dates", "plan.md", 2],
    ],
  );
});

Deno.test("readNote() keeps a heading without text in the titles below it", () => {
  const { drafts } = read("# Plan\n\n## Dates\nMay.\n");
  assert.deepEqual(drafts.map(({ title }) => title), ["Plan › Dates"]);
});

Deno.test("readNote() takes a last heading without text as the content", () => {
  const { drafts } = read("# Plan\nWhy.\n## Call Ann\n");
  assert.deepEqual(drafts.map(({ content, line }) => [content, line]), [["Why.", 2], ["Call Ann", 3]]);
});

Deno.test("readNote() counts equal headings under one parent only", () => {
  const { drafts } = read("## Mon\n### Done\na\n## Tue\n### Done\nb\n### Done\nc\n");
  assert.deepEqual(drafts.map(({ ref }) => ref), [
    "plan.md#mon/done",
    "plan.md#tue/done",
    "plan.md#tue/done:2",
  ]);
});

Deno.test("readNote() changes no ref when a section is added before", () => {
  const after = "## Tue\n### Done\nb\n";
  const [old] = read(after).drafts;
  const [, moved] = read(`## Mon\n### Done\na\n${after}`).drafts;
  assert.equal(moved?.ref, old?.ref);
});

Deno.test("readNote() finds no heading in a code fence", () => {
  const { drafts } = read("# A\n```sh\n# not a heading\n```\n~~~\n## nor this\n```\n~~~\n");
  assert.deepEqual(drafts.map(({ ref }) => ref), ["plan.md#a"]);
});

Deno.test("readNote() finds no heading in a comment", () => {
  assert.equal(read("# A\n<!--\n# not a heading\n-->\ntext\n").drafts.length, 1);
});

Deno.test("readNote() reads a line underlined with === or --- as a heading", () => {
  const { drafts } = read("Plan\n====\nWhy.\n\nDates\n---\nMay.\n");
  assert.deepEqual(drafts.map(({ ref }) => ref), ["plan.md#plan", "plan.md#plan/dates"]);
});

Deno.test("readNote() takes --- after a list or a longer paragraph as a rule, not a heading", () => {
  assert.equal(read("- item\n---\ntext\n\nline one\nline two\n---\nmore\n").drafts.length, 1);
});

Deno.test("readNote() takes #tag and a bare # as text", () => {
  assert.equal(read("#tag\n#\n####### seven\n").drafts.length, 1);
});

Deno.test("readNote() keeps the text as it stands, CRLF included", () => {
  const { drafts } = read("# A\r\n  indented\r\n\r\ntrailing  \r\n\r\n");
  assert.equal(drafts[0]?.content, "  indented\r\n\r\ntrailing  ");
});

Deno.test("readNote() takes a byte order mark off", () => {
  assert.equal(read("\uFEFF# A\ntext").drafts[0]?.ref, "plan.md#a");
});

Deno.test("readNote() counts lines with front matter, CRLF and all", () => {
  const { drafts } = read("---\r\ntitle: T\r\n---\r\n\r\n# A\r\n\r\nfirst\r\nlast\r\n");
  assert.deepEqual([drafts[0]?.line, drafts[0]?.metadata["line"], drafts[0]?.metadata["lineEnd"]], [7, 7, 8]);
});

Deno.test("readNote() takes title, tags and aliases from the front matter", () => {
  const { drafts } = read(
    "---\ntitle: Heron\ntags: [a, '#b']\naliases: heron-api\nauthor: Ann\n---\ntext #c `#d`\n",
  );
  assert.deepEqual(drafts[0]?.title, "Heron");
  assert.deepEqual(drafts[0]?.metadata, {
    author: "Ann",
    aliases: ["heron-api"],
    note: "Heron",
    tags: ["a", "b", "c"],
    file: "plan.md",
    line: 7,
    lineEnd: 7,
  });
});

Deno.test("readNote() keeps a front matter key that has the name of one of ours", () => {
  assert.equal(read("---\nline: B4\n---\ntext\n").drafts[0]?.metadata["frontMatter.line"], "B4");
});

Deno.test("readNote() takes confidence, validFrom and validTo from the front matter", () => {
  const { drafts } = read("---\nconfidence: 0.5\nvalid_from: 2026-01-01\nvalidTo: 2026-02-01\n---\ntext\n");
  assert.deepEqual(
    [drafts[0]?.confidence, drafts[0]?.validFrom, drafts[0]?.validTo],
    [0.5, day("2026-01-01"), day("2026-02-01")],
  );
});

Deno.test("readNote() names the broken line of front matter, and the file does not go in", () => {
  const { drafts, failures } = read("---\ntitle: T\ntags: [a\n---\ntext\n");
  assert.equal(drafts.length, 0);
  assert.deepEqual(failures.map(({ path, line, code }) => [path, line, code]), [[
    "plan.md",
    4,
    "invalid_note",
  ]]);
});

Deno.test("readNote() refuses front matter that is not closed", () => {
  assert.equal(read("---\ntitle: T\ntext\n").failures[0]?.code, "invalid_note");
});

Deno.test("readNote() takes a rule on the first line as text", () => {
  assert.equal(read("---\n\nJust words.\n\n---\n").drafts[0]?.content, "---\n\nJust words.\n\n---");
});

Deno.test("readNote() refuses front matter whose aliases multiply", () => {
  const rows = ["a: &a [1,1,1,1,1,1,1,1,1,1]"];
  for (const [name, of] of ["ba", "cb", "dc"].map((pair) => [...pair])) {
    rows.push(`${name}: &${name} [${Array(10).fill(`*${of}`).join(",")}]`);
  }
  assert.equal(read(`---\n${rows.join("\n")}\n---\ntext\n`).failures[0]?.code, "invalid_note");
});

Deno.test("readNote() takes the time from front matter before the name", () => {
  const [draft] = read("---\ndate: 2026-01-02\n---\n# 3 March 2026\nx\n", "2026-02-02.md", 5).drafts;
  assert.deepEqual([draft?.observedAt, draft?.timeSource], [day("2026-01-02"), "front_matter"]);
});

Deno.test("readNote() takes the time from the name before the heading", () => {
  const [draft] = read("# 3 March 2026\nx\n", "2026-02-02.md", 5).drafts;
  assert.deepEqual([draft?.observedAt, draft?.timeSource], [day("2026-02-02"), "name"]);
});

Deno.test("readNote() takes the time from the nearest heading before the file's", () => {
  const { drafts } = read("# 3 March 2026\nx\n## 4 March 2026\ny\n### Done\nz\n", "log.md", 5);
  assert.deepEqual(
    drafts.map(({ observedAt, timeSource }) => [observedAt, timeSource]),
    [[day("2026-03-03"), "heading"], [day("2026-03-04"), "heading"], [day("2026-03-04"), "heading"]],
  );
});

Deno.test("readNote() takes the time from the folders of the path", () => {
  assert.equal(read("x", "journal/2026/03/14.md").drafts[0]?.observedAt, day("2026-03-14"));
});

Deno.test("readNote() takes the file's time last, and else none", () => {
  assert.deepEqual(
    [5.7, null].map((at) =>
      read("x", "log.md", at).drafts.map((draft) => [draft.observedAt, draft.timeSource])
    ),
    [[[5, "file"]], [[null, "none"]]],
  );
});

Deno.test("readNote() keeps a date it can't read as metadata, and looks further", () => {
  const [draft] = read("---\ndate: 03/04/2026\n---\nx\n", "log.md", 5).drafts;
  assert.deepEqual([draft?.metadata["date"], draft?.timeSource], ["03/04/2026", "file"]);
});

Deno.test("readNote() gives nothing and no failure for an empty file", () => {
  assert.deepEqual(read(" \n\n"), { drafts: [], links: [], failures: [] });
});

Deno.test("readNote() names the line of a byte that is not UTF-8", () => {
  const file = new Uint8Array([97, 13, 10, 98, 10, 0xff, 10]);
  const { failures } = readNote({ path: "x.md", bytes: file, modifiedAt: null });
  assert.deepEqual(failures.map(({ code, line }) => [code, line]), [["invalid_encoding", 3]]);
});

Deno.test("readNote() refuses a binary file", () => {
  assert.match(read("PNG\0\0").failures[0]?.message ?? "", /binary/);
});

Deno.test("readNote() names noteBytesMax when a file is too large", () => {
  const limits = { ...inputLimits, noteBytesMax: 4 };
  const { failures } = readNote({ path: "x.md", bytes: bytes("12345"), modifiedAt: null }, limits);
  assert.deepEqual(failures.map(({ code }) => code), ["payload_too_large"]);
  assert.match(failures[0]?.message ?? "", /noteBytesMax, 4/);
});

Deno.test("readNote() splits a large section at paragraphs", () => {
  const limits = { ...inputLimits, sectionBytesMax: 24 };
  const text = "# A\nfirst paragraph\n\nsecond one\n\nthird\n";
  const { drafts } = readNote({ path: "x.md", bytes: bytes(text), modifiedAt: null }, limits);
  assert.deepEqual(
    drafts.map(({ ref, content, line }) => [ref, content, line]),
    [["x.md#a", "first paragraph", 2], ["x.md#a~2", "second one\n\nthird", 4]],
  );
});

Deno.test("readNote() splits one long line at a space, never inside a character", () => {
  const limits = { ...inputLimits, sectionBytesMax: 9 };
  const { drafts } = readNote({ path: "x.md", bytes: bytes("aé bé cé 🦢🦢🦢"), modifiedAt: null }, limits);
  assert.deepEqual(drafts.map(({ content }) => content), ["aé bé ", "cé ", "🦢🦢", "🦢"]);
});

Deno.test("readNote() finds wiki and Markdown links with their lines and sections", () => {
  const { links } = read(
    "See [[Heron#Dates|the dates]].\n# A\n[b](../notes/b.md#top) ![i](i.png) [w](https://a.b)\n`[[no]]`\n",
    "x/plan.md",
  );
  assert.deepEqual(links, [
    {
      source: "x/plan.md",
      ref: "x/plan.md",
      form: "wiki",
      target: "Heron",
      anchor: "Dates",
      text: "the dates",
      line: 1,
    },
    {
      source: "x/plan.md",
      ref: "x/plan.md#a",
      form: "markdown",
      target: "notes/b.md",
      anchor: "top",
      text: "b",
      line: 3,
    },
  ]);
});

Deno.test("readNote() gives a heading's links to the first text below it", () => {
  const { links } = read("before\n# [[Heron]]\nbelow\n");
  assert.deepEqual(links.map(({ ref, line }) => [ref, line]), [["plan.md#heron", 2]]);
});

Deno.test("readNote() lists a section whose metadata is too large, and takes its links with it", () => {
  const limits = { ...inputLimits, metadataBytesMax: 60 };
  const { drafts, links, failures } = readNote(
    { path: "x.md", bytes: bytes("short\n# A long heading of many words\n[[b]]\n"), modifiedAt: null },
    limits,
  );
  assert.deepEqual([drafts.length, links.length, failures.map(({ line, code }) => [line, code])], [
    0,
    0,
    [[1, "payload_too_large"], [3, "payload_too_large"]],
  ]);
});

Deno.test("readNote() names linksPerNoteMax when there are more links", () => {
  const limits = { ...inputLimits, linksPerNoteMax: 1 };
  const { links, failures } = readNote(
    { path: "x.md", bytes: bytes("[[a]]\n\n[[b]]\n"), modifiedAt: null },
    limits,
  );
  assert.deepEqual([links.length, failures.map(({ line, code }) => [line, code])], [1, [[
    3,
    "limit_reached",
  ]]]);
});

Deno.test("readNote() hides what is marked private across sections, its headings too, and keeps line numbers", () => {
  const lines = [
    "# One",
    "open",
    "<private>",
    "## Hidden",
    "hidden",
    "",
    "## Also",
    "</private>",
    "",
    "# Two",
    "seen",
  ];
  const redactions = new Map<string, number>();
  const { drafts } = readNote(
    { path: "a.md", bytes: bytes(lines.join("\n")), modifiedAt: null },
    undefined,
    redactions,
  );
  const text = JSON.stringify(drafts);
  for (const word of ["Hidden", "hidden", "Also", "also"]) assert.equal(text.includes(word), false, word);
  assert.deepEqual(drafts.map(({ ref, line }) => [ref, line]), [["a.md#one", 2], ["a.md#two", 11]]);
  assert.deepEqual([...redactions], [["private", 1]]);
});

Deno.test("readNote() takes the day on which a note says it was written, where name, front matter and headings say none", () => {
  const dayOf = (text: string, path = "plan.md") => {
    const file = { path, bytes: new TextEncoder().encode(text), modifiedAt: Date.parse("2026-11-30") };
    const [draft] = readNote(file).drafts;
    return [new Date(draft?.observedAt ?? NaN).toISOString().slice(0, 10), draft?.timeSource];
  };
  assert.deepEqual(dayOf("# Plan\n\nRoz, 8 April 2026\n\nThe van is full.\n"), ["2026-04-08", "heading"]);
  assert.deepEqual(dayOf("# Plan\n\nThe van is full.\n\n(Roz, 8 April 2026)\n"), ["2026-04-08", "heading"]);
  assert.deepEqual(dayOf("8 April 2026\nThe van is full.\n"), ["2026-04-08", "heading"]);
  assert.deepEqual(dayOf("# 7 April 2026\nRoz, 8 April 2026\n"), ["2026-04-07", "heading"]);
  assert.deepEqual(dayOf("Roz, 8 April 2026\n", "2026-04-06.md"), ["2026-04-06", "name"]);
  // Lines of days are about these days, and what stands in the middle or in code is about something else.
  assert.deepEqual(dayOf("8 April 2026, dentist\n9 April 2026, bakery\n"), ["2026-11-30", "file"]);
  assert.deepEqual(dayOf("a\nb\nc\nRoz, 8 April 2026\nd\n"), ["2026-11-30", "file"]);
  assert.deepEqual(dayOf("Anna, 2 December 2026\nThe van is full.\n"), ["2026-11-30", "file"]);
  assert.deepEqual(dayOf("```\nDate: 8 April 2026\n```\nThe van is full.\n"), ["2026-11-30", "file"]);
});
