/** Supersede: a memory takes the place of another, in one command; the old one stays and is marked. */
import { connectionTypes, type Engram } from "../kernel/mod.ts";
import type { MemoryInput, WriteOp } from "./requests.ts";

/** The changes it comes to. The new one goes where the old one is, unless it names a context; else to `elsewhere`. */
export function supersedeOps(
  old: Pick<Engram, "id" | "contexts">,
  memory: MemoryInput,
  elsewhere: string | null = null,
): readonly WriteOp[] {
  const context = memory.context ?? old.contexts[0] ?? elsewhere;
  return [
    { op: "add", ...memory, context },
    { op: "connect", source: "@0", target: old.id, type: connectionTypes.supersedes },
  ];
}
