/**
 * engramlt forget and erase: two ways to be without a memory. Forgotten, it is not found any more, and history keeps
 * it; erased, nothing of it is left in the data folder.
 */
import { EngramError } from "../../kernel/errors.ts";
import { type Call, type Leaf, type Place, usage } from "../command.ts";
import { fullId } from "../ids.ts";
import { submit, write } from "../submit.ts";
import { oneLine, plural } from "../terminal/screen.ts";

const memories: Place = {
  name: "id",
  says: "the memories: ids, unique beginnings of ids, or @last",
  many: true,
};

async function idsOf(call: Call): Promise<string[]> {
  const port = await call.port();
  const ids: string[] = [];
  for (const text of call.needAll("id")) ids.push(await fullId(port, "engram", text));
  return ids;
}

/** engramlt forget */
export const forget: Leaf = {
  name: "forget",
  says: "hide a memory: it is not found any more, but history keeps it",
  places: [memories],
  examples: ["forget @last", "forget e219130"],
  notes: "To remove it for good: engramlt erase. What was known at an earlier tick still shows it: --at.",
  async run(call) {
    const ids = await idsOf(call);
    const { tick } = await write(call, ids.map((id) => ({ op: "delete", id })));
    call.screen.result({ ids, tick, kept: "history" }, () => ids.forEach((one) => call.screen.line(one)));
    call.screen.summary(
      `${plural(ids.length, "memory", "memories")} forgotten at tick ${tick}; history keeps them`,
    );
  },
};

const list = (value: unknown): string[] => Array.isArray(value) ? value.map(String) : [];

/** engramlt erase */
export const erase: Leaf = {
  name: "erase",
  says: "remove a memory for good, with every copy of it in the data folder",
  places: [memories],
  examples: ["erase e219130", "erase @last --yes"],
  notes:
    "Its texts go from the log, the graph, the search index, agents' memories and freed pages, with what agents " +
    "took from it; the log still verifies. The answer says what went and what can't be reached.",
  async run(call) {
    const port = await call.port();
    const ids = await idsOf(call);
    const { terminal } = call.screen;
    if (!call.has("yes")) {
      if (!terminal.inIsTerminal || !terminal.errIsTerminal) {
        throw usage("Cannot erase without being asked: this is no terminal", "Add --yes");
      }
      for (const id of ids) {
        const found = await port.view({ view: "versions", id });
        const text = found.versions.at(-1)?.engram.content ?? "";
        call.screen.note(`${id}  "${oneLine(text)}"`);
      }
      const answer = terminal.ask(`Erase ${plural(ids.length, "memory", "memories")} for good? [y/N]`);
      if (!/^y(es)?$/i.test(answer?.trim() ?? "")) {
        const hint = "Nothing was erased; y or --yes says yes";
        throw new EngramError("interrupted", "Cannot erase: you did not say yes", {}, hint);
      }
    }
    const receipt = await submit(call, { kind: "erase", ids });
    const dropped = Number(receipt.messages ?? 0);
    call.screen.result(receipt, () => {
      for (const id of list(receipt.erased)) call.screen.line(`erased ${id}`);
      for (const id of list(receipt.derived)) call.screen.line(`erased ${id}  (an agent made it from that)`);
      for (const id of list(receipt.agents)) call.screen.line(`overwritten in the memory of ${id}`);
      if (dropped > 0) {
        call.screen.line(`not delivered: ${plural(dropped, "waiting message")} that told of it`);
      }
      for (const id of list(receipt.alsoIn)) {
        call.screen.line(`left ${id}  (another memory that says the same)`);
      }
      for (const what of list(receipt.notReached)) call.screen.line(`not reached: ${what}`);
    });
    call.screen.summary(`${plural(Number(receipt.payloads), "text")} erased at tick ${receipt.tick}`);
  },
};
