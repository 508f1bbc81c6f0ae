/**
 * Replies of tools: a structured result, a short text beside it, both within a budget of tokens.
 *
 * Invariants:
 * 1. A reply, text and structure together, is never above its budget of 500 tokens or more: of any writing and any
 *    signs, since texts are cut by their tokens. Of a smaller budget one item is given all the same, cut as short.
 * 2. What was left out is told: a cursor for more items, `cut` on a text that goes on.
 * 3. A cursor holds nothing but a place in one list; with other arguments it is refused.
 */
import type { CallToolResult } from "@modelcontextprotocol/server";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { estimateTokens } from "../../input/tokens.ts";
import { EngramError, type JsonObject, type RefusalCode, refusals } from "../../kernel/mod.ts";
import { mcpLimits } from "./limits.ts";

/** Tokens of a text on the safe side: by the rule of src/input/tokens.ts, and never below four characters each. */
export function tokensOf(text: string): number {
  return Math.max(estimateTokens(text), Math.ceil(text.length / 4));
}

/** A text cut to at most `charactersMax` code units and a third as many tokens, never inside a character. */
export function cutText(text: string, charactersMax: number): string {
  const whole = cutCharacters(text, charactersMax);
  return cutTokens(whole, Math.ceil(charactersMax / 3));
}

/** A text cut to at most `tokensMax` tokens of its JSON, never inside a character. */
export function cutTokens(text: string, tokensMax: number): string {
  const isWithin = (one: string) => tokensOf(JSON.stringify(one)) <= tokensMax + 2; // its quotation marks
  if (isWithin(text)) return text;
  let fits = 1, over = text.length;
  while (over - fits > 1) {
    const middle = (fits + over) >> 1;
    if (isWithin(cutCharacters(text, middle))) fits = middle;
    else over = middle;
  }
  return cutCharacters(text, fits);
}

function cutCharacters(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const end = Math.max(0, charactersMax - 1);
  const last = text.charCodeAt(end - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end)}…`;
}

/** One line: what a text says, without line ends. */
export function oneLine(text: string, charactersMax: number): string {
  // Single spaces stay as they are: most texts have no other space to replace.
  return cutText(text.slice(0, charactersMax * 2).replace(/[^\S ]\s*| \s+/g, " ").trim(), charactersMax);
}

/** A tool's answer. */
export function reply(structured: JsonObject, text: string): CallToolResult {
  return { content: [{ type: "text", text }], structuredContent: { ...structured } };
}

/** What to do next with these tools, where the usual hint names a command of the terminal. */
const toolHints: Partial<Record<RefusalCode, string>> = {
  engram_not_found: "recall and timeline give ids",
};

/** A refusal as a tool tells it: the model can read what to do. */
export function refusalReply(error: EngramError): CallToolResult {
  const isUsual = error.hint === refusals[error.code].hint;
  const hint = isUsual ? toolHints[error.code] ?? error.hint : error.hint;
  return {
    isError: true,
    content: [{ type: "text", text: cutText(`${error.message}\n${hint}\n[${error.code}]`, 2000) }],
  };
}

/** An item of a list and the line that tells it. */
export interface Item {
  readonly structured: JsonObject;
  readonly line: string;
}

/** Tokens that a result costs beside its items: braces, names, the cursor in structure and text, the model. */
const frameTokens = 190;

/** Items from `offset` on that fit the budget; `next` is the first that did not, or null. */
export function page(
  items: readonly Item[],
  offset: number,
  budget: number,
): { readonly taken: readonly Item[]; readonly next: number | null } {
  const taken: Item[] = [];
  let spent = frameTokens;
  for (let at = offset; at < items.length; at++) {
    const item = items[at];
    if (item === undefined) break;
    // The text travels as JSON too, where a line end takes two characters.
    spent += tokensOf(JSON.stringify(item.structured)) + tokensOf(JSON.stringify(item.line)) + 2;
    if (spent > budget && taken.length > 0) return { taken, next: at };
    taken.push(item);
  }
  return { taken, next: null };
}

/** How long the texts of an item may be under a budget, so that one item and its frame fit. */
export interface Room {
  /** Code units of the item's main text. */
  readonly content: number;
  /** Code units of each text beside it: a title, a source, the item's line. */
  readonly side: number;
}

/** The room that a budget leaves for the texts of an item. */
export function roomOf(budget: number): Room {
  const content = Math.max(80, Math.floor((budget - 400) * 1.5));
  return { content, side: Math.max(40, Math.floor(content / 8)) };
}

/** A cursor to the item at `offset` of the list that `args` asks for. */
export function cursorAt(offset: number, args: unknown): string {
  return Buffer.from(`${offset}.${digest(args)}`).toString("base64url");
}

/** Where a cursor points. Errors: `invalid_argument` where it is none, or of a call with other arguments. */
export function offsetOf(cursor: string | undefined, args: unknown): number {
  if (cursor === undefined || cursor === "") return 0;
  const [offset = "", of = ""] = Buffer.from(cursor.slice(0, 128), "base64url").toString("latin1").split(".");
  if (/^\d{1,9}$/.test(offset) && of === digest(args)) return Number(offset);
  throw new EngramError(
    "invalid_argument",
    "Cannot go on: the cursor is not one that this call, with these arguments, gave",
    { field: "cursor" },
    "Call again without a cursor",
  );
}

function digest(args: unknown): string {
  return createHash("sha256").update(JSON.stringify(args)).digest("hex").slice(0, 12);
}

/** The budget of a call. */
export function budgetOf(budget: number | undefined): number {
  return budget ?? mcpLimits.replyTokensDefault;
}
