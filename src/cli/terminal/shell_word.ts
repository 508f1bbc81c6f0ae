/** A word as a shell takes it: in what is printed to be pasted, and in hooks that are written. */
import { os as thisOs } from "../../runtime/platform.ts";

/** `word` as sh, bash, zsh and fish read it, on Windows as cmd.exe and the shell of Git do. */
export function shellWord(word: string, os: typeof thisOs = thisOs): string {
  if (os !== "windows") {
    return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  }
  // Double quotes are the same to both; a bare backslash is not.
  return /^[\w@+=:,./-]+$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`;
}
