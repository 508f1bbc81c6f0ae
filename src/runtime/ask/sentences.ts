/**
 * A note's text cut into the sentences that can be quoted: sentences of prose, list items, rows of tables, lines
 * such as "Label: value", lines of code.
 *
 * Invariants:
 * 1. A sentence is verbatim: its text is exactly the content's bytes from `start`. Order is that of the content.
 * 2. Pure and bounded: equal contents give equal sentences; work is linear in the characters looked at.
 */

import { spokenOf, subjectOf } from "./speakers.ts";

/** Characters of a note that are looked at. */
const noteCharsMax = 64 * 1024;
const sentencesMax = 1000;
/** A longer sentence is cut at a space. */
export const sentenceCharsMax = 600;
/** What is looked at before a full stop. */
const wordCharsMax = 64;
/** A line this long without a full stop goes on in the next one. */
const wrappedCharsMin = 60;
/** Characters by which a wrapped line may be shorter than it had to be. */
const wrapSlack = 8;

/** A verbatim part of a note, with what stands around it. */
export interface Sentence {
  readonly text: string;
  /** UTF-8 byte offset in the content. */
  readonly start: number;
  /** What the sentence stands under: the header of a table, the line that opens a list, a date before it. */
  readonly lead: string;
  /** The two sentences before it in the same paragraph or list, or "". */
  readonly previous: string;
  /** Who says it in a pasted chat or mail, or "". */
  readonly speaker: string;
  /** The heads of the columns, of a row of a table; else "". */
  readonly heads: string;
  /** A task that is not done. */
  readonly open: boolean;
  /** Struck through, so no longer meant. */
  readonly struck: boolean;
}

/** A part of the content, in UTF-16 units. */
interface Piece {
  start: number;
  end: number;
  readonly lead: string;
  readonly group: number;
  readonly speaker: string;
  readonly heads: string;
  readonly open: boolean;
  readonly whole: boolean;
}

const abbreviations = new Set(
  `mr mrs ms dr prof st sr jr vs etc approx ca cf eg ie inc ltd co corp nr no vol fig al dept tel ext min max incl excl
  resp bzw zb dh usw jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun`.split(
    /\s+/,
  ),
);
const monthNext =
  /^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|juni|juli|okt|dez|januar|februar|märz)/i;
const listItem = /^(\s*)(?:[-*+•]|\d{1,3}[.)])\s+(\[[ xX]\]\s+)?/;
const separatorRow = /^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$/;
const headingLine = /^\s{0,3}#{1,6}\s+/;
const dateOnly = /^[\s\p{P}]*(?:[\p{L}]+[\s,.]+)?\d{1,4}[./\s-]*[\p{L}\d]*[./\s,-]*\d{0,4}[\s:.,–-]*$/u;
const taskStart = /^(?:to-?do|task|action item|open (?:task|question|point)s?)\b/i;

/** Cuts a note's content into sentences, in order. */
export function sentencesOf(content: string): Sentence[] {
  const text = content.slice(0, noteCharsMax);
  const found: Sentence[] = [];
  const bytes = byteCounter(content);
  let group = -1, earlier = "", previous = "", dated = "", block: Piece | null = null;
  for (const piece of piecesOf(text)) {
    if (piece.group !== group) earlier = previous = "";
    if (block === null || piece.group !== group || piece.whole) dated = "";
    group = piece.group;
    block = piece;
    for (const [start, end] of piece.whole ? [line(text, piece)] : cut(text, piece)) {
      const sentence = text.slice(start, end);
      if (!/[\p{L}\p{N}]/u.test(sentence)) continue;
      if (isDate(sentence)) {
        dated = sentence;
        continue;
      }
      found.push({
        text: sentence,
        start: bytes(start),
        lead: [piece.lead, dated].filter((one) => one !== "").join(" "),
        previous: piece.heads !== "" ? "" : [earlier, previous].filter((one) => one !== "").join(" "),
        speaker: piece.speaker,
        heads: piece.heads,
        open: piece.open || taskStart.test(sentence),
        struck: sentence.startsWith("~~") && sentence.replace(/[.\s]+$/, "").endsWith("~~"),
      });
      if (found.length >= sentencesMax) return found;
      earlier = previous;
      previous = sentence;
    }
  }
  return found;
}

/** A row or a line of code, to its length limit. */
const line = (text: string, { start, end }: Piece): [number, number] => [
  start,
  end - start <= sentenceCharsMax ? end : whole(text, start + sentenceCharsMax),
];

