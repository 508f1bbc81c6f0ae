/** The route /mcp of a host: who asks becomes a caller. */
import type { Port } from "../../runtime/mod.ts";
import type { ApiLimits } from "../limits.ts";
import type { Hold } from "../tokens/watch.ts";
import { type Body, type BodyBounds, isJsonType, readText } from "../wire/body.ts";
import type { McpCaller } from "./caller.ts";
import { mcpHttp } from "./http.ts";
import { mcpLimits } from "./limits.ts";
import { mcpServer } from "./server.ts";

/** Who asks over HTTP, as the door found out. */
export interface McpWho {
  /** The token's name: a session is only its own. */
  readonly name: string;
  readonly scope: "read" | "operate" | "admin";
  /** Holds on to its token, for what outlives the request. */
  readonly hold: () => Hold;
}

/** What the route stands on. */
export interface McpRouteOptions {
  readonly port: Port;
  readonly stopping: AbortSignal;
  readonly limits: ApiLimits;
  /** A seeded host records no ids that clients made up. */
  readonly seeded: boolean;
  readonly onFault: (error: unknown) => void;
}

/** The header that says in which folder a client works: UTF-8, percent-encoded. */
const folderHeader = "engramlt-folder";
/** The header that names the context to read and write where a call names none. */
const contextHeader = "engramlt-context";

/** Makes the handler of /mcp. */
export function mcpRoute(options: McpRouteOptions): (body: Body, who: McpWho) => Promise<Response> {
  const { port, stopping, seeded, onFault } = options;
  const { answer } = mcpHttp<McpWho>({
    build: ({ who, headers, session }) => {
      const caller: McpCaller = {
        port,
        submit: who.scope === "read" ? null : port.submit.bind(port),
        folder: headerText(headers, folderHeader),
        context: headerText(headers, contextHeader),
        connection: seeded ? null : session?.replaceAll("-", "").slice(0, 16) ?? null,
      };
      return mcpServer(caller, onFault);
    },
    isSame: (a, b) => a.name === b.name && a.scope === b.scope,
    hold: (who) => who.hold(),
    stopping,
    onFault,
  });
  const bounds: BodyBounds = {
    limits: options.limits,
    bytesMax: mcpLimits.messageBytesMax,
    bytesMaxName: "messageBytesMax",
    stopping,
  };
  return async (body, who) => {
    const { request } = body;
    // Read here, by the door's rules for bodies: the SDK would wait for one for ever.
    const isJson = request.method === "POST" && isJsonType(request.headers.get("content-type"));
    return await answer(request, who, isJson ? await readText(body, bounds) : null);
  };
}

function headerText(headers: Headers, name: string): string | null {
  const text = headers.get(name);
  if (text === null || text === "") return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not encoded: taken as it is
  }
}
