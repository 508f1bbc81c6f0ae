/** The tools that read: recall, ask, timeline, why. */
import { z } from "zod";
import type { Engram, JsonObject } from "../../kernel/mod.ts";
import type { AskView, Quotation, ViewResults, WhyLink } from "../../runtime/mod.ts";
import { cursorAfter } from "../../runtime/views/timeline.ts";
import type { McpCall } from "./caller.ts";
import {
  budgetOf,
  cursorAt,
  cutText,
  type Item,
  offsetOf,
  oneLine,
  page,
  reply,
  type Room,
  roomOf,
  tokensOf,
} from "./reply.ts";
import { budget, context, cursor, given, text, things, type Tool, tool } from "./tool.ts";

const day = (time: string | null) => time === null ? "" : ` ${time.slice(0, 10)}`;
const from = (source: string | null, room: Room) =>
  source === null ? "" : ` (${oneLine(source, Math.min(80, room.side))})`;

type RecallHit = ViewResults["recall"]["hits"][number];

/** A text of an item under a budget, and whether it was cut. */
function contentOf(content: string, room: Room): JsonObject {
  const told = cutText(content, room.content);
  return told === content ? { content } : { content: told, cut: true };
}

function hitItem(hit: RecallHit, room: Room): Item {
  const { id, ref, score, content, snippet, source, title, observedAt, supersededBy, parts } = hit;
  const superseded = supersededBy === null ? "" : ` [superseded by ${supersededBy}]`;
  const short = content.length <= 240;
  const side = (charactersMax: number) => Math.min(charactersMax, room.side);
  return {
    structured: {
      id,
      score,
      ...contentOf(content, room),
      ...(short ? {} : { snippet: cutText(snippet, side(240)) }),
      ...(title === null ? {} : { title: cutText(title, side(120)) }),
      ...(source === null ? {} : { source: cutText(source, side(200)) }),
      ...(ref === null ? {} : { ref: cutText(ref, side(200)) }),
      observedAt,
      supersededBy,
      parts: { ...parts },
    },
    line: `${id}${day(observedAt)}${superseded}: ${oneLine(short ? content : snippet, side(120))}${
      from(source, room)
    }`,
  };
}

/** The page of a list that a call asks for, as its reply. */
function listReply(
  name: string,
  items: readonly Item[],
  args: { readonly budget?: number | undefined; readonly cursor?: string | undefined },
  asked: unknown,
  none: string,
  beside: JsonObject = {},
) {
  const { taken, next } = page(items, offsetOf(args.cursor, asked), budgetOf(args.budget));
  const onward = next === null ? null : cursorAt(next, asked);
  const structured: JsonObject = {
    [name]: taken.map((item) => item.structured),
    ...(onward === null ? {} : { cursor: onward }),
    ...beside,
  };
  // A client may show its model the text alone.
  const more = next === null ? "" : `\n${items.length - next} more: call again with the cursor ${onward}.`;
  return reply(structured, taken.length === 0 ? none : taken.map((item) => item.line).join("\n") + more);
}

const recall = tool({
  name: "recall",
  description: "Find memories for a question.",
  args: z.strictObject({ question: text, k: z.int().min(1).max(100).optional(), context, budget, cursor }),
  result: z.object({ hits: things, cursor }),
  does: "reads",
  async call(args, call) {
    const { question, k = 10, context: named } = args;
    const { hits, model } = await findMemories(call, question, k, await call.readContexts(named));
    const room = roomOf(budgetOf(args.budget));
    const items = hits.map((hit) => hitItem(hit, room));
    const found = { model: model === null ? null : { ...model } };
    return listReply("hits", items, args, { question, k, named }, "Nothing found.", found);
  },
});

/** The best memories for a question, and the model whose vectors took part. */
export async function findMemories(
  call: McpCall,
  question: string,
  k: number,
  scope: Awaited<ReturnType<McpCall["readContexts"]>>,
): Promise<ViewResults["recall"]> {
  return await call.port.view({ view: "recall", question, k, ...scope });
}

function quotationOf(quotation: Quotation, room: Room): JsonObject {
  const { text, id, source, line, observedAt, until, supersededBy } = quotation;
  return {
    id,
    text: cutText(text, Math.min(600, room.content)),
    source: source === null ? null : cutText(source, Math.min(200, room.side)),
    ...(line === null ? {} : { line }),
    observedAt,
    ...((until ?? null) === null ? {} : { until: until ?? null }),
    ...((supersededBy ?? null) === null ? {} : { supersededBy: supersededBy ?? null }),
  };
}

const ask = tool({
  name: "ask",
  description: "The sentence that answers, verbatim, and what it superseded.",
  args: z.strictObject({ question: text, context, budget }),
  result: z.object({
    answer: z.unknown(),
    superseded: things.optional(),
    contradicts: things.optional(),
    nearest: things.optional(),
  }),
  does: "reads",
  async call({ question, context: named, budget: tokens }, call) {
    const found = await call.port.view({ view: "ask", question, ...await call.readContexts(named) });
    return askReply(found, budgetOf(tokens));
  },
});