/** A text that is a date and nothing else says when the next sentence was so. */
function isDate(sentence: string): boolean {
  return sentence.length <= 30 && /\d/.test(sentence) && dateOnly.test(sentence) &&
    (monthNext.test(sentence.replace(/^[^\p{L}]+/u, "")) || /^\W*\d{4}-\d\d-\d\d\W*$/.test(sentence));
}

/** UTF-8 offsets of rising UTF-16 offsets. */
function byteCounter(text: string): (at: number) => number {
  const encoder = new TextEncoder();
  let seen = 0, bytes = 0;
  return (at) => {
    bytes += encoder.encode(text.slice(seen, at)).length;
    seen = at;
    return bytes;
  };
}

interface Line {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function* linesOf(text: string): Generator<Line> {
  for (const { 0: line, index } of text.matchAll(/[^\r\n]*(?:\r\n|\n|\r|$)/g)) {
    const body = line.replace(/[\r\n]+$/, "");
    yield { start: index, end: index + body.length, text: body };
  }
}

/** Paragraphs, items, rows and lines, without their marks. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [], lines = [...linesOf(text)], longest = longestAround(lines);
  const bodies = lines.map(({ text }) => text), spoken = spokenOf(bodies);
  let fence = "", header = "", lead = subjectOf(bodies), group = 0, open: Piece | null = null, speaker = "";
  const add = (
    line: Line,
    skip: number,
    more: { lead: string; open?: boolean; whole?: boolean; heads?: string },
  ) => {
    const from = line.start + skip, body = text.slice(from, line.end), trimmed = body.trim();
    const start = from + body.length - body.trimStart().length;
    const piece = {
      ...{ start, end: start + trimmed.length, group, speaker, heads: "", open: false, whole: false },
      ...more,
    };
    if (trimmed !== "") pieces.push(piece);
    return piece;
  };
  lines.forEach((line, at) => {
    const { skip = 0, head = false } = spoken[at] ?? {};
    speaker = spoken[at]?.speaker ?? "";
    const fenceMark = /^\s*(```+|~~~+)/.exec(line.text)?.[1] ?? "";
    if (fence !== "" || fenceMark !== "") {
      const closes = fence !== "" && fenceMark.startsWith(fence);
      if (fence !== "" && !closes) add(line, 0, { lead, whole: true });
      fence = closes ? "" : fence === "" ? fenceMark : fence;
      open = null;
      return;
    }
    if (line.text.trim() === "") {
      // The line that opens a list may stand apart from it.
      if (open !== null) lead = openerOf(text, open);
      open = null;
      header = "";
      group++;
      return;
    }
    if (headingLine.test(line.text)) {
      lead = line.text.replace(headingLine, "").trim();
      open = null;
      group++;
      return;
    }
    if (separatorRow.test(line.text) && /[|-]/.test(line.text)) return;
    if (/^\s*\|.*\|\s*$/.test(line.text) || (header !== "" && line.text.includes("|"))) {
      if (separatorRow.test(lines[at + 1]?.text ?? "")) header = cells(line.text);
      else {
        const under = [lead, header].filter((one) => one !== "").join(" ");
        add(row(line), 0, { lead: under, whole: true, heads: header });
      }
      open = null;
      return;
    }
    if (head) {
      open = null;
      return;
    }
    if (skip > 0) {
      open = add(line, skip, { lead: "" });
      return;
    }
    const item = listItem.exec(line.text);
    if (item !== null) {
      if (open !== null && !isItem(text, open)) lead = openerOf(text, open);
      open = add(line, item[0].length, { lead, open: /\[ \]/.test(item[2] ?? "") });
      return;
    }
    const quote = /^\s*(?:>\s*)+/.exec(line.text)?.[0].length ?? 0;
    if (open !== null && quote === 0 && goesOn(text, open, line, longest[at] ?? 0)) {
      open.end = line.start + line.text.trimEnd().length;
    } else open = add(line, quote, { lead: "" });
  });
  return pieces;
}

/** For each line, the length of the longest line of its paragraph (lines without an empty one between them). */
function longestAround(lines: readonly Line[]): number[] {
  const found: number[] = [];
  for (let from = 0; from < lines.length;) {
    let to = from, most = 0;
    do most = Math.max(most, lines[to]?.text.trimEnd().length ?? 0); while (lines[++to]?.text.trim());
    while (from < to) found[from++] = most;
  }
  return found;
}

/** A row without the bars around it. */
function row({ start, text }: Line): Line {
  const left = text.trimStart(), before = text.length - left.length + (left.startsWith("|") ? 1 : 0);
  const right = text.trimEnd(), end = right.length - (right.endsWith("|") && right.length > before ? 1 : 0);
  return { start: start + before, end: start + Math.max(before, end), text };
}

const cells = (line: string) =>
  line.split("|").map((cell) => cell.trim()).filter((cell) => cell !== "").join(" ");

/** The text of a piece that opens what follows ("Present:"), else nothing. */
function openerOf(text: string, piece: Piece): string {
  const body = text.slice(piece.start, piece.end);
  return body.endsWith(":") ? body : "";
}

function isItem(text: string, piece: Piece): boolean {
  const lineStart = text.lastIndexOf("\n", piece.start - 1) + 1;
  return listItem.test(text.slice(lineStart, piece.end));
}

/**
 * A line of a pasted chat that says who speaks, or begins with the time or the day: `Ada Quist  9:31 AM`,
 * `[09:31] ada: …`, `[28/08/2025] ada: …`, `28/08/2025, 09:31 - ada: …`.
 */
const opensTurn =
  /^\s*(?:[[(]*\d{1,2}:\d\d|\S.{0,40}\s[[(]*\d{1,2}:\d\d.{0,4}$|\[\d+[./:-][\d./:,\sapm-]{1,24}\]|\d+[./-]\d[\d./:,\sapm]{1,22}\s[-–]\s)/iu;

/**
 * Whether a line goes on with the sentence of the piece before it: a wrapped line, not a new statement. A line was
 * wrapped where its next word would not have fitted in the longest line of the paragraph.
 */
function goesOn(text: string, piece: Piece, line: Line, longest: number): boolean {
  const last = text.slice(text.lastIndexOf("\n", piece.end - 1) + 1, piece.end);
  if (/[.!?:;…]["'”’)\]]*$/.test(last) || /^\s*[\p{L}\p{N} ]{1,40}:\s/u.test(line.text)) return false;
  if (opensTurn.test(last) || opensTurn.test(line.text)) return false;
  const next = line.text.trimStart(), word = /^\S*/.exec(next)?.[0].length ?? 0;
  if (last.length + 1 + word + wrapSlack <= longest) return false;
  return (/^\p{Ll}/u.test(next) && last.length >= 40) || last.length >= wrappedCharsMin;
}

/** A place that cuts no character in two. */
const whole = (text: string, at: number) => /[\uD800-\uDBFF]/.test(text[at - 1] ?? "") ? at - 1 : at;

/** The sentences of a paragraph as [start, end). */
function cut(text: string, { start: from, end: to }: Piece): [number, number][] {
  const body = text.slice(from, to), found: [number, number][] = [];
  let start = 0;
  const add = (end: number) => {
    let at = start;
    while (end - at > sentenceCharsMax) {
      const space = body.lastIndexOf(" ", at + sentenceCharsMax);
      const split = space > at ? space : whole(body, at + sentenceCharsMax);
      found.push([from + at, from + split]);
      at = body[split] === " " ? split + 1 : split;
    }
    if (end > at) found.push([from + at, from + end]);
  };
  for (const { 0: mark, index } of body.matchAll(/[.!?…]{1,8}["'”’)\]*_]{0,8}\s+|[。！？]{1,8}/g)) {
    const end = index + mark.trimEnd().length, next = index + mark.length;
    if (
      next >= body.length ||
      !endsSentence(
        body.slice(Math.max(start, index - wordCharsMax), index),
        mark,
        body.slice(next, next + 12),
      )
    ) {
      continue;
    }
    add(end);
    start = next;
  }
  add(body.length);
  return found;
}

function endsSentence(before: string, mark: string, next: string): boolean {
  if (/^[!?…。！？]/.test(mark)) return true;
  const word = /[\p{L}\p{N}.’']*$/u.exec(before)?.[0] ?? "";
  const plain = word.replace(/[.’']/g, "").toLowerCase();
  if (/^\p{L}(\.\p{L})*$/u.test(word) || /^\d{1,2}$/.test(word) && monthNext.test(next)) return false;
  if (abbreviations.has(plain)) return plain === "no" ? !/^\d/.test(next) : false;
  // A number alone at the start counts a line; a lower-case start is a new sentence only after a whole word.
  if (/^\d{1,3}$/.test(before.trim())) return false;
  return !/^\p{Ll}/u.test(next) || /^\p{L}{3,}$/u.test(word);
}
