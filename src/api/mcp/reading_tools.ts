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
  itemCharactersMax,
  offsetOf,
  oneLine,
  page,
  reply,
  tokensOf,
} from "./reply.ts";
import { budget, context, cursor, given, text, things, type Tool, tool } from "./tool.ts";

const day = (time: string | null) => time === null ? "" : ` ${time.slice(0, 10)}`;
const from = (source: string | null) => source === null ? "" : ` (${oneLine(source, 80)})`;

type RecallHit = ViewResults["recall"]["hits"][number];

/** A text of an item under a budget, and whether it was cut. */
function contentOf(content: string, charactersMax: number): JsonObject {
  return content.length <= charactersMax
    ? { content }
    : { content: cutText(content, charactersMax), cut: true };
}

function hitItem(hit: RecallHit, charactersMax: number): Item {
  const { id, ref, score, content, snippet, source, title, observedAt, supersededBy, parts } = hit;
  const superseded = supersededBy === null ? "" : ` [superseded by ${supersededBy}]`;
  const short = content.length <= 240;
  return {
    structured: {
      id,
      score,
      ...contentOf(content, charactersMax),
      ...(short ? {} : { snippet: cutText(snippet, 240) }),
      ...(title === null ? {} : { title: cutText(title, 120) }),
      ...(source === null ? {} : { source: cutText(source, 200) }),
      ...(ref === null ? {} : { ref: cutText(ref, 200) }),
      observedAt,
      supersededBy,
      parts: { ...parts },
    },
    line: `${id}${day(observedAt)}${superseded}: ${oneLine(short ? content : snippet, 120)}${from(source)}`,
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
    const charactersMax = itemCharactersMax(budgetOf(args.budget));
    const items = hits.map((hit) => hitItem(hit, charactersMax));
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

function quotationOf(quotation: Quotation): JsonObject {
  const { text, id, source, line, observedAt, until, supersededBy } = quotation;
  return {
    id,
    text: cutText(text, 600),
    source: source === null ? null : cutText(source, 200),
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
  const told = answer === null
    ? "No memory answers this."
    : `"${oneLine(answer.text, 600)}" ${answer.id}${day(answer.observedAt)}${from(answer.source)}`;
  const shownAnswer = answer === null ? null : quotationOf(answer);
  let spent = 100 + tokensOf(told) + tokensOf(JSON.stringify(shownAnswer));
  for (const name of ["superseded", "contradicts", "nearest"] as const) {
    for (const quotation of found[name]) {
      const shown = quotationOf(quotation);
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
    const charactersMax = itemCharactersMax(budgetOf(tokens));
    const { taken, next } = page(events.map((one) => eventItem(one, charactersMax)), 0, budgetOf(tokens));
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

function eventItem(engram: Engram, charactersMax: number): Item {
  const { id, content, observedAt, source, updatedTick, supersededBy } = engram;
  const superseded = supersededBy === null ? "" : ` [superseded by ${supersededBy}]`;
  return {
    structured: {
      id,
      at: observedAt,
      tick: updatedTick,
      ...contentOf(content, charactersMax),
      ...(source === null ? {} : { source: cutText(source, 200) }),
      ...(supersededBy === null ? {} : { supersededBy }),
    },
    line: `${observedAt?.slice(0, 10) ?? "undated"} ${id}${superseded}: ${oneLine(content, 160)}`,
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
    return listReply("chain", chain.map(linkItem), args, { id }, "Nothing is known about its origin.");
  },
});

const engramOf = ({ id, kind, content, source, observedAt }: Engram): JsonObject => ({
  id,
  kind,
  content: cutText(content, 240),
  source: source === null ? null : cutText(source, 200),
  observedAt,
});

/** A link of the chain as a line and in short. */
function linkItem(link: WhyLink): Item {
  switch (link.link) {
    case "engram":
      return {
        structured: { link: link.link, engram: engramOf(link.engram), line: link.line },
        line: `${link.engram.kind} ${link.engram.id}: ${oneLine(link.engram.content, 160)}${
          from(link.engram.source)
        }`,
      };
    case "from":
      return {
        structured: {
          link: link.link,
          engram: engramOf(link.engram),
          line: link.line,
          quote: link.quote === null ? null : cutText(link.quote, 240),
        },
        line: `taken from ${link.engram.id}: ${oneLine(link.quote ?? link.engram.content, 160)}${
          from(link.engram.source)
        }`,
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
          body: link.body === null ? null : cutText(link.body, 240),
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
