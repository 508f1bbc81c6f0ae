/**
 * TOML that people write for the program: a project's file. Read strictly, every refusal with file and line.
 *
 * Owns: the shape of `.engramlt.toml` (published as docs/project.schema.json), and how a TOML text is refused.
 * Does not own: where the file lies and what it means (runtime/projects.ts).
 */
import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { EngramError } from "../kernel/errors.ts";
import { firstIssue, issueWords } from "./issues.ts";

/** `.engramlt.toml`, which says what project a folder and all below it is. */
export const projectFileSchema = z.strictObject({
  name: z.string().trim().min(1).max(100).exactOptional().describe(
    "The project's name; the folder's where absent",
  ),
  id: z.string().regex(/^[\w.:/@-]{1,200}$/, "must be 1 to 200 letters, digits or . _ : / @ -")
    .exactOptional()
    .describe("Folders with the same id are one project, wherever they lie"),
  context: z.string().trim().min(1).max(200).exactOptional()
    .describe("The context that holds its memories, by name; one of the program's choosing where absent"),
}).describe("A project of Engram-Lite: put it into the project's folder as .engramlt.toml");

/** What a project's file says. */
export type ProjectFile = z.infer<typeof projectFileSchema>;

/** Reads `.engramlt.toml`. Errors: `invalid_config` with path and line. */
export function readProjectFile(text: string, path: string): ProjectFile {
  return readToml(text, path, projectFileSchema);
}

/** A TOML text as a schema says. Errors: `invalid_config` with path, and line or field. */
export function readToml<T>(text: string, path: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    const message = `Cannot read ${path}: line ${error.line}: ${what}`;
    throw new EngramError("invalid_config", message, { path, line: error.line });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = firstIssue(result.error.issues);
  const field = (issue?.path ?? []).map(String).join(".");
  const what = issue?.code === "unrecognized_keys"
    ? `unknown key ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`
    : `${field} ${issue?.code === "invalid_format" ? issue.message : issueWords(issue)}`;
  throw new EngramError("invalid_config", `Cannot read ${path}: ${what}`, { path, field });
}
