/**
 * Text: lines by what they are, sentences, words, with places both in UTF-16 units (for AssemblyScript) and in
 * UTF-8 bytes (for the metadata of `from` and `mentions`).
 *
 * Invariants:
 * 1. A span's text is exactly the substring it names; nothing is trimmed from within.
 * 2. No list of any language's words is needed, but for abbreviations that end in a point.
 */

/** Number of UTF-8 bytes of text[start, end). An unpaired surrogate counts 3. */
export function utf8Length(text: string, start: i32, end: i32): i32 {
  let bytes = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) bytes++;
    else if (code < 0x800) bytes += 2;
    else if ((code & 0xfc00) == 0xd800 && i + 1 < end && (text.charCodeAt(i + 1) & 0xfc00) == 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}

export function isDigit(code: i32): bool {
  return code >= 0x30 && code <= 0x39;
}
/** Letters of any script, roughly: no punctuation, no symbols, no surrogates. */
export function isLetter(code: i32): bool {
  if (code < 0x80) return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  if (code < 0xc0) return code == 0xaa || code == 0xb5 || code == 0xba;
  if (code == 0xd7 || code == 0xf7) return false;
  if (code >= 0x2000 && code <= 0x2bff) return false;
  if (code >= 0x3000 && code <= 0x303f) return false;
  return code < 0xd800 || (code >= 0xf900 && code < 0xfe00);
}
export function isUpper(code: i32): bool {
  if (code < 0x80) return code >= 0x41 && code <= 0x5a;
  if (!isLetter(code)) return false;
  const text = String.fromCharCode(code);
  return text.toLowerCase() != text;
}
export function isSpace(code: i32): bool {
  return code == 0x20 || (code >= 0x09 && code <= 0x0d) || code == 0xa0 || code == 0x2003 || code == 0x3000;
}

/** Lower case, runs of space as one, no space at the ends: for comparing, never for showing. */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  const parts: string[] = [];
  let from = -1;
  for (let i = 0; i < lower.length; i++) {
    const space = isSpace(lower.charCodeAt(i));
    if (!space && from < 0) from = i;
    else if (space && from >= 0) {
      parts.push(lower.substring(from, i));
      from = -1;
    }
  }
  if (from == 0) return lower;
  if (from > 0) parts.push(lower.substring(from));
  return parts.join(" ");
}

/** A place in a text: [start, end) in UTF-16 units, [byteStart, byteEnd) in UTF-8 bytes. */
export class Span {
  constructor(
    readonly start: i32,
    readonly end: i32,
    readonly byteStart: i32,
    readonly byteEnd: i32,
  ) {}
  textIn(text: string): string {
    return text.substring(this.start, this.end);
  }
}

/** Counts bytes from left to right, so that many spans of one text cost one walk. */
class Bytes {
  private at: i32 = 0;
  private bytes: i32 = 0;
  constructor(private readonly text: string) {}
  to(index: i32): i32 {
    this.bytes += utf8Length(this.text, this.at, index);
    this.at = index;
    return this.bytes;
  }
}

export enum LineKind {
  blank,
  prose,
  heading,
  item,
  quote,
  table,
  code,
}

/** A line: [start, end) without its end of line; its matter begins at `body` (after `- `, `## `, `> `). */
export class Line {
  constructor(readonly start: i32, readonly end: i32, readonly body: i32, readonly kind: LineKind) {}
}

/** The lines of a Markdown or plain text. Front matter is not looked for: import takes it away. */
export function lines(text: string): Line[] {
  const found: Line[] = [];
  let code = false;
  let start = 0;
  while (start <= text.length) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    let stop = end;
    if (stop > start && text.charCodeAt(stop - 1) == 0x0d) stop--;
    let body = start;
    while (body < stop && isSpace(text.charCodeAt(body))) body++;
    const fence = text.startsWith("```", body) || text.startsWith("~~~", body);
    if (fence || code) found.push(new Line(start, stop, body, LineKind.code));
    else found.push(lineAt(text, start, body, stop));
    if (fence) code = !code;
    start = end + 1;
  }
  return found;
}

