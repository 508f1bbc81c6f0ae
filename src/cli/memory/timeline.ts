/** engramlt timeline: what was known about words or of one memory, oldest first. */
import type { Engram } from "../../kernel/records.ts";
import type { Port } from "../../runtime/port.ts";
import { type Call, given, type Leaf } from "../command.ts";
import { allFlag, readContexts, whereElse } from "../project.ts";
import { oneLine, plural, type Screen } from "../terminal/screen.ts";
import { day, placeOf } from "../terminal/shown.ts";
import { withMeaning } from "./recall.ts";

function show(screen: Screen, events: readonly Engram[]): void {
  screen.table(events, [
    { title: "WHEN", text: ({ observedAt }) => day(observedAt) || "undated" },
    { title: "ID", text: ({ id }) => id },
    { title: "MEMORY", text: ({ content }) => oneLine(content), fills: true },
    { title: "FROM", text: placeOf, yields: true },
    { title: "SUPERSEDED BY", text: ({ supersededBy }) => supersededBy ?? "" },
  ]);
}

/** engramlt timeline */
export const timeline: Leaf = {
  name: "timeline",
  says: "show what was known about something, oldest first",
  places: [{
    name: "about",
    says: "words, or a memory: id, its beginning, or @last",
    many: true,
    noFlag: true,
  }],
  flags: [
    { flags: "--since T", says: "what was so at this time or later, ISO 8601" },
    { flags: "--until T", says: "what was so until then (a day alone: its end)" },
    { flags: "--limit N", says: "how many at most, 1 to 1,000 (default: 100)" },
    { flags: "--cursor C", says: "go on where a timeline ended" },
    allFlag,
  ],
  examples: ["timeline heron launch", "timeline e219130 --json", "timeline gateway --since 2026-03-01"],
  notes:
    "Of a memory: every version of it, of what it superseded and of what superseded it. Of words: the 50 memories that\n" +
    "recall puts first, without those that score less than a tenth of the best. What has no date comes first, and in\n" +
    "no span that --since or --until begins or ends.",
  async run(call) {
    const about = call.needAll("about").join(" ");
    await withMeaning(call, (port) => answer(call, port, about));
  },
};

async function answer(call: Call, port: Port, about: string): Promise<void> {
  const scope = await readContexts(call, port);
  const found = await port.view({
    view: "timeline",
    about,
    ...scope,
    ...given({
      since: call.text("since"),
      until: call.text("until"),
      limit: call.whole("limit"),
      cursor: call.text("cursor"),
    }),
  });
  const { events, ...rest } = found;
  call.screen.list<Engram>("events", events, rest, () => show(call.screen, events));
  if (found.cursor !== undefined) call.screen.note(`more with --cursor ${found.cursor}`);
  const elsewhere = events.length === 0 ? whereElse(scope) : "";
  call.screen.summary(`${plural(events.length, "event")}${elsewhere}`);
}
