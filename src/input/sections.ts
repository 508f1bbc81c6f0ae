/**
 * Markdown and plain text cut into sections: a heading and the text below it, up to the next heading.
 *
 * Owns: what is a heading (ATX `## Title`; a one-line paragraph underlined with === or ---) and what is not (inside
 * code fences, HTML comments, indented code); the heading path, its slug path, and splitting large sections.
 * Does not own: what a section becomes (notes.ts).
 *
 * Invariants:
 * 1. Every line that is not blank belongs to exactly one section, as text or as the heading.
 * 2. A section's key depends on its heading path and on equal paths before it, on nothing else: adding other
 *    sections anywhere does not change it.
 */
import type { Line } from "./text.ts";
import { utf8Length } from "./text.ts";

/** A longer line is text, whatever it begins with. */
const headingCharsMax = 200;

/** A heading with the keys of its path. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  /** Slugs of the path from the top, joined by "/"; an equal path gets ":2", ":3" in order. "" is before them all. */
  readonly key: string;
}

/** A section: lines [from, to) of the file (indexes from 0) without the heading's own lines. */
export interface Section {
  /** The headings above the text, the section's own last; empty before the first heading. */
  readonly path: readonly Heading[];
  /** The first line of the heading, or -1 before the first heading. */
  readonly headingLine: number;
  readonly from: number;
  readonly to: number;
  /** Whether the next section lies below this one. */
  readonly hasChildren: boolean;
  /** For each line of the section, whether it lies in a code fence or a comment. */
  readonly verbatim: readonly boolean[];
}

interface FoundHeading {
  readonly level: number;
  readonly text: string;
  readonly line: number;
  readonly after: number;
}

/** Cuts lines [first, …) into sections, in order. The first one (before any heading) is always there. */
export function cutSections(text: string, lines: readonly Line[], first: number): Section[] {
  const { headings, verbatim } = scan(text, lines, first);
  const sections: Section[] = [];
  const seen = new Map<string, number>();
  let path: Heading[] = [];
  const add = (headingLine: number, from: number, next: FoundHeading | undefined) => {
    const to = next?.line ?? lines.length;
    const level = path.at(-1)?.level ?? 0;
    sections.push({
      path,
      headingLine,
      from,
      to,
      hasChildren: next !== undefined && next.level > level && path.length > 0,
      verbatim: verbatim.slice(from, to),
    });
  };
  add(-1, first, headings[0]);
  headings.forEach((heading, index) => {
    const above = path.filter((outer) => outer.level < heading.level);
    const base = [...above.slice(-1).map((outer) => outer.key), slug(heading.text)].join("/");
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    path = [...above, {
      level: heading.level,
      text: heading.text,
      key: count === 1 ? base : `${base}:${count}`,
    }];
    add(heading.line, heading.after, headings[index + 1]);
  });
  return sections;
}

/** A heading as an anchor: lower case, letters, digits and "-"; what GitHub makes of it, in short. */
export function slug(heading: string): string {
  const words = heading.normalize("NFC").toLowerCase().replace(/[^\p{L}\p{M}\p{N}_\- ]/gu, "").trim();
  return [...words.replace(/ /g, "-")].slice(0, 100).join("") || "section";
}

type Block = { readonly kind: "fence"; readonly mark: string } | { readonly kind: "comment" } | null;

/** Finds headings, and the lines inside fences and comments (indexed by line). */
function scan(text: string, lines: readonly Line[], first: number) {
  const headings: FoundHeading[] = [];
  const verbatim: boolean[] = new Array<boolean>(lines.length).fill(false);
  const read = (index: number) => text.slice(lines[index]?.start, lines[index]?.end);
  let block: Block = null;
  let paragraph = 0; // lines of the paragraph that the line before belongs to
  for (let index = first; index < lines.length; index++) {
    const line = read(index);
    if (block !== null) {
      verbatim[index] = true;
      if (closes(block, line)) block = null;
      paragraph = 0;
      continue;
    }
    block = opens(line);
    if (block !== null) {
      verbatim[index] = true;
      paragraph = 0;
      continue;
    }
    const atx = atxHeading(line);
    const underline = /^ {0,3}(=+|-+)[ \t]*$/.exec(line);
    if (atx !== null) {
      headings.push({ ...atx, line: index, after: index + 1 });
      paragraph = 0;
    } else if (underline !== null && paragraph === 1 && read(index - 1).length <= headingCharsMax) {
      const level = underline[1]?.startsWith("=") ? 1 : 2;
      headings.push({ level, text: read(index - 1).trim(), line: index - 1, after: index + 1 });
      paragraph = 0;
    } else {
      paragraph = isParagraph(line, paragraph) ? paragraph + 1 : 0;
    }
  }
  return { headings, verbatim };
}