function lineAt(text: string, start: i32, body: i32, stop: i32): Line {
  if (body == stop) return new Line(start, stop, body, LineKind.blank);
  const first = text.charCodeAt(body);
  if (first == 0x23) {
    let at = body;
    while (at < stop && text.charCodeAt(at) == 0x23) at++;
    if (at == stop || isSpace(text.charCodeAt(at))) {
      while (at < stop && isSpace(text.charCodeAt(at))) at++;
      return new Line(start, stop, at, LineKind.heading);
    }
  }
  if (first == 0x7c) return new Line(start, stop, body, LineKind.table);
  if (first == 0x3e) return new Line(start, stop, skipSpaces(text, body + 1, stop), LineKind.quote);
  const next = body + 1 < stop ? <i32> text.charCodeAt(body + 1) : 0x20;
  if ((first == 0x2d || first == 0x2a || first == 0x2b || first == 0x2022) && isSpace(next)) {
    return new Line(start, stop, skipBox(text, skipSpaces(text, body + 1, stop), stop), LineKind.item);
  }
  let at = body;
  while (at < stop && at - body < 3 && isDigit(text.charCodeAt(at))) at++;
  if (at > body && at + 1 < stop) {
    const mark = text.charCodeAt(at);
    if ((mark == 0x2e || mark == 0x29) && isSpace(text.charCodeAt(at + 1))) {
      return new Line(start, stop, skipBox(text, skipSpaces(text, at + 1, stop), stop), LineKind.item);
    }
  }
  return new Line(start, stop, body, LineKind.prose);
}

function skipSpaces(text: string, from: i32, stop: i32): i32 {
  while (from < stop && isSpace(text.charCodeAt(from))) from++;
  return from;
}

/** After `[ ] ` or `[x] `. */
function skipBox(text: string, from: i32, stop: i32): i32 {
  if (from + 3 > stop || text.charCodeAt(from) != 0x5b || text.charCodeAt(from + 2) != 0x5d) return from;
  const mark = text.charCodeAt(from + 1);
  if (mark != 0x20 && (mark | 0x20) != 0x78) return from;
  return skipSpaces(text, from + 3, stop);
}

/** A sentence and the kind of line it begins in. A heading, an item, a row is at least one sentence. */
export class Sentence extends Span {
  constructor(
    start: i32,
    end: i32,
    byteStart: i32,
    byteEnd: i32,
    readonly kind: LineKind,
    /** Index of its line. */
    readonly line: i32,
  ) {
    super(start, end, byteStart, byteEnd);
  }
}

/** A line this long, and shorter where the next begins with a small letter, may go on in the next one. */
const wrappedMin: i32 = 60;
const wrappedSmallMin: i32 = 40;

/** `Label: value`, or a speaker and what was said: letters, digits and spaces before a colon and a space. */
export function isLabelLine(text: string, start: i32, end: i32): bool {
  for (let i = start; i < end && i <= start + 40; i++) {
    const code = <i32> text.charCodeAt(i);
    if (code == 0x3a) return i > start && i + 1 < end && isSpace(text.charCodeAt(i + 1));
    if (code != 0x20 && !isWord(code)) return false;
  }
  return false;
}

/** Where a time of day (`9:31`, `[09:31]`) ends that begins at `at`; -1 for none. */
function afterClock(text: string, at: i32, end: i32): i32 {
  let i = at;
  while (i < end && (text.charCodeAt(i) == 0x5b || text.charCodeAt(i) == 0x28)) i++;
  const hours = i;
  while (i < end && i < hours + 2 && isDigit(text.charCodeAt(i))) i++;
  if (i == hours || i + 2 >= end || text.charCodeAt(i) != 0x3a) return -1;
  return isDigit(text.charCodeAt(i + 1)) && isDigit(text.charCodeAt(i + 2)) ? i + 3 : -1;
}

/** A longer stamp of a chat, in characters, is none. */
const stampMax: i32 = 26;

/**
 * Where the stamp ends with which a line of an exported chat begins: `[28/08/2025] `, `[28.08.25, 09:31:07] `,
 * `28/08/2025, 09:31 - `; `start` where there is none. At most 26 characters of it are looked at.
 */
