/** engramlt review: what agents propose, and what they decided by themselves. */
import {
  decide,
  type ReviewEnd,
  type ReviewItem,
  type ReviewState,
  reviewStates,
  type ReviewVerb,
} from "../../runtime/views/review.ts";
import { type Call, given, type Group, type Leaf } from "../command.ts";
import { contextId } from "../ids.ts";
import { oneLine, plural } from "../terminal/screen.ts";
import { day, placeOf } from "../terminal/shown.ts";

const list: Leaf = {
  name: "list",
  says: "show what agents propose and are not certain of: it waits for you",
  flags: [
    { flags: "--state STATE", says: "which: open (default) or decided so", choices: reviewStates },
    { flags: "--limit N", says: "decisions at most (default: 50)" },
    { flags: "--after ID", says: "go on after this one" },
  ],
  examples: ["review list", "review list --state automatic --json", "review list --context work"],
  notes:
    "automatic is what an agent was certain of and did; accepted and rejected is what you said. Nothing that is only\n" +
    "proposed changes what ask, recall and brief say.",
  async run(call) {
    const port = await call.port();
    const state = call.choice("state", reviewStates);
    const named = call.text("context");
    const { items, next } = await port.view({
      view: "review",
      ...given({
        state,
        context: named === null ? null : await contextId(port, named),
        limit: call.whole("limit", 1),
        after: call.text("after"),
      }),
    });
    call.screen.list<ReviewItem>("items", items, { next }, () => {
      for (const item of items) showItem(call, item);
    });
    const which = state ?? "open";
    const more = next === null ? "" : `; more with --after ${next}`;
    call.screen.summary(items.length === 0 ? `nothing is ${which}` : `${items.length} ${which}${more}`);
  },
};

function showItem({ screen }: Call, item: ReviewItem): void {
  const certainty = item.certainty === null ? "" : `, ${Math.round(item.certainty * 100)} % certain`;
  screen.line(`${screen.paint("bold", item.id)}  ${item.type}${certainty}: ${oneLine(item.why)}`);
  showEnd(screen.line.bind(screen), "  ", item.source);
  showEnd(screen.line.bind(screen), `  ${item.type} `, item.target);
}

function showEnd(line: (text: string) => void, before: string, end: ReviewEnd): void {
  const from = [placeOf(end), day(end.observedAt)].filter((text) => text !== "").join(", ");
  line(`${before}"${oneLine(end.content)}"${from === "" ? "" : ` (${from})`}`);
}

const done: Readonly<Record<ReviewVerb, string>> = {
  accept: "accepted",
  reject: "rejected: it is not proposed again",
  undo: "undone",
};

function verbLeaf(verb: ReviewVerb, says: string, example: string): Leaf {
  return {
    name: verb,
    says,
    places: [{ name: "id", says: "decisions: ids as review list shows them", many: true }],
    examples: [example],
    async run(call) {
      const port = await call.port();
      call.changes("alone");
      const decided: { id: string; was: ReviewState; type: string; tick: number }[] = [];
      for (const id of call.needAll("id")) {
        const { item, receipt } = await decide(port, verb, id, { client: "cli" });
        decided.push({ id, was: item.state, type: item.type, tick: receipt.tick });
      }
      call.screen.result({ decided }, () => decided.forEach(({ id }) => call.screen.line(id)));
      call.screen.summary(`${plural(decided.length, "decision")} ${done[verb]}`);
    },
  };
}

/** engramlt review … */
export const review: Group = {
  name: "review",
  says: "what agents propose about your memories, for you to accept or reject",
  commands: [
    list,
    verbLeaf("accept", "let a proposal hold", "review accept c219130"),
    verbLeaf("reject", "say no to a proposal: it is not made again", "review reject c219130"),
    verbLeaf("undo", "take back what an agent did by itself, or what you said", "review undo c219130"),
  ],
};
