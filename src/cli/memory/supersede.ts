/** engramlt supersede: puts what holds now in the place of what held before. */
import type { Leaf } from "../command.ts";
import { contextOf, fullId } from "../ids.ts";
import { write } from "../submit.ts";
import { contentOf, fields, idOf } from "./memory.ts";

/** engramlt supersede */
export const supersede: Leaf = {
  name: "supersede",
  says: "replace a memory by what holds now; the old one stays and is marked",
  places: [
    { name: "id", says: "the memory that no longer holds: id, its beginning, or @last" },
    { name: "content", shown: "TEXT", says: "the new text; - reads standard input", noFlag: true },
  ],
  flags: [
    { flags: "--source S", says: "where it comes from" },
    { flags: "--time T", says: "when it was so, ISO 8601" },
    { flags: "--title T", says: "a short title" },
  ],
  examples: [
    'supersede e219130 "Heron launches on 14 May"',
    'supersede @last "It is Priya now" --time 2026-03-14',
  ],
  notes:
    "The new one goes where the old one is, or to --context. recall and ask put what is superseded last.",
  async run(call) {
    const content = await contentOf(call);
    const port = await call.port();
    const id = await fullId(port, "engram", call.need("id"));
    const old = await port.view({ view: "engram", id });
    const context = await contextOf(call, port);
    const { supersedeOps } = await import("../../runtime/supersede.ts");
    const receipt = await write(call, supersedeOps(old, { content, ...fields(call), context }));
    const made = idOf(receipt);
    call.screen.result({ id: made, tick: receipt.tick }, () => call.screen.line(made));
    call.screen.summary(`${made} supersedes ${id} since tick ${receipt.tick}`);
  },
};
