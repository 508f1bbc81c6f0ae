/** The commands people use most: remember, search, ask, why, info. */
import type { AskView, Quotation, WhyLink, WhyView } from "../../runtime/port.ts";
import { type Call, given, type Leaf } from "../command.ts";
import { fullId } from "../ids.ts";
import { allFlag, noProjectFlag, readContexts, whereElse, writeContext } from "../project.ts";
import { count, cut, oneLine, plural, type Screen, widthOf } from "../terminal/screen.ts";
import { day, dayWords, minute, placeOf } from "../terminal/shown.ts";
import { addMemory, searchFlags, searchMemory } from "./memory.ts";

/** engramlt remember */
export const remember: Leaf = {
  name: "remember",
  says: "store a memory",
  places: [{ name: "content", shown: "TEXT", says: "the text; - reads standard input", noFlag: true }],
  flags: [
    { flags: "--source S", says: "where it comes from" },
    { flags: "--time T", says: "when it was so, ISO 8601" },
    { flags: "--title T", says: "a short title" },
    noProjectFlag,
  ],
  examples: ['remember "Heron launches on 12 May"', "remember - < note.txt"],
  notes: "It is kept with the project of the folder you call from; in your home folder, as personal.",
  run: (call) => addMemory(call, writeContext),
};

/** engramlt search */
export const search: Leaf = {
  name: "search",
  says: "find memories by words",
  places: [{ name: "query", shown: "WORDS", says: "what to look for", many: true, noFlag: true }],
  flags: searchFlags,
  examples: ["search heron launch", "search invoice --at 2026-03-01"],
  run: searchMemory,
};

/** Where a quotation stands: `plan.md:7`. */
function sourceOf({ source, line, ref }: Quotation): string {
  const name = source ?? ref ?? "";
  return line === null || source === null ? name : `${source}:${line}`;
}

/** Prints quotations under each other, their sources in one column; those that no longer hold are struck through. */
function showQuotations(screen: Screen, quotations: readonly Quotation[], year: string): void {
  const rows = quotations.map((quotation) => {
    const until = quotation.until ?? null;
    const note = until === null ? "" : `  (until ${dayWords(until, year)})`;
    return {
      text: `"${oneLine(quotation.text)}"`,
      note,
      source: sourceOf(quotation),
      struck: isOld(quotation),
    };
  });
  if (!screen.isTerminal) {
    for (const { text, note, source } of rows) screen.line(`${text}\t${note.trim()}\t${source}`);
    return;
  }
  const room = Math.max(
    30,
    screen.terminal.columns() - 4 - Math.max(...rows.map(({ source }) => widthOf(source))),
  );
  const width = Math.min(room, Math.max(...rows.map(({ text, note }) => widthOf(text + note))));
  for (const { text, note, source, struck } of rows) {
    const fits = cut(text, Math.max(12, width - widthOf(note)));
    const pad = " ".repeat(Math.max(0, width - widthOf(fits + note)));
    const shown = struck ? screen.paint("strike", fits) : fits;
    screen.line(`  ${shown}${screen.paint("dim", note)}${pad}  ${screen.paint("cyan", source)}`.trimEnd());
  }
}

function isOld({ until, supersededBy }: Quotation): boolean {
  return (until ?? null) !== null || (supersededBy ?? null) !== null;
}

/** Prints what `ask` found. */
export function showAnswer(screen: Screen, found: AskView): void {
  const { answer, superseded, contradicts, nearest } = found;
  if (answer === null) {
    screen.line("nothing found");
    if (nearest.length > 0) {
      if (screen.isTerminal) screen.line(screen.paint("dim", "nearest:"));
      showQuotations(screen, nearest, "");
    }
    return;
  }
  const year = (answer.observedAt ?? superseded[0]?.observedAt ?? "").slice(0, 4);
  showQuotations(screen, [answer, ...superseded], year);
  if (contradicts.length === 0) return;
  if (screen.isTerminal) screen.line(screen.paint("yellow", "but also:"));
  showQuotations(screen, contradicts, year);
}

/** engramlt ask */
export const ask: Leaf = {
  name: "ask",
  says: "find the best current sentence, verbatim, with its source and date",
  places: [{ name: "question", says: "what you want to know", many: true, noFlag: true }],
  flags: [
    { flags: "--limit N", says: "how many of the nearest at most" },
    { flags: "--at WHEN", says: "as known at a tick or a date (a day alone: its end)" },
    allFlag,
  ],
  examples: ['ask "When does Heron launch?"', 'ask "Who owns the API?" --at 2026-03-01 --json'],
  notes:
    "The answer is a quotation, never a text that was made up. What no longer holds is struck through.\n" +
    "It looks into the project of the folder you call from, and into what belongs to no project.",
  async run(call) {
    const question = call.needAll("question").join(" ");
    const port = await call.port();
    const more = given({ limit: call.whole("limit"), at: call.at() });
    const scope = await readContexts(call, port);
    const found = await port.view({ view: "ask", question, ...scope, ...more });
    call.screen.result(found, () => showAnswer(call.screen, found));
    const { answer } = found;
    const when = answer === null || answer.observedAt === null ? "" : ` of ${day(answer.observedAt)}`;
    call.screen.summary(answer === null ? `no answer${whereElse(scope)}` : `memory ${answer.id}${when}`);
  },
};

