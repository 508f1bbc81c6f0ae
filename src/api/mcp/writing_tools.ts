/** The tools that write: remember, supersede, relate, forget, run. Each submits one command. */
import { inputRequired, inputResponse } from "@modelcontextprotocol/server";
import { z } from "zod";
import { EngramError, type JsonObject } from "../../kernel/mod.ts";
import type { Receipt } from "../../runtime/mod.ts";
import { supersedeOps } from "../../runtime/supersede.ts";
import type { McpCall } from "./caller.ts";
import { budgetOf, cutTokens, oneLine, reply, tokensOf } from "./reply.ts";
import { budget, context, given, object, text, type Tool, tool, type ToolResult } from "./tool.ts";

const written = z.object({ id: z.string(), tick: z.int() });

/** The id of the `at`-th change of a write. */
function idOf(receipt: Receipt, at: number): string {
  const results = receipt["results"];
  const item: unknown = Array.isArray(results) ? results[at] : null;
  if (typeof item === "object" && item !== null && "id" in item && typeof item.id === "string") {
    return item.id;
  }
  throw new Error("Fault: a write's receipt without an id");
}

/** A sentence about what the host took out of the texts before it stored them; "" for nothing. */
function redactedWords(receipt: Receipt): string {
  const { redacted } = receipt;
  if (typeof redacted !== "object" || redacted === null) return "";
  return ` Not stored, it looked private: ${Object.keys(redacted).join(", ")}.`;
}

const remember = tool({
  name: "remember",
  description: "Store one fact, decision or preference.",
  args: z.strictObject({
    content: text,
    title: text.optional(),
    source: text.optional(),
    time: text.optional(),
    confidence: z.number().min(0).max(1).optional(),
    metadata: object.optional(),
    context: context,
  }),
  result: written,
  does: "adds",
  async call({ content, context: named, title, source, time, confidence, metadata }, call) {
    const more = given({ title, source, time, confidence, metadata });
    const receipt = await call.submit({
      kind: "write",
      ops: [{ op: "add", content, context: await call.writeContext(named), ...more }],
    });
    const id = idOf(receipt, 0);
    const { tick } = receipt;
    return reply({ id, tick }, `Remembered as ${id} at tick ${tick}.${redactedWords(receipt)}`);
  },
});

const supersede = tool({
  name: "supersede",
  description: "Replace a memory by what holds now; the old one is marked.",
  args: z.strictObject({ id: text, content: text, time: text.optional() }),
  result: written,
  does: "adds",
  async call({ id: named, content, time }, call) {
    const id = await call.engramId(named);
    const old = await call.port.view({ view: "engram", id });
    const elsewhere = old.contexts.length > 0 ? null : await call.writeContext(undefined);
    const ops = supersedeOps(old, { content, ...given({ time }) }, elsewhere);
    const receipt = await call.submit({ kind: "write", ops });
    const made = idOf(receipt, 0);
    const { tick } = receipt;
    const words = `${made} supersedes ${id} since tick ${tick}.${redactedWords(receipt)}`;
    return reply({ id: made, tick }, words);
  },
});

const relate = tool({
  name: "relate",
  description: "Link two memories: source supports target.",
  args: z.strictObject({ source: text, target: text, type: text, why: text.optional() }),
  result: written,
  does: "adds",
  async call({ source, target, type, why }, call) {
    const [from, to] = await Promise.all([call.engramId(source), call.engramId(target)]);
    const receipt = await call.submit({
      kind: "write",
      ops: [{
        op: "connect",
        source: from,
        target: to,
        type,
        ...(why === undefined ? {} : { metadata: { why } }),
      }],
    });
    const id = idOf(receipt, 0);
    return reply({ id, tick: receipt.tick }, `${from} ${type} ${to}: link ${id}.${redactedWords(receipt)}`);
  },
});

