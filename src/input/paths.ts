/** Which files an import takes. Walking folders is the caller's. */

/** Folders that hold no one's notes. */
const skippedFolders = new Set(["node_modules", "__MACOSX"]);

const formats: Readonly<Record<string, "note" | "jsonl">> = {
  ".md": "note",
  ".markdown": "note",
  ".txt": "note",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
};

/**
 * How a file is read, by its path relative to the import root (forward slashes), or null where it is skipped:
 * hidden files and folders (.git, .obsidian …), node_modules, and every other ending.
 */
export function isImportable(path: string): "note" | "jsonl" | null {
  const parts = path.split("/");
  if (!parts.slice(0, -1).every(isImportableFolder)) return null;
  const name = parts.at(-1) ?? "";
  if (name.startsWith(".")) return null;
  const dot = name.lastIndexOf(".");
  return dot < 0 ? null : formats[name.slice(dot).toLowerCase()] ?? null;
}

/** Whether a walk goes into a folder of this name. */
export function isImportableFolder(name: string): boolean {
  return name === "." || name === ".." || !(name.startsWith(".") || skippedFolders.has(name));
}
