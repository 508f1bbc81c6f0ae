/**
 * Links between notes: finding `[[Note#Heading|words]]` and `[words](relative.md#heading)`, and what they point at.
 *
 * Owns: the syntax, and the rule by which a name finds a note.
 * Does not own: connections (the import command makes them, of type {@link linkType}).
 *
 * Invariants:
 * 1. Nothing inside code (fences, `code`) is a link.
 * 2. The answer to "which note" depends on the set of notes only, never on the order they were read in.
 */
import type { EngramDraft, LinkDraft } from "./drafts.ts";
import { isImportable } from "./paths.ts";
import { slug } from "./sections.ts";
import { compareText } from "./text.ts";

/** The type of a connection that a person wrote as a link. */
export const linkType = "links";

/** A link as found in a line. `target` is "" for the note itself. */
export type FoundLink = Pick<LinkDraft, "form" | "target" | "anchor" | "text">;

const linkPattern =
  /\[\[([^\][|#\n]{0,300})(?:#([^\][|\n]{0,300}))?(?:\\?\|([^\][\n]{0,300}))?\]\]|\[([^\][\n]{0,300})\]\((?:<([^<>\n]{1,500})>|([^\s()<>]{1,500}))(?:[ \t]+["'][^"'\n]{0,200}["'])?\)/g;

/** The links of one line of the note at `path` (relative to the import root). */
export function findLinks(line: string, path: string): FoundLink[] {
  const found: FoundLink[] = [];
  for (const match of withoutCode(line).matchAll(linkPattern)) {
    const [, name, heading, alias, words, bracketed, bare] = match;
    if (name !== undefined) {
      const target = name.trim();
      const anchor = heading?.trim() || null;
      if (target === "" && anchor === null) continue;
      found.push({ form: "wiki", target, anchor, text: (alias ?? `${name}${heading ?? ""}`).trim() });
      continue;
    }
    const link = markdownTarget(bracketed ?? bare ?? "", path);
    if (link !== null) found.push({ form: "markdown", ...link, text: (words ?? "").trim() });
  }
  return found;
}

/** `code` replaced by spaces of the same length. */
function withoutCode(line: string): string {
  return line.includes("`") ? line.replace(/(`{1,8})[^`]+\1(?!`)/g, (code) => " ".repeat(code.length)) : line;
}

/** A relative link to a note, as a path from the import root; null for addresses, other files and ways out. */
function markdownTarget(destination: string, path: string): { target: string; anchor: string | null } | null {
  if (/^(?:[a-z][a-z\d+.-]*:|\/)/i.test(destination)) return null;
  const [file = "", ...rest] = destination.split("#");
  const anchor = rest.length === 0 ? null : decode(rest.join("#"));
  if (file === "") return anchor === null || anchor === "" ? null : { target: "", anchor };
  const parts = path.split("/").slice(0, -1);
  for (const part of decode(file).split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return null;
    } else if (part !== "." && part !== "") parts.push(part);
  }
  const target = parts.join("/");
  return isImportable(target) === "note" ? { target, anchor: anchor || null } : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return text;
  }
}

/** A link whose ends are known, by (source, ref). */
export interface ResolvedLink {
  readonly from: { readonly source: string; readonly ref: string };
  readonly to: { readonly source: string; readonly ref: string };
  readonly link: LinkDraft;
}

/** The links that point at one of the notes, and those that point at nothing (yet). */
export interface ResolvedLinks {
  readonly resolved: readonly ResolvedLink[];
  readonly open: readonly LinkDraft[];
}

/**
 * Finds what links point at among the drafts of notes. A wiki name is matched, letters' case aside, with: the path,
 * the path's end, the file name, the note's title, an alias, in this order; of several the one nearest by folder,
 * then the first by path. A heading that is not there leads to the note's beginning. A section linking to itself
 * is left out.
 */
export function resolveLinks(links: readonly LinkDraft[], drafts: readonly EngramDraft[]): ResolvedLinks {
  const notes = indexNotes(drafts);
  const resolved: ResolvedLink[] = [];
  const open: LinkDraft[] = [];
  for (const link of links) {
    const note = findNote(notes, link);
    const to = note === undefined ? undefined : findSection(note, link.anchor);
    if (note === undefined || to === undefined) open.push(link);
    else if (note.path !== link.source || to !== link.ref) {
      resolved.push({
        from: { source: link.source, ref: link.ref },
        to: { source: note.path, ref: to },
        link,
      });
    }
  }
  return { resolved, open };
}

interface Note {
  readonly path: string;
  readonly sections: { readonly ref: string; readonly slugs: readonly string[] }[];
}

interface NoteIndex {
  readonly byPath: ReadonlyMap<string, Note>;
  /** Names in lower case → notes, one map for each way to name a note, strongest first. */
  readonly byName: readonly ReadonlyMap<string, readonly Note[]>[];
}

const fold = (name: string) => name.normalize("NFC").toLowerCase();
const withoutEnding = (path: string) => path.replace(/\.(?:md|markdown|txt)$/i, "");

function indexNotes(drafts: readonly EngramDraft[]): NoteIndex {
  const byPath = new Map<string, Note>();
  const paths = new Map<string, Note[]>();
  const ends = new Map<string, Note[]>();
  const titles = new Map<string, Note[]>();
  const aliases = new Map<string, Note[]>();
  const put = (map: Map<string, Note[]>, name: string, note: Note) => {
    const list = map.get(fold(name));
    if (list === undefined) map.set(fold(name), [note]);
    else if (list.at(-1) !== note) list.push(note);
  };
  const sorted = [...drafts].sort((a, b) =>
    compareText(a.source, b.source) || (a.position ?? 0) - (b.position ?? 0)
  );
  for (const draft of sorted) {
    let note = byPath.get(draft.source);
    if (note === undefined) {
      note = { path: draft.source, sections: [] };
      byPath.set(draft.source, note);
      const bare = withoutEnding(draft.source);
      for (const path of [draft.source, bare]) put(paths, path, note);
      const parts = bare.split("/");
      for (let from = 1; from < parts.length; from++) put(ends, parts.slice(from).join("/"), note);
      const { note: title, aliases: names } = draft.metadata;
      if (typeof title === "string") put(titles, title, note);
      if (Array.isArray(names)) {
        for (const name of names) if (typeof name === "string") put(aliases, name, note);
      }
    }
    const { headings } = draft.metadata;
    const slugs = Array.isArray(headings) ? headings.map((heading) => slug(String(heading))) : [];
    note.sections.push({ ref: draft.ref, slugs });
  }
  return { byPath, byName: [paths, ends, titles, aliases] };
}

function findNote(notes: NoteIndex, link: LinkDraft): Note | undefined {
  if (link.target === "") return notes.byPath.get(link.source);
  if (link.form === "markdown") return notes.byPath.get(link.target);
  const name = fold(link.target);
  for (const map of notes.byName) {
    const found = map.get(name) ?? map.get(withoutEnding(name));
    if (found === undefined) continue;
    return found.reduce((best, note) =>
      sharedFolders(note.path, link.source) > sharedFolders(best.path, link.source) ? note : best
    );
  }
  return undefined;
}

/** How many folders two paths share from the top. */
function sharedFolders(a: string, b: string): number {
  const left = a.split("/").slice(0, -1);
  const right = b.split("/").slice(0, -1);
  let shared = 0;
  while (shared < left.length && left[shared] === right[shared]) shared++;
  return shared;
}

/** The section under a heading (`Heading`, or `Outer#Inner`), else the first. */
function findSection(note: Note, anchor: string | null): string | undefined {
  const wanted = (anchor ?? "").split("#").filter((part) => part !== "" && !part.startsWith("^")).map(slug);
  if (wanted.length > 0) {
    const own = note.sections.find(({ slugs }) => endsWith(slugs, wanted));
    const below = own ?? note.sections.find(({ slugs }) => includesRun(slugs, wanted));
    if (below !== undefined) return below.ref;
  }
  return note.sections[0]?.ref;
}

function endsWith(slugs: readonly string[], wanted: readonly string[]): boolean {
  const from = slugs.length - wanted.length;
  return from >= 0 && wanted.every((part, index) => slugs[from + index] === part);
}

function includesRun(slugs: readonly string[], wanted: readonly string[]): boolean {
  return slugs.some((_, end) => endsWith(slugs.slice(0, end + 1), wanted));
}
