/**
 * Resources and prompts: memories, projects and the brief as things a client can show, attach and complete.
 *
 * Invariants:
 * 1. Reading changes nothing.
 * 2. Lists are bounded: the newest `listedResourcesMax` memories, every project up to it.
 */
import {
  type CompleteRequest,
  type CompleteResult,
  type GetPromptResult,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { type Context, type Engram, EngramError, exitCodes } from "../../kernel/mod.ts";
import type { McpCall } from "./caller.ts";
import { mcpLimits } from "./limits.ts";
import { findMemories } from "./reading_tools.ts";
import { oneLine } from "./reply.ts";

/** Makes the call of a request. */
export type CallOf = (context: ServerContext) => McpCall;

const engramUri = "memory://engram/{id}";
const contextUri = "memory://context/{name}";
const briefUri = "memory://brief";

async function newest(call: McpCall): Promise<readonly Engram[]> {
  const scope = await call.readContexts(undefined);
  return (await call.port.view({ view: "search", limit: mcpLimits.listedResourcesMax, ...scope })).hits;
}

async function projects(call: McpCall): Promise<readonly Context[]> {
  return (await call.port.view({ view: "contexts" })).contexts.slice(0, mcpLimits.listedResourcesMax);
}

const json = (uri: URL, value: unknown) => ({
  contents: [{ uri: uri.href, mimeType: "application/json", text: JSON.stringify(value) }],
});

/** Reads a resource; a refusal becomes the protocol's error, which says that the request was wrong. */
async function reading<T>(uri: URL, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    if (error.exitCode === exitCodes.notFound) throw new ResourceNotFoundError(uri.href, error.message);
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message);
  }
}

/** One variable of an address. */
function variable(value: string | readonly string[] | undefined): string {
  return decodeURIComponent(typeof value === "string" ? value : value?.[0] ?? "");
}

/** Registers the resources. */
export function addResources(server: McpServer, callOf: CallOf): void {
  server.registerResource(
    "brief",
    briefUri,
    { title: "Brief", description: "Decisions, open tasks, what changed", mimeType: "text/markdown" },
    (uri, context) =>
      reading(uri, async () => ({
        contents: [{ uri: uri.href, mimeType: "text/markdown", text: await briefText(callOf(context)) }],
      })),
  );
  const memories = new ResourceTemplate(engramUri, {
    list: async (context) => ({
      resources: (await newest(callOf(context))).map(({ id, title, content }) => ({
        uri: `memory://engram/${id}`,
        name: id,
        title: oneLine(title === null || title.trim() === "" ? content : title, 80),
        mimeType: "application/json",
      })),
    }),
  });
  server.registerResource(
    "memory",
    memories,
    { title: "Memory", description: "One memory, whole", mimeType: "application/json" },
    (uri, { id }, context) =>
      reading(uri, async () => {
        const call = callOf(context);
        return json(uri, await call.port.view({ view: "engram", id: await call.engramId(variable(id)) }));
      }),
  );
  const contexts = new ResourceTemplate(contextUri, {
    list: async (context) => ({
      resources: (await projects(callOf(context))).map(({ name, description, engrams }) => ({
        uri: `memory://context/${encodeURIComponent(name)}`,
        name,
        title: name,
        description: oneLine(`${engrams} memories. ${description}`, 200),
        mimeType: "application/json",
      })),
    }),
  });
  server.registerResource(
    "project",
    contexts,
    { title: "Project", description: "A project and its first memories", mimeType: "application/json" },
    (uri, { name }, context) =>
      reading(uri, async () => {
        const limit = mcpLimits.listedResourcesMax;
        const found = await callOf(context).port.view({ view: "context", id: variable(name), limit });
        const engrams = found.engrams.map(({ id, content, observedAt, source }) => ({
          id,
          content: oneLine(content, 240),
          observedAt,
          source,
        }));
        return json(uri, { context: found.context, engrams });
      }),
  );
}

async function briefText(call: McpCall, named?: string): Promise<string> {
  return (await call.port.view({ view: "brief", context: await call.ownContext(named) })).text;
}

const recallArgs = z.object({ question: z.string().min(1), context: z.string().optional() });
const rememberArgs = z.object({ content: z.string().min(1), context: z.string().optional() });
const briefArgs = z.object({ context: z.string().optional() });

function said(text: string): GetPromptResult {
  return { messages: [{ role: "user", content: { type: "text", text } }] };
}

/** Registers the prompts. `writes`: whether there is a tool to remember with. */
export function addPrompts(server: McpServer, callOf: CallOf, writes: boolean): void {
  server.registerPrompt(
    "recall",
    { title: "Recall", description: "Answer a question from memory", argsSchema: recallArgs },
    async ({ question, context: named }, context) => {
      const call = callOf(context);
      const { hits } = await findMemories(call, question, 10, await call.readContexts(named));
      const lines = hits.map(({ id, content, observedAt, supersededBy }) => {
        const old = supersededBy === null ? "" : ` (superseded by ${supersededBy})`;
        return `- [${id}] ${observedAt?.slice(0, 10) ?? "undated"}${old}: ${oneLine(content, 400)}`;
      });
      const found = lines.length === 0 ? "Nothing is remembered about it." : lines.join("\n");
      return said(
        `${question}\n\nAnswer from these memories and cite their ids; say so if they do not tell.\n\n${found}`,
      );
    },
  );
  server.registerPrompt(
    "brief",
    { title: "Brief", description: "Begin with what matters here", argsSchema: briefArgs },
    async ({ context: named }, context) => said(await briefText(callOf(context), named)),
  );
  if (!writes) return;
  server.registerPrompt(
    "remember",
    { title: "Remember", description: "Keep something for later", argsSchema: rememberArgs },
    ({ content, context: named }) => {
      const where = named === undefined ? "" : ` with context ${JSON.stringify(named)}`;
      return said(
        `Remember this with the tool "remember"${where}, in sentences that stand on their own, one call each. If it ` +
          `replaces something you can recall, use "supersede" instead.\n\n${content}`,
      );
    },
  );
}

/** Answers completion: of ids and names in the addresses of resources, of projects in the arguments of prompts. */
export function addCompletion(server: McpServer, callOf: CallOf): void {
  server.server.registerCapabilities({ completions: {} });
  server.server.setRequestHandler("completion/complete", async (request, context) => {
    return proposals(await candidates(request.params, callOf(context)), request.params.argument.value);
  });
}

async function candidates(params: CompleteRequest["params"], call: McpCall): Promise<readonly string[]> {
  const { ref, argument } = params;
  if (ref.type === "ref/resource" && ref.uri === engramUri && argument.name === "id") {
    return (await newest(call)).map(({ id }) => id);
  }
  const namesProject = ref.type === "ref/resource" ? ref.uri === contextUri : argument.name === "context";
  return namesProject ? (await projects(call)).map(({ name }) => name) : [];
}

function proposals(all: readonly string[], typed: string): CompleteResult {
  const start = typed.toLowerCase();
  const fit = all.filter((one) => one.toLowerCase().startsWith(start));
  const values = fit.slice(0, mcpLimits.completionsMax);
  return { completion: { values, total: fit.length, hasMore: fit.length > values.length } };
}
