/**
 * What people write, read into drafts: notes, JSONL, workflows, manifests. Pure: no clock, no files, no network.
 */
export type { EngramDraft, Failure, InputLimits, LinkDraft, ReadFile } from "./drafts.ts";
export { inputLimits } from "./drafts.ts";
export type { NoteFile } from "./notes.ts";
export { readNote } from "./notes.ts";
export { readJsonl } from "./jsonl.ts";
export type { ResolvedLink, ResolvedLinks } from "./links.ts";
export { linkType, resolveLinks } from "./links.ts";
export { isImportable, isImportableFolder } from "./paths.ts";
export type { FoundDate, ParsedTime } from "./times.ts";
export { endOf, findDate, formatDay, formatTime, parseTime, requireTime } from "./times.ts";