/** What was found, the answer first, as far as the budget goes. */
function askReply(found: AskView, tokens: number) {
  const lists: Record<"superseded" | "contradicts" | "nearest", JsonObject[]> = {
    superseded: [],
    contradicts: [],
    nearest: [],
  };
  const { answer } = found;
  const room = roomOf(tokens);
  const told = answer === null
    ? "No memory answers this."
    : `"${oneLine(answer.text, Math.min(600, room.content))}" ${answer.id}${day(answer.observedAt)}${
      from(answer.source, room)
    }`;
  const shownAnswer = answer === null ? null : quotationOf(answer, room);
  let spent = 100 + tokensOf(told) + tokensOf(JSON.stringify(shownAnswer));
  for (const name of ["superseded", "contradicts", "nearest"] as const) {
    for (const quotation of found[name]) {
      const shown = quotationOf(quotation, room);
      spent += tokensOf(JSON.stringify(shown)) + 1;
      if (spent > tokens) break;
      lists[name].push(shown);
    }
  }
  const old = lists.superseded.length === 0 ? "" : ` It superseded ${lists.superseded.length}.`;
  const against = lists.contradicts.length === 0 ? "" : ` ${lists.contradicts.length} say otherwise.`;
  return reply({ answer: shownAnswer, ...lists }, told + old + against);
}

const timeline = tool({
  name: "timeline",
  description: "What was known about words or an id, oldest first.",
  args: z.strictObject({
    about: text,
    since: text.optional(),
    until: text.optional(),
    context,
    budget,
    cursor,
  }),
  result: z.object({ events: things, cursor }),
  does: "reads",
  async call({ about, context: named, budget: tokens, cursor: from, ...span }, call) {
    const { events, cursor: more } = await call.port.view({
      view: "timeline",
      about,
      ...given(span),
      ...(from === undefined || from === "" ? {} : { cursor: from }),
      ...await call.readContexts(named),
    });
    const room = roomOf(budgetOf(tokens));
    const { taken, next } = page(events.map((one) => eventItem(one, room)), 0, budgetOf(tokens));
    const last = next === null ? undefined : events[next - 1];
    const cursor = last === undefined ? more : cursorAfter(last, about);
    const lines = taken.map((item) => item.line);
    if (cursor !== undefined) lines.push(`More: call again with the cursor ${cursor}.`);
    const structured = {
      events: taken.map((item) => item.structured),
      ...(cursor === undefined ? {} : { cursor }),
    };
    return reply(structured, lines.length === 0 ? "Nothing is known about this." : lines.join("\n"));
  },
});

function eventItem(engram: Engram, room: Room): Item {
  const { id, content, observedAt, source, updatedTick, supersededBy } = engram;
  const superseded = supersededBy === null ? "" : ` [superseded by ${supersededBy}]`;
  return {
    structured: {
      id,
      at: observedAt,
      tick: updatedTick,
      ...contentOf(content, room),
      ...(source === null ? {} : { source: cutText(source, Math.min(200, room.side)) }),
      ...(supersededBy === null ? {} : { supersededBy }),
    },
    line: `${observedAt?.slice(0, 10) ?? "undated"} ${id}${superseded}: ${
      oneLine(content, Math.min(160, room.side))
    }`,
  };
}

const why = tool({
  name: "why",
  description: "Where a memory comes from.",
  args: z.strictObject({ id: text, budget, cursor }),
  result: z.object({ chain: things, cursor }),
  does: "reads",
  async call(args, call) {
    const id = await call.engramId(args.id);
    const { chain } = await call.port.view({ view: "why", id });
    const room = roomOf(budgetOf(args.budget));
    return listReply(
      "chain",
      chain.map((link) => linkItem(link, room)),
      args,
      { id },
      "Nothing is known about its origin.",
    );
  },
});

const engramOf = ({ id, kind, content, source, observedAt }: Engram, room: Room): JsonObject => ({
  id,
  kind,
  content: cutText(content, Math.min(240, room.side)),
  source: source === null ? null : cutText(source, Math.min(200, room.side)),
  observedAt,
});

/** A link of the chain as a line and in short. */
function linkItem(link: WhyLink, room: Room): Item {
  switch (link.link) {
    case "engram":
      return {
        structured: { link: link.link, engram: engramOf(link.engram, room), line: link.line },
        line: `${link.engram.kind} ${link.engram.id}: ${
          oneLine(link.engram.content, Math.min(160, room.side))
        }${from(link.engram.source, room)}`,
      };
    case "from":
      return {
        structured: {
          link: link.link,
          engram: engramOf(link.engram, room),
          line: link.line,
          quote: link.quote === null ? null : cutText(link.quote, Math.min(240, room.side)),
        },
        line: `taken from ${link.engram.id}: ${
          oneLine(link.quote ?? link.engram.content, Math.min(160, room.side))
        }${from(link.engram.source, room)}`,
      };
    case "connection": {
      const { type, source, target } = link.connection;
      return {
        structured: { link: link.link, type, source, target, direction: link.direction },
        line: `${source} ${oneLine(type, 60)} ${target}`,
      };
    }
    case "step": {
      const { tick, seat, time, agent, action, outcome } = link;
      return {
        structured: { link: link.link, tick, seat, time, agent, action, outcome },
        line: `written at tick ${tick} (${time}) ${
          agent === null ? "directly" : `by ${agent} ${action ?? ""}`
        }`,
      };
    }
    case "command": {
      const { tick, seat, time, kind, client } = link;
      return {
        structured: { link: link.link, tick, seat, time, kind, client },
        line: `because ${client} asked at tick ${tick} (${kind})`,
      };
    }
    case "message":
      return {
        structured: {
          link: link.link,
          from: link.from,
          tick: link.tick,
          body: link.body === null ? null : cutText(link.body, Math.min(240, room.content)),
        },
        line: `because of a message from ${link.from} at tick ${link.tick}`,
      };
    case "workflow":
      return {
        structured: { link: link.link, id: link.id, name: link.name, step: link.step },
        line: `in workflow ${oneLine(link.name, 80)}, step ${link.step}`,
      };
    default:
      return link satisfies never;
  }
}

/** The tools that read. */
export const readingTools: readonly Tool[] = [recall, ask, timeline, why];
