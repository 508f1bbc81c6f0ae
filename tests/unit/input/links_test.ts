import assert from "node:assert/strict";
import { resolveLinks } from "../../../src/input/links.ts";
import { readNote } from "../../../src/input/notes.ts";

/** Reads notes and gives "from → to" for each link, and "?target" for each that leads nowhere. */
function resolve(notes: Readonly<Record<string, string>>): string[] {
  const read = Object.entries(notes).map(([path, text]) =>
    readNote({ path, bytes: new TextEncoder().encode(text), modifiedAt: null })
  );
  const { resolved, open } = resolveLinks(
    read.flatMap((note) => note.links),
    read.flatMap((note) => note.drafts),
  );
  return [
    ...resolved.map(({ from, to }) => `${from.ref} → ${to.ref}`),
    ...open.map(({ target }) => `?${target}`),
  ];
}

Deno.test("resolveLinks() finds a note by its file name, letters' case aside", () => {
  assert.deepEqual(resolve({ "a.md": "[[HERON]]", "x/Heron.md": "text" }), ["a.md → x/Heron.md"]);
});

Deno.test("resolveLinks() finds a note by title and by alias", () => {
  const notes = {
    "a.md": "[[Project Heron]] [[heron-api]]",
    "h.md": "---\naliases: [heron-api]\n---\n# Project Heron\nx",
  };
  assert.deepEqual(resolve(notes), ["a.md → h.md#project-heron", "a.md → h.md#project-heron"]);
});

Deno.test("resolveLinks() leads to the heading named, else to the note's beginning", () => {
  const notes = { "a.md": "[[b#Dates]] [[b#Gone]] [x](b.md#plan-b)", "b.md": "x\n# Plan B\ny\n## Dates\nz" };
  assert.deepEqual(resolve(notes), ["a.md → b.md#plan-b/dates", "a.md → b.md", "a.md → b.md#plan-b"]);
});

Deno.test("resolveLinks() takes the nearest of two notes with one name, in any order of reading", () => {
  const notes = { "p/b.md": "x", "q/a.md": "[[b]]", "q/b.md": "y" };
  const backwards = Object.fromEntries(Object.entries(notes).reverse());
  assert.deepEqual([resolve(notes), resolve(backwards)], [["q/a.md → q/b.md"], ["q/a.md → q/b.md"]]);
});

Deno.test("resolveLinks() follows a link within the note", () => {
  assert.deepEqual(resolve({ "a.md": "[[#Dates]]\n# Dates\nx" }), ["a.md → a.md#dates"]);
});

Deno.test("resolveLinks() leaves out a link of a section to itself", () => {
  assert.deepEqual(resolve({ "a.md": "[[a]]" }), []);
});

Deno.test("resolveLinks() lists what leads nowhere", () => {
  assert.deepEqual(resolve({ "a.md": "[[Nobody]] [x](gone.md)" }), ["?Nobody", "?gone.md"]);
});