export function afterStamp(text: string, start: i32, end: i32): i32 {
  const bracket = start < end && text.charCodeAt(start) == 0x5b;
  const from = bracket ? start + 1 : start;
  const stop = min(end, from + stampMax);
  let marks = 0;
  for (let i = from; i < stop; i++) {
    const code = <i32> text.charCodeAt(i);
    const dash = code == 0x2d || code == 0x2013;
    if (
      bracket
        ? code == 0x5d
        : dash && isSpace(text.charCodeAt(i - 1)) && i + 1 < end && isSpace(text.charCodeAt(i + 1))
    ) {
      if (marks == 0) return start;
      i++;
      while (i < end && isSpace(text.charCodeAt(i))) i++;
      return i;
    }
    if (isDigit(code)) continue;
    if (i == from) return start;
    if (code == 0x2f || code == 0x2e || code == 0x3a || dash) {
      if (isDigit(text.charCodeAt(i - 1))) marks++;
      continue;
    }
    const half = code | 0x20;
    if (!isSpace(code) && code != 0x2c && half != 0x61 && half != 0x70 && half != 0x6d) return start;
  }
  return start;
}

/**
 * A line of a pasted chat that says who speaks, or begins with the time or the day: `Ada Quist  9:31 AM`,
 * `[09:31] ada: …`, `[28/08/2025] ada: …`.
 */
function opensTurn(text: string, start: i32, end: i32): bool {
  if (afterClock(text, start, end) > 0 || afterStamp(text, start, end) > start) return true;
  if (end - start > 48) return false;
  for (let i = start; i < end; i++) {
    if (!isSpace(text.charCodeAt(i))) continue;
    const after = afterClock(text, i + 1, end);
    // Behind the time stands at most AM or PM.
    if (after > 0 && end - after <= 4) return true;
  }
  return false;
}

/** Whether a line of prose goes on with the sentence of the line before it: it was wrapped there, and is no new statement. */
function goesOn(text: string, before: Line, next: Line): bool {
  let last = before.end - 1;
  while (
    last > before.body &&
    (isSpace(text.charCodeAt(last)) || isCloser(text.charCodeAt(last)) && !isStop(text.charCodeAt(last)))
  ) last--;
  const mark = <i32> text.charCodeAt(last);
  if (isStop(mark) || mark == 0x3a || mark == 0x3b) return false;
  if (
    isLabelLine(text, next.body, next.end) || opensTurn(text, next.body, next.end) ||
    opensTurn(text, before.body, before.end)
  ) return false;
  const first = <i32> text.charCodeAt(next.body);
  const length = before.end - before.body;
  return length >= (isLetter(first) && !isUpper(first) ? wrappedSmallMin : wrappedMin);
}

function isStop(code: i32): bool {
  return code == 0x2e || code == 0x21 || code == 0x3f || code == 0x2026;
}

/**
 * The sentences of a text in order; code and blank lines have none. A line ends a sentence, with or without a full
 * stop, but where it was wrapped.
 */
export function sentences(text: string): Sentence[] {
  const all = lines(text);
  const found: Sentence[] = [];
  const bytes = new Bytes(text);
  let i = 0;
  while (i < all.length) {
    const line = all[i];
    if (line.kind == LineKind.blank || line.kind == LineKind.code || line.body >= line.end) {
      i++;
      continue;
    }
    let last = i;
    if (line.kind == LineKind.prose || line.kind == LineKind.item || line.kind == LineKind.quote) {
      while (last + 1 < all.length) {
        const next = all[last + 1].kind;
        if (next != LineKind.prose && !(line.kind == LineKind.quote && next == LineKind.quote)) break;
        if (!goesOn(text, all[last], all[last + 1])) break;
        last++;
      }
    }
    split(text, line.body, all[last].end, line.kind, i, bytes, found);
    i = last + 1;
  }
  return found;
}

