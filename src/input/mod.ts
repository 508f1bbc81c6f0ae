/**
 * What people write, read into drafts: notes, JSONL, workflows, manifests. Pure: no clock, no files, no network.
 */
export type { EngramDraft, Failure, LinkDraft } from "./drafts.ts";
export { inputLimits } from "./drafts.ts";
export { readNote } from "./notes.ts";
export { readJsonl } from "./jsonl.ts";
export { linkType, resolveLinks } from "./links.ts";
export { isImportable, isImportableFolder } from "./paths.ts";
export { estimateTokens, tokenRule } from "./tokens.ts";
export { type JsoncForm, type JsonPath, readJsonc, removeJson, setJson } from "./jsonc.ts";
export { removeTomlTable, setTomlTable, tomlTable } from "./toml_edit.ts";
export {
  type CodexHead,
  readCodexHead,
  type TranscriptClient,
  transcriptClients,
  TranscriptReader,
  type Turn,
} from "./transcripts.ts";
export type { Redactions } from "./redact.ts";
export { readManifest } from "./manifest.ts";
export {
  type DoorSetting,
  doorSettings,
  hostDefaults,
  readGivenSettings,
  readSettingsFile,
  settingNames,
} from "./settings.ts";
export { readWorkflow, unknownAction, unknownAgent } from "./workflow.ts";
