/** Looking for a text in every byte of a folder. */
import { Buffer } from "node:buffer";

/** Files below a folder that hold a text as UTF-8 or UTF-16, by path. */
export function filesHolding(folder: string, text: string): string[] {
  const forms = [Buffer.from(text), Buffer.from(text, "utf16le")];
  const found: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...filesHolding(path, text));
    else if (entry.isFile && forms.some((form) => Buffer.from(Deno.readFileSync(path)).includes(form))) {
      found.push(path);
    }
  }
  return found;
}
