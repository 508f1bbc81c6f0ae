/**
 * A note (Markdown or text) read into drafts: one engram a section, a thread in order.
 *
 * Owns: what of a note becomes which field; docs/import.md says it for people.
 * Does not own: cutting (sections.ts), front matter (front_matter.ts), links (links.ts), storing.
 *
 * Invariants:
 * 1. `content` is the section's text as it stands in the file, without blank lines around it and without its
 *    heading: the heading path is the title. Every line that is not blank is in a content or in a title.
 * 2. A ref is `path`, or `path#heading/subheading`; it depends on the heading path alone, so that sections added
 *    elsewhere change no other ref. Parts of a large section are `…~2`, `…~3`.
 * 3. What is broken is a Failure with its line; nothing is thrown.
 * 4. What is private is taken out of the whole text before it is cut: a mark or a key that spans sections hides both,
 *    and no heading of it becomes a title or a ref.
 */
import type { JsonObject, TimeSource } from "../kernel/records.ts";
import type { EngramDraft, Failure, InputLimits, LinkDraft, ReadFile } from "./drafts.ts";
import { inputLimits, overLimit } from "./drafts.ts";
import { readFrontMatter } from "./front_matter.ts";
import { findLinks } from "./links.ts";
import type { Heading, Part, Section } from "./sections.ts";
import { cutSections, splitSection } from "./sections.ts";
import type { Line } from "./text.ts";
import { decodeText, splitLines } from "./text.ts";
import { parseTime } from "../kernel/times.ts";
import { type Redactions, redactText } from "./redact.ts";
import { findDate, writtenOn } from "./dates.ts";

/** A file as the caller found it. */
export interface NoteFile {
  /** As it is shown: relative to the import root, with forward slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The file's time in ms, the last resort for `observedAt`, or null. */
  readonly modifiedAt: number | null;
}

interface Note {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly Line[];
  readonly title: string;
  readonly front: JsonObject;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly time: { readonly observedAt: number; readonly timeSource: TimeSource } | null;
  /** The day that one of its first lines, or its last, says it was written; in ms. */
  readonly writtenAt: number | null;
  readonly modifiedAt: number | null;
  readonly limits: InputLimits;
}

/** Reads a note. An empty file gives nothing, and no failure. */
export function readNote(
  file: NoteFile,
  limits: InputLimits = inputLimits,
  redactions: Redactions = new Map(),
): ReadFile {
  const fail = (failure: Omit<Failure, "path">): ReadFile => ({
    drafts: [],
    links: [],
    failures: [{ path: file.path, ...failure }],
  });
  if (file.bytes.length > limits.noteBytesMax) {
    const message =
      `Cannot read the note: its ${file.bytes.length} bytes are more than noteBytesMax, ${limits.noteBytesMax}`;
    return fail({ line: null, code: "payload_too_large", message });
  }
  const decoded = decodeText(file.bytes);
  if (!("text" in decoded)) return fail({ ...decoded, message: `Cannot read the note: ${decoded.message}` });
  const before = splitLines(decoded.text);
  const front = readFrontMatter(decoded.text, before, limits);
  if ("message" in front) return fail({ ...front, message: `Cannot read the note: ${front.message}` });
  const bodyStart = before[front.bodyLine]?.start ?? decoded.text.length;
  const text = withoutSecrets(decoded.text, bodyStart, redactions);
  const lines = text === decoded.text ? before : splitLines(text);
  const sections = cutSections(text, lines, front.bodyLine);
  if (sections.length > limits.sectionsPerNoteMax) {
    const message =
      `Cannot read the note: it has more sections than sectionsPerNoteMax, ${limits.sectionsPerNoteMax}`;
    return fail({ line: null, code: "limit_reached", message });
  }
  const note = describe(file, text, lines, front.values, sections, limits);
  const drafts = sections.flatMap((section) => readSection(note, section));
  return within(
    { path: file.path, limits },
    drafts.map((draft, position) => ({ ...draft, position })),
    note,
    sections,
  );
}

/** The text with its body redacted, line for line. What the front matter holds is redacted as values, when stored. */
function withoutSecrets(text: string, bodyStart: number, redactions: Redactions): string {
  return text.slice(0, bodyStart) + redactText(text.slice(bodyStart), redactions, { keepLines: true });
}

