/**
 * What reading gives: drafts of engrams and links, and the failures that stand beside them.
 *
 * Owns: the shapes, and the limits of reading.
 * Does not own: ids, contexts and storing (the import command does that).
 *
 * Invariants:
 * 1. A draft is plain data, equal for equal bytes: reading the same file twice gives equal drafts.
 * 2. (source, ref) names a draft; within one file no two drafts share it.
 */
import type { RefusalCode } from "../kernel/errors.ts";
import type { EngramKind, JsonObject, TimeSource } from "../kernel/records.ts";
import { utf8Length } from "./text.ts";

/** An engram as a person wrote it, before it has an id. Times are ms since 1970 or null. */
export interface EngramDraft {
  readonly kind: EngramKind;
  /** The person's text, unchanged. */
  readonly content: string;
  readonly title: string | null;
  /** Where it comes from: the path, unless the line of a JSONL file names another. */
  readonly source: string;
  /** Names the draft within its source; the same on every import. */
  readonly ref: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly metadata: JsonObject;
  /** A context name or id the file itself asks for, or null. */
  readonly context: string | null;
  readonly thread: string | null;
  readonly position: number | null;
  readonly observedAt: number | null;
  readonly timeSource: TimeSource;
  readonly validFrom: number | null;
  readonly validTo: number | null;
  /** The first line of the content in the file, from 1. */
  readonly line: number;
}

/** A link written in a note, before it is known what it points at. */
export interface LinkDraft {
  /** The note's source and the ref of the section that holds the link. */
  readonly source: string;
  readonly ref: string;
  readonly form: "wiki" | "markdown";
  /** The note named: a name (wiki) or a path from the import root (markdown); "" is the note itself. */
  readonly target: string;
  /** The heading named after "#", or null. */
  readonly anchor: string | null;
  /** The words shown for the link. */
  readonly text: string;
  readonly line: number;
}

/** Something that did not go in, named by file and line. `line` is null where the whole file is meant. */
export interface Failure {
  readonly path: string;
  readonly line: number | null;
  readonly code: RefusalCode;
  readonly message: string;
}

/** What reading a note or a JSONL file gives: what is broken is listed, the rest goes in. */
export interface ReadFile {
  readonly drafts: readonly EngramDraft[];
  readonly links: readonly LinkDraft[];
  readonly failures: readonly Failure[];
}

/** Limits of reading. They bound one file; how many files are read is the caller's. */
export interface InputLimits {
  /** A larger note is refused. */
  readonly noteBytesMax: number;
  /** A larger section is split at paragraphs. */
  readonly sectionBytesMax: number;
  readonly sectionsPerNoteMax: number;
  readonly linksPerNoteMax: number;
  readonly frontMatterBytesMax: number;
  /** A larger line of a JSONL file is refused; the other lines go in. */
  readonly jsonlLineBytesMax: number;
  /** Content, metadata (as JSON), and each of title, source, ref and thread, in UTF-8 bytes. */
  readonly contentBytesMax: number;
  readonly metadataBytesMax: number;
  readonly nameBytesMax: number;
  /** How deep metadata, params and config may nest. */
  readonly jsonDepthMax: number;
  readonly workflowBytesMax: number;
  readonly stepsPerWorkflowMax: number;
  readonly manifestBytesMax: number;
}

/** The limits in use unless the caller gives others. */
export const inputLimits: InputLimits = {
  noteBytesMax: 8 * 1024 * 1024,
  sectionBytesMax: 8 * 1024,
  sectionsPerNoteMax: 10_000,
  linksPerNoteMax: 10_000,
  frontMatterBytesMax: 32 * 1024,
  jsonlLineBytesMax: 1024 * 1024,
  contentBytesMax: 1024 * 1024,
  metadataBytesMax: 64 * 1024,
  nameBytesMax: 4096,
  jsonDepthMax: 64,
  workflowBytesMax: 1024 * 1024,
  stepsPerWorkflowMax: 1_000,
  manifestBytesMax: 256 * 1024,
};

/** Which limit a draft is over, in words, or null. What is over is never cut, it does not go in. */
export function overLimit(draft: EngramDraft, limits: InputLimits): string | null {
  const over = (what: string, bytes: number, name: "contentBytesMax" | "metadataBytesMax" | "nameBytesMax") =>
    bytes > limits[name] ? `its ${what} of ${bytes} bytes is larger than ${name}, ${limits[name]}` : null;
  return over("content", utf8Length(draft.content), "contentBytesMax") ??
    over("metadata", utf8Length(JSON.stringify(draft.metadata)), "metadataBytesMax") ??
    over("title", utf8Length(draft.title ?? ""), "nameBytesMax") ??
    over("source", utf8Length(draft.source), "nameBytesMax") ??
    over("ref", utf8Length(draft.ref), "nameBytesMax") ??
    over("thread", utf8Length(draft.thread ?? ""), "nameBytesMax");
}