/** `## Title ##` → its level and text; null where the line is no heading, an empty one or a very long one. */
function atxHeading(line: string): { readonly level: number; readonly text: string } | null {
  if (line.length > headingCharsMax) return null;
  const marks = /^ {0,3}(#{1,6})[ \t]/.exec(line);
  if (marks === null) return null;
  const text = line.slice(marks[0].length).trim().replace(/(?:^|[ \t])#+$/, "").trim();
  return text === "" ? null : { level: marks[1]?.length ?? 1, text };
}

function opens(line: string): Block {
  const fence = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(line);
  if (fence !== null) return { kind: "fence", mark: fence[1] ?? fence[2] ?? "```" };
  return /^ {0,3}<!--/.test(line) && !line.includes("-->") ? { kind: "comment" } : null;
}

function closes(block: Exclude<Block, null>, line: string): boolean {
  if (block.kind === "comment") return line.includes("-->");
  const close = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line)?.[1];
  return close !== undefined && close[0] === block.mark[0] && close.length >= block.mark.length;
}

/** Whether a line can be part of a paragraph; one that begins none (list, quote, table, code) breaks it for us. */
function isParagraph(line: string, before: number): boolean {
  if (line.trim() === "") return false;
  if (before > 0) return true;
  return !/^(?: {4}|\t| {0,3}(?:[-*+>|]|\d{1,9}[.)][ \t]|(?:[-*_][ \t]*){3,}$|<))/.test(line);
}

/** A part of a section: lines [from, to), or characters [start, end) of one long line. */
export interface Part {
  readonly start: number;
  readonly end: number;
  /** The index (from 0) of its first and its last line. */
  readonly from: number;
  readonly last: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
}

/**
 * A section's text without blank lines around it, in parts of at most `bytesMax` UTF-8 bytes: cut at paragraphs,
 * else at lines, else inside a line at a space or between two characters. Empty where all lines are blank.
 */
export function splitSection(
  text: string,
  lines: readonly Line[],
  section: Section,
  bytesMax: number,
): Part[] {
  const parts: Part[] = [];
  for (const piece of atoms(text, lines, section, bytesMax)) {
    const open = parts.at(-1);
    const bytes = open === undefined
      ? 0
      : open.bytes + utf8Length(text.slice(open.end, piece.start)) + piece.bytes;
    if (open === undefined || bytes > bytesMax) parts.push(piece);
    else parts[parts.length - 1] = { ...open, end: piece.end, last: piece.last, bytes };
  }
  return parts;
}

/** The smallest pieces that are never joined across a limit: paragraphs, else lines, else cuts of a line. */
function atoms(text: string, lines: readonly Line[], section: Section, bytesMax: number): Part[] {
  const pieces: Part[] = [];
  const blank = (index: number) => text.slice(lines[index]?.start, lines[index]?.end).trim() === "";
  const part = (from: number, last: number): Part => {
    const start = lines[from]?.start ?? 0;
    const end = lines[last]?.end ?? 0;
    return { start, end, from, last, bytes: utf8Length(text.slice(start, end)) };
  };
  let index = section.from;
  while (index < section.to) {
    if (blank(index)) {
      index++;
      continue;
    }
    const from = index;
    let last = index;
    for (; index < section.to; index++) {
      if (!blank(index)) last = index;
      else if (section.verbatim[index - section.from] !== true) break;
    }
    const paragraph = part(from, last);
    if (paragraph.bytes <= bytesMax) pieces.push(paragraph);
    else {
      for (let line = from; line <= last; line++) {
        if (!blank(line)) pieces.push(...cutLine(text, part(line, line), bytesMax));
      }
    }
  }
  return pieces;
}

/** Cuts a line that is too long at spaces, or where there is none between two code points. */
function cutLine(text: string, line: Part, bytesMax: number): Part[] {
  if (line.bytes <= bytesMax) return [line];
  const pieces: Part[] = [];
  let start = line.start;
  while (start < line.end) {
    let end = start;
    let space = -1;
    for (let bytes = 0; end < line.end;) {
      const point = text.codePointAt(end) ?? 0;
      bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      if (bytes > bytesMax && end > start) break;
      end += point < 0x10000 ? 1 : 2;
      if (point === 32 || point === 9) space = end;
    }
    if (end < line.end && space > start) end = space;
    const cut = text.slice(start, end);
    if (cut.trim() !== "") pieces.push({ ...line, start, end, bytes: utf8Length(cut) });
    start = end;
  }
  return pieces;
}
