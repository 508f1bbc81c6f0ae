/**
 * What people write, read into drafts: notes, JSONL, workflows, manifests. Pure: no clock, no files, no network.
 */
export type { EngramDraft, Failure, InputLimits, LinkDraft, ReadFile } from "./drafts.ts";
export { inputLimits } from "./drafts.ts";
export type { NoteFile } from "./notes.ts";
export { readNote } from "./notes.ts";
export { exportSource, readJsonl } from "./jsonl.ts";
export type { ResolvedLink, ResolvedLinks } from "./links.ts";
export { linkType, resolveLinks } from "./links.ts";
export { isImportable, isImportableFolder } from "./paths.ts";
export { findDate, type FoundDate } from "./dates.ts";
export { estimateTokens, tokenRule } from "./tokens.ts";
export { type JsoncForm, type JsonPath, readJsonc, removeJson, setJson } from "./jsonc.ts";
export { removeTomlTable, setTomlTable, tomlTable } from "./toml_edit.ts";
export {
  type CodexHead,
  readCodexHead,
  type ReadTurns,
  type TranscriptClient,
  transcriptClients,
  TranscriptReader,
  type Turn,
} from "./transcripts.ts";
export { type Redactions, redactText } from "./redact.ts";
export { readManifest } from "./manifest.ts";
export {
  type DoorSetting,
  doorSettings,
  hostDefaults,
  readGivenSettings,
  readSettingsFile,
  settingNames,
} from "./settings.ts";
export { type ProjectFile, projectFileSchema, readProjectFile, readToml } from "./toml.ts";
export { type Place, readWorkflow, unknownAction, unknownAgent, type WorkflowFile } from "./workflow.ts";