function split(
  text: string,
  from: i32,
  to: i32,
  kind: LineKind,
  line: i32,
  bytes: Bytes,
  found: Sentence[],
): void {
  let start = from;
  let i = from;
  while (i < to) {
    const code = text.charCodeAt(i);
    const wide = code == 0x3002 || code == 0xff01 || code == 0xff1f;
    if (!wide && code != 0x2e && code != 0x21 && code != 0x3f && code != 0x2026) {
      i++;
      continue;
    }
    let end = i + 1;
    while (end < to && isCloser(text.charCodeAt(end))) end++;
    if (!wide && end < to && !isSpace(text.charCodeAt(end))) {
      i = end;
      continue;
    }
    if (code == 0x2e && !endsAtPoint(text, start, i, end, to)) {
      i = end;
      continue;
    }
    add(text, start, end, kind, line, bytes, found);
    start = end;
    i = end;
  }
  add(text, start, to, kind, line, bytes, found);
}

function isCloser(code: i32): bool {
  return code == 0x2e || code == 0x21 || code == 0x3f || code == 0x22 || code == 0x27 || code == 0x29 ||
    code == 0x5d || code == 0x2a || code == 0x5f || code == 0x201d || code == 0x2019 || code == 0x2026;
}

const abbreviations: string[] = [
  "mr",
  "mrs",
  "ms",
  "dr",
  "rev",
  "prof",
  "st",
  "e.g",
  "i.e",
  "vs",
  "approx",
  "fig",
  "inc",
  "ltd",
  "co",
  "jr",
  "sr",
  "z.b",
  "bzw",
  "ca",
  "tel",
  "dept",
  "est",
  "resp",
];

/** Whether text[from, from + word.length) is `word`, letter case of a to z aside. */
function isWordAt(text: string, from: i32, word: string): bool {
  for (let i = 0; i < word.length; i++) {
    const code = text.charCodeAt(from + i);
    const small = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
    if (small != word.charCodeAt(i)) return false;
  }
  return true;
}

function endsAtPoint(text: string, start: i32, point: i32, end: i32, to: i32): bool {
  let next = end;
  while (next < to && isSpace(text.charCodeAt(next))) next++;
  if (next >= to) return true;
  // A lower-case word goes on; so does an initial ("J. Smith") and an abbreviation.
  const following = text.charCodeAt(next);
  if (isLetter(following) && !isUpper(following)) return false;
  let from = point;
  while (from > start && (isLetter(text.charCodeAt(from - 1)) || text.charCodeAt(from - 1) == 0x2e)) from--;
  const length = point - from;
  const first = text.charCodeAt(from);
  if (length == 1 && isUpper(first) && (from == start || text.charCodeAt(from - 1) == 0x20)) {
    return first == 0x49;
  }
  if (length == 0 || length > 6) return true;
  if (length == 2 && (isWordAt(text, from, "no") || isWordAt(text, from, "nr"))) return !isDigit(following);
  for (let i = 0; i < abbreviations.length; i++) {
    if (abbreviations[i].length == length && isWordAt(text, from, abbreviations[i])) return false;
  }
  return true;
}

function add(
  text: string,
  from: i32,
  to: i32,
  kind: LineKind,
  line: i32,
  bytes: Bytes,
  found: Sentence[],
): void {
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  if (from >= to) return;
  const byteStart = bytes.to(from);
  found.push(new Sentence(from, to, byteStart, bytes.to(to), kind, line));
}

/** The words of text[from, to): letters and digits, with `'`, `-` and `_` inside them. */
export function words(text: string, from: i32 = 0, to: i32 = i32.MAX_VALUE): Span[] {
  const found: Span[] = [];
  const end = min(to, text.length);
  const bytes = new Bytes(text);
  let i = from;
  while (i < end) {
    if (!isWord(text.charCodeAt(i))) {
      i++;
      continue;
    }
    const start = i;
    while (i < end) {
      const code = text.charCodeAt(i);
      const inside = i + 1 < end && isWord(text.charCodeAt(i + 1)) &&
        (code == 0x27 || code == 0x2019 || code == 0x2d || code == 0x5f);
      if (!isWord(code) && !inside) break;
      i++;
    }
    const byteStart = bytes.to(start);
    found.push(new Span(start, i, byteStart, bytes.to(i)));
  }
  return found;
}

function isWord(code: i32): bool {
  return isLetter(code) || isDigit(code);
}