/** Leaves out, and lists, what is over a limit. */
function within(
  { path, limits }: { readonly path: string; readonly limits: InputLimits },
  all: readonly EngramDraft[],
  note: Note,
  sections: readonly Section[],
): ReadFile {
  const failures: Failure[] = [];
  const drafts = all.filter((draft) => {
    const over = overLimit(draft, limits);
    if (over === null) return true;
    failures.push({
      path,
      line: draft.line,
      code: "payload_too_large",
      message: `Cannot take the section: ${over}`,
    });
    return false;
  });
  const kept = new Set(drafts.map(({ ref }) => ref));
  const links = linksOf(note, all, sections).filter(({ ref }) => kept.has(ref));
  const spare = links[limits.linksPerNoteMax];
  if (spare !== undefined) {
    const message =
      `Cannot take every link: the note has more than linksPerNoteMax, ${limits.linksPerNoteMax}`;
    failures.push({ path, line: spare.line, code: "limit_reached", message });
  }
  return { drafts, links: links.slice(0, limits.linksPerNoteMax), failures };
}

/** What all sections of a note share. */
function describe(
  file: NoteFile,
  text: string,
  lines: readonly Line[],
  front: JsonObject,
  sections: readonly Section[],
  limits: InputLimits,
): Note {
  const stem = (file.path.split("/").at(-1) ?? file.path).replace(/\.[^.]+$/, "");
  const tops = sections.filter(({ path }) => path.at(-1)?.level === 1).map(({ path }) => path.at(-1)?.text);
  const given = typeof front["title"] === "string" ? front["title"].trim() : "";
  const title = given || (tops.length === 1 ? tops[0] : undefined) || stem;
  const rest = Object.fromEntries(
    Object.entries(front).filter(([key]) => !["title", "tags", "tag", "aliases", "alias"].includes(key))
      .map(([key, value]) => [reserved.has(key) ? `frontMatter.${key}` : key, value]),
  );
  const aliases = words(front["aliases"] ?? front["alias"], /,/);
  const folder = file.path.replace(/\.[^./]+$/, "");
  const time = frontTime(front) ?? dated(stem, "name") ?? dated(folder, "name") ?? dated(given, "heading");
  const modifiedAt = file.modifiedAt === null ? null : Math.floor(file.modifiedAt);
  return {
    path: file.path,
    text,
    lines,
    title,
    front,
    tags: words(front["tags"] ?? front["tag"], /[,\s]+/).map((tag) => tag.replace(/^#/, "")),
    metadata: { ...rest, ...(aliases.length > 0 ? { aliases } : {}), note: title },
    time,
    writtenAt: time === null ? writtenAt(text, lines, sections, modifiedAt) : null,
    modifiedAt,
    limits,
  };
}

/** Keys of the metadata that are ours; a front matter key of the same name is kept as `frontMatter.KEY`. */
const reserved = new Set(["file", "line", "lineEnd", "headings", "note"]);

function readSection(note: Note, section: Section): EngramDraft[] {
  const { path } = section;
  const own = path.at(-1);
  const parts = splitSection(note.text, note.lines, section, note.limits.sectionBytesMax);
  const ref = own === undefined ? note.path : `${note.path}#${own.key}`;
  if (parts.length === 0) {
    // A heading without text: its words live on in the titles below it, else they are the content.
    if (own === undefined || section.hasChildren) return [];
    const line = section.headingLine;
    return [draft(note, section, ref, { start: 0, end: 0, from: line, last: line }, own.text)];
  }
  return parts.map((part, index) => {
    const content = note.text.slice(part.start, part.end);
    return draft(note, section, index === 0 ? ref : `${ref}~${index + 1}`, part, content);
  });
}

/** Where a draft's text stands: characters [start, end), lines from to last. */
type Span = Pick<Part, "start" | "end" | "from" | "last">;

function draft(
  note: Note,
  section: Section,
  ref: string,
  span: Span,
  content: string,
): EngramDraft {
  const { from, last } = span;
  const headings = section.path.map(({ text }) => text);
  const titles = headings[0] === note.title ? headings : [note.title, ...headings];
  const tags = [...new Set([...note.tags, ...inlineTags(note, section, span)])];
  const { confidence } = note.front;
  const sure = typeof confidence === "number" && confidence >= 0 && confidence <= 1;
  return {
    kind: "note",
    content,
    title: titles.join(" › "),
    source: note.path,
    ref,
    confidence: sure ? confidence : 1,
    metadata: {
      ...note.metadata,
      ...(tags.length > 0 ? { tags } : {}),
      ...(headings.length > 0 ? { headings } : {}),
      file: note.path,
      line: from + 1,
      lineEnd: last + 1,
    },
    context: null,
    thread: note.path,
    position: 0,
    ...observed(note, section.path),
    validFrom: frontMs(note.front, ["validFrom", "valid_from"]),
    validTo: frontMs(note.front, ["validTo", "valid_to"]),
    line: from + 1,
  };
}

/** Lines at a note's head in which it may say when it was written. */
const openingLinesMax = 3;

/**
 * The day on which a note says it was written: in one of its first lines or in its last. Lines of lists are none, nor
 * is a day after the file's time.
 */
function writtenAt(
  text: string,
  lines: readonly Line[],
  sections: readonly Section[],
  modifiedAt: number | null,
): number | null {
  const own: string[] = [];
  for (const { from, to, verbatim } of sections) {
    for (let index = from; index < to; index++) {
      const line = text.slice(lines[index]?.start, lines[index]?.end);
      if (verbatim[index - from] !== true && line.trim() !== "") own.push(line);
    }
  }
  const last = own.at(-1);
  for (const line of [...own.slice(0, openingLinesMax), ...(last === undefined ? [] : [last])]) {
    const found = writtenOn(line);
    // Wherever its writer was, the day there began 14 hours before the day in UTC at most.
    if (found === null || (modifiedAt !== null && found.ms > modifiedAt + 14 * 3_600_000)) continue;
    // Lines that each begin with a day are about these days.
    if (!found.alone || own.filter((one) => writtenOn(one)?.alone === true).length === 1) return found.ms;
  }
  return null;
}

/** When it was so, by design §7: front matter, the name, the nearest heading, the note's own words, the file's time. */
function observed(note: Note, path: readonly Heading[]): Pick<EngramDraft, "observedAt" | "timeSource"> {
  if (note.time !== null && note.time.timeSource !== "heading") return note.time;
  for (const heading of [...path].reverse()) {
    const found = dated(heading.text, "heading");
    if (found !== null) return found;
  }
  if (note.time !== null) return note.time;
  if (note.writtenAt !== null) return { observedAt: note.writtenAt, timeSource: "heading" };
  return note.modifiedAt === null
    ? { observedAt: null, timeSource: "none" }
    : { observedAt: note.modifiedAt, timeSource: "file" };
}

function dated(text: string, timeSource: TimeSource): Note["time"] {
  const found = findDate(text);
  return found === null ? null : { observedAt: found.ms, timeSource };
}

/** The first of `date`, `created` that holds a time; ISO 8601 or one of the forms of findDate standing alone. */
function frontTime(front: JsonObject): Note["time"] {
  const observedAt = frontMs(front, ["date", "created"]);
  return observedAt === null ? null : { observedAt, timeSource: "front_matter" };
}

function frontMs(front: JsonObject, keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = front[key];
    if (typeof value !== "string" && typeof value !== "number") continue;
    const text = String(value).trim();
    const time = parseTime(text);
    if (time !== null) return time.ms;
    const found = findDate(text);
    if (found !== null && found.start === 0 && found.end === text.length) return found.ms;
  }
  return null;
}

/** A list of words from a YAML list or a text. */
function words(value: unknown, separator: RegExp): string[] {
  const list = Array.isArray(value) ? value : typeof value === "string" ? value.split(separator) : [];
  const texts = list.filter((item) => typeof item === "string" || typeof item === "number");
  return [...new Set(texts.map((item) => String(item).trim()).filter((item) => item !== ""))];
}

/** `#tags` written in the text, outside code. */
function inlineTags(note: Note, section: Section, span: Span): string[] {
  const tags: string[] = [];
  for (let index = Math.max(span.from, section.from); index <= span.last; index++) {
    if (section.verbatim[index - section.from] === true) continue;
    const { start = 0, end = 0 } = note.lines[index] ?? {};
    const line = note.text.slice(Math.max(start, span.start), Math.min(end, span.end));
    if (!line.includes("#")) continue;
    const plain = line.replace(/`[^`]*`/g, " ");
    for (const match of plain.matchAll(/(?<=^|[\s(])#(\p{L}[\p{L}\p{N}_/-]{0,99})/gu)) {
      tags.push(match[1] ?? "");
    }
  }
  return tags;
}

/** The links of a note, each with the section (or part of one) that holds its line. */
function linksOf(note: Note, drafts: readonly EngramDraft[], sections: readonly Section[]): LinkDraft[] {
  const links: LinkDraft[] = [];
  let at = 0;
  const add = (index: number) => {
    const line = note.text.slice(note.lines[index]?.start, note.lines[index]?.end);
    const ref = drafts[at]?.ref;
    if (ref === undefined || !line.includes("[")) return;
    for (const found of findLinks(line, note.path)) {
      links.push({ source: note.path, ref, ...found, line: index + 1 });
    }
  };
  for (const section of sections) {
    // A heading's links belong to the first text below it.
    if (section.headingLine >= 0) {
      while (at + 1 < drafts.length && (drafts[at]?.line ?? 0) <= section.headingLine) at++;
      add(section.headingLine);
    }
    for (
      let index = section.from;
      index < section.to && links.length <= note.limits.linksPerNoteMax;
      index++
    ) {
      while (at + 1 < drafts.length && (drafts[at + 1]?.line ?? 0) <= index + 1) at++;
      if (section.verbatim[index - section.from] !== true) add(index);
    }
  }
  return links;
}