/** A link of the chain as lines: a heading and what stands under it. */
export function whyLines(link: WhyLink): readonly string[] {
  switch (link.link) {
    case "engram": {
      const { engram } = link;
      return [
        `${engram.kind} ${engram.id}`,
        `"${oneLine(engram.content)}"`,
        placeLine(placeOf(engram), engram.observedAt),
      ];
    }
    case "from": {
      const { engram, line, quote } = link;
      const file = engram.metadata["file"];
      const place = typeof file === "string" && line !== null ? `${file}:${line}` : placeOf(engram);
      return [
        `taken from ${engram.kind} ${engram.id}`,
        quote === null ? "" : `"${oneLine(quote)}"`,
        placeLine(place, engram.observedAt),
      ];
    }
    case "connection": {
      const { connection, engram, direction } = link;
      const what = engram === null ? "" : `"${oneLine(engram.content)}"`;
      const words = direction === "out" ? `${connection.type} →` : `← ${connection.type}`;
      const why = connection.metadata["why"] ?? connection.metadata["reason"];
      const other = direction === "out" ? connection.target : connection.source;
      return [`${words} ${other}`, what, typeof why === "string" ? why : ""];
    }
    case "step": {
      const who = link.agent === null
        ? "written directly"
        : `written by ${link.agent} ${link.agentVersion ?? ""}`.trimEnd();
      const module = link.module === null ? "" : `module ${link.module.slice(0, 12)}`;
      const action = link.action === null ? link.entry : `action ${link.action}`;
      const ticks = link.entryTick === link.tick
        ? `tick ${count(link.tick)}`
        : `ticks ${count(link.tick)} to ${count(link.entryTick)}`;
      const parts = [
        link.agent === null ? "" : action,
        module,
        ticks,
        minute(link.time),
        plural(link.writes, "write"),
      ];
      const fuel = link.fuel > 0 ? [`${count(link.fuel)} fuel`] : [];
      return [
        who,
        [...parts.filter((part) => part !== ""), ...fuel].join(" · "),
        link.params === null ? "" : `params ${oneLine(link.params)}`,
      ];
    }
    case "command": {
      const id = link.commandId === null ? "" : ` as ${link.commandId}`;
      return [
        `because of command ${link.kind}${id}`,
        `from ${link.client} · tick ${count(link.tick)} · ${minute(link.time)}`,
      ];
    }
    case "message":
      return [
        `because of a message from ${link.from} at tick ${count(link.tick)}`,
        link.body === null ? "" : oneLine(link.body),
      ];
    case "workflow":
      return [`in workflow ${link.name}`, `step ${link.step} · run ${link.id}`];
    default:
      return link satisfies never;
  }
}

function placeLine(place: string, time: string | null): string {
  return [place, day(time)].filter((part) => part !== "").join(" · ");
}

/** Prints the chain of `why`. */
export function showWhy(screen: Screen, found: WhyView): void {
  for (const [at, link] of found.chain.entries()) {
    const [heading = "", ...more] = whyLines(link);
    screen.line(`${at === 0 ? "" : "└ "}${screen.paint("bold", heading)}`);
    for (const line of more) {
      if (line !== "") {
        screen.line(`  ${screen.isTerminal ? cut(line, screen.terminal.columns() - 2) : line}`);
      }
    }
  }
  const { check } = found;
  if (check === null) return;
  const where = `tick ${count(check.tick)}`;
  screen.line(
    check.identical
      ? `${screen.paint("green", "✓")} that step, run again: identical (${where})`
      : `${screen.paint("red", "✗")} that step, run again: different in ${
        check.what ?? "what it did"
      } (${where})`,
  );
}

/** engramlt why */
export const why: Leaf = {
  name: "why",
  says: "show where a memory comes from: file and line, agent, action, command",
  places: [{ name: "id", says: "memory: id, its beginning, or @last" }],
  flags: [{ flags: "--check", says: "run the step that wrote it again, and say whether it did the same" }],
  examples: ["why @last", "why e219130 --check"],
  async run(call) {
    const port = await call.port();
    const id = await fullId(port, "engram", call.need("id"));
    const found = await port.view({ view: "why", id, ...given({ check: call.has("check") ? true : null }) });
    call.screen.result(found, () => showWhy(call.screen, found));
    const [, ...origins] = found.chain;
    call.screen.summary(origins.length === 0 ? "no origin" : plural(origins.length, "origin"));
    if (found.check !== null && !found.check.identical) throw await different(call, found);
  },
};

async function different(call: Call, found: WhyView): Promise<Error> {
  const { EngramError } = await import("../../kernel/errors.ts");
  const { tick = 0, what = null } = found.check ?? {};
  const message = `Cannot verify ${call.need("id")}: the step of tick ${tick}, run again, differs in ${
    what ?? "what it did"
  }`;
  return new EngramError("replay_mismatch", message, { tick });
}

/** engramlt info */
export const info: Leaf = {
  name: "info",
  says: "show every path the program uses, its limits and versions",
  flags: [{ flags: "--limits", says: "show the limits too (--json always has them)" }],
  examples: ["info", "info --limits"],
  async run(call) {
    const found = await (await call.port()).view({ view: "info" });
    call.screen.result(found, () => {
      const { paths, limits, ...rest } = found;
      call.screen.facts([
        ...Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)]),
        ...Object.entries(paths),
        ...Object.entries(call.has("limits") ? limits : {})
          .filter(([name]) => !(name in rest))
          .map(([name, value]): [string, string] => [name, count(value)]),
      ]);
    });
  },
};
