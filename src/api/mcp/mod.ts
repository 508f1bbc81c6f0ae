/** The MCP door: what connections over HTTP and over the host's socket are served. Loads the SDK: import it late. */
export { type McpHttp, mcpHttp } from "./http.ts";
export { mcpRoute, type McpWho } from "./route.ts";
export { mcpServer } from "./server.ts";
