/** The MCP door: what connections over HTTP and over the host's socket are served. Loads the SDK: import it late. */
export { type McpCaller } from "./caller.ts";
export { type McpHttp, mcpHttp, type McpHttpOptions, type McpRequest } from "./http.ts";
export { mcpLimits } from "./limits.ts";
export { mcpRoute, type McpRouteOptions, type McpWho } from "./route.ts";
export { mcpServer } from "./server.ts";
