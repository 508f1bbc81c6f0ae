/**
 * A caller of the MCP door: what it may do, where it works, and how its requests become commands.
 *
 * Invariants:
 * 1. A caller that may only read has no way to submit: its tools do not exist.
 * 2. One request of the protocol is one command: its id within the connection is the command's id, so that a request
 *    sent again is answered again and not done again. Requests without a connection carry no id, unless they bring one.
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { createHash } from "node:crypto";
import { z } from "zod";
import { EngramError, type Id, idLetters, parseId, personalContextId } from "../../kernel/mod.ts";
import type { Port, Receipt, Request } from "../../runtime/mod.ts";
import { ownContext, projectContext, projectContexts } from "../../runtime/projects.ts";

/** What a connection, or one request without a connection, may do and where it works. */
export interface McpCaller {
  readonly port: Pick<Port, "view" | "events" | "idle">;
  /** Null for one that may only read. */
  readonly submit: Port["submit"] | null;
  /** The client's working folder, where it sent one. */
  readonly folder: string | null;
  /** The context that is read and written where a call names none, or null. */
  readonly context: string | null;
  /** Names the connection or session: command ids begin with it. Null: requests have no connection. */
  readonly connection: string | null;
}

/** A context argument that means all of them. */
const everything = "*";
/** The key of a request's `_meta` that says in which folder the client works. */
const folderMeta = "engramlt/folder";

/** What a request of the 2026 protocol says of its client. */
const clientInfo = z.object({ [CLIENT_INFO_META_KEY]: z.object({ name: z.string() }) });

const clientCapabilities = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({ elicitation: z.looseObject({}).optional() }),
});

/** One request of a caller. */
export class McpCall {
  readonly #caller: McpCaller;
  readonly #server: McpServer;
  readonly context: ServerContext;

  constructor(caller: McpCaller, server: McpServer, context: ServerContext) {
    this.#caller = caller;
    this.#server = server;
    this.context = context;
  }

  /** Reads. */
  get port(): McpCaller["port"] {
    return this.#caller.port;
  }

  /** "mcp:NAME", by the name the client gave itself. */
  get client(): string {
    const said = clientInfo.safeParse(this.context.mcpReq.envelope).data?.[CLIENT_INFO_META_KEY];
    const name = said?.name ?? this.#server.server.getClientVersion()?.name ?? "";
    return `mcp:${name.replace(/[^\w.:@/ -]/g, "-").slice(0, 60) || "unknown"}`;
  }

  /** Asks for a change; resolves when it is durable. `part` tells the commands of one request apart. */
  async submit(request: Request, part = ""): Promise<Receipt> {
    const submit = this.#caller.submit;
    if (submit === null) {
      throw new EngramError(
        "denied",
        "Cannot write: the token may only read",
        {},
        "Use a token that may operate",
      );
    }
    const commandId = this.#commandId(part);
    return await submit(request, { client: this.client, ...(commandId === null ? {} : { commandId }) });
  }

  #commandId(part: string): string | null {
    const { connection } = this.#caller;
    if (connection === null) return null;
    const { id } = this.context.mcpReq;
    const name = `${typeof id}:${id}`; // the ids 1 and "1" are two
    const short = /^[\w.:-]{1,64}$/.test(name)
      ? name
      : createHash("sha256").update(name).digest("hex").slice(0, 32);
    return `mcp:${connection}:${short}${part}`;
  }

  /** Where the client works: what this request says, else the connection. */
  get #folder(): string | null {
    const said = this.context.mcpReq._meta?.[folderMeta];
    return typeof said === "string" && said !== "" ? said : this.#caller.folder;
  }

  /** The context that a write goes to: the one named, else the folder's project, else "personal". */
  async writeContext(given: string | undefined): Promise<string> {
    if (given === everything) {
      const message = 'Cannot write: a memory goes to one project, not to "*"';
      throw new EngramError("invalid_argument", message, { field: "context" });
    }
    const named = given ?? this.#caller.context;
    if (named !== null) return named;
    const { port, submit } = this.#caller, folder = this.#folder;
    if (folder === null || submit === null) return personalContextId;
    return await projectContext({ view: port.view.bind(port), submit }, folder, { client: this.client });
  }

  /** What a read covers: the context named, else the folder's project and what belongs to none, else all. */
  async readContexts(
    given: string | undefined,
  ): Promise<{ readonly context?: string; readonly contexts?: readonly string[] }> {
    const named = given ?? this.#caller.context;
    if (named === everything) return {};
    if (named !== null) return { context: named };
    const folder = this.#folder;
    return folder === null ? {} : { contexts: await projectContexts(this.port, folder) };
  }

  /** The one context that a page about the client's work is of: the one named, else the project's; null for none yet. */
  async ownContext(given: string | undefined): Promise<string | null> {
    const named = given ?? this.#caller.context;
    if (named !== null) return named;
    const folder = this.#folder;
    return folder === null ? personalContextId : await ownContext(this.port, folder);
  }

  /** Whether the client can ask its person something. */
  get canAsk(): boolean {
    const said = clientCapabilities.safeParse(this.context.mcpReq.envelope).data
      ?.[CLIENT_CAPABILITIES_META_KEY];
    return (said ?? this.#server.server.getClientCapabilities())?.elicitation !== undefined;
  }

  /** The whole id of a memory from its id, a unique beginning or "@last": the newest of those that this call reads. */
  async engramId(text: string): Promise<Id> {
    if (parseId(text)?.letter === idLetters.engram) return text;
    const scope = text === "@last" ? await this.readContexts(undefined) : {};
    if ("context" in scope || "contexts" in scope) {
      const [newest] = (await this.port.view({ view: "search", limit: 1, ...scope })).hits;
      if (newest !== undefined) return newest.id;
      throw new EngramError("engram_not_found", "Cannot find @last: this project has no memory yet", {});
    }
    return (await this.port.view({ view: "resolve", what: "engram", text })).id;
  }

  /** Tells how far a long call has come, to a client that asked to be told. */
  async progress(done: number, total: number, message: string): Promise<void> {
    const progressToken = this.context.mcpReq._meta?.progressToken;
    if (progressToken === undefined) return;
    const params = { progressToken, progress: done, total, message };
    await this.context.mcpReq.notify({ method: "notifications/progress", params });
  }
}