const forget = tool({
  name: "forget",
  description: "Hide a memory; erase: for good, once confirmed.",
  args: z.strictObject({ id: text, erase: z.boolean().optional() }),
  result: written,
  does: "takes away",
  async call({ id: named, erase }, call) {
    const id = await call.engramId(named);
    if (erase === true) return await eraseConfirmed(id, call);
    const receipt = await call.submit({ kind: "write", ops: [{ op: "delete", id }] });
    const words = `Hidden: ${id}. History keeps it: engramlt memory get ${id} --at ${receipt.tick - 1}.`;
    return reply({ id, tick: receipt.tick }, words);
  },
});

const confirmation = z.object({ erase: z.boolean().describe("Erase it for good") });

/** Erases a memory once the person said yes to their client. */
async function eraseConfirmed(id: string, call: McpCall): Promise<ToolResult> {
  const answer = inputResponse(call.context.mcpReq.inputResponses, "confirm");
  if (answer.kind === "missing") {
    if (!call.canAsk) {
      const message = `Cannot erase ${id}: your client cannot ask you whether it may`;
      throw new EngramError("not_available", message, {}, `In a terminal: engramlt erase ${id}`);
    }
    const { versions } = await call.port.view({ view: "versions", id });
    const content = versions.at(-1)?.engram.content ?? "";
    const message = `Erase this memory for good, from everywhere? ${id}: "${oneLine(content, 300)}"`;
    const confirm = inputRequired.elicit({ message, requestedSchema: confirmation });
    return inputRequired({ inputRequests: { confirm } });
  }
  const said = answer.kind === "elicit" && answer.action === "accept" ? answer.content : undefined;
  if (confirmation.safeParse(said).data?.erase !== true) {
    throw new EngramError(
      "interrupted",
      `Cannot erase ${id}: you did not say yes`,
      {},
      "Nothing was changed",
    );
  }
  const receipt = await call.submit({ kind: "erase", ids: [id] });
  const unreached = receipt["notReached"];
  const left = Array.isArray(unreached) && unreached.length > 0
    ? ` Not reached: ${unreached.join(", ")}.`
    : "";
  return reply({ id, tick: receipt.tick }, `Erased for good: ${id}.${oneLine(left, 400)}`);
}

const run = tool({
  name: "run",
  description: "Run an agent's action.",
  args: z.strictObject({
    agent: text,
    action: text,
    params: object.optional(),
    budget,
  }),
  result: z.object({ result: z.unknown(), tick: z.int(), fuel: z.int().optional() }),
  does: "anything",
  async call({ agent, action, params, budget: tokens }, call) {
    await call.progress(0, 1, `${agent} ${action} waits for its turn`);
    const receipt = await call.submit({
      kind: "execute",
      agent: (await call.port.view({ view: "resolve", what: "agent", text: agent })).id,
      action,
      ...(params === undefined ? {} : { params: JSON.stringify(params) }),
    });
    await call.progress(1, 1, `${agent} ${action} is done`);
    return runReply(receipt, budgetOf(tokens));
  },
});

/** The result of a run within a budget: one that is larger is given as the beginning of its JSON. */
function runReply(receipt: Receipt, tokens: number) {
  const { result, tick, fuel } = receipt;
  const json = JSON.stringify(result ?? null);
  const told = `Done at tick ${tick} with ${fuel} fuel.${redactedWords(receipt)}`.replace(/\.$/, "");
  const room = Math.max(20, tokens - tokensOf(told) - 60);
  const fits = tokensOf(json) <= room;
  const structured: JsonObject = {
    result: fits ? JSON.parse(json) : cutTokens(json, Math.floor(room * 2 / 3)),
    tick,
    fuel: Number(fuel),
    ...(fits ? {} : { cut: true }),
  };
  const left = room - tokensOf(JSON.stringify(structured.result));
  return reply(structured, left < 20 ? `${told}.` : `${told}: ${cutTokens(oneLine(json, 400), left)}`);
}

/** The tools that write. */
export const writingTools: readonly Tool[] = [remember, supersede, relate, forget, run];
