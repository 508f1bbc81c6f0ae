/**
 * The project a command works in: that of the folder it is called from.
 *
 * Only `remember`, `recall`, `ask` and `brief` ask here; every `memory …` command covers all contexts.
 */
import type { Port } from "../runtime/port.ts";
import type { Call, Flag } from "./command.ts";
import { contextOf } from "./ids.ts";

/** Reads every project, not only the folder's. */
export const allFlag: Flag = { flags: "--all", says: "look in every project, not only this folder's" };
/** Writes to "personal", whatever the folder. */
export const noProjectFlag: Flag = {
  flags: "--no-project",
  says: "keep it as personal, not with this folder's project",
};

/** The context to write to: the one named, else the folder's project, else null for "personal". */
export async function writeContext(call: Call, port: Port): Promise<string | null> {
  const named = await contextOf(call, port);
  if (named !== null || call.has("no-project")) return named;
  const { projectContext } = await import("../runtime/projects.ts");
  return await projectContext(port, call.screen.terminal.folder, { client: "cli" });
}

/** What a read covers; all where it names nothing. */
export interface ReadScope {
  readonly context?: string;
  readonly contexts?: readonly string[];
}

/** Where to look as well when nothing was found in the folder's project, as the end of a line; "" where all was read. */
export function whereElse({ contexts }: ReadScope): string {
  return contexts === undefined ? "" : " in this folder's project; --all looks in every project";
}

/** What a read covers: the context named, else the folder's project and what belongs to none, else all. */
export async function readContexts(call: Call, port: Port): Promise<ReadScope> {
  const named = await contextOf(call, port);
  if (named !== null) return { context: named };
  if (call.has("all")) return {};
  const { projectContexts } = await import("../runtime/projects.ts");
  return { contexts: await projectContexts(port, call.screen.terminal.folder) };
}
