/** Doors for programs: a host, and a port to one. */
export { exposure } from "./addresses.ts";
export { findHost, type FindOptions } from "./find_host.ts";
export { hostPort } from "./host_port.ts";
export { type ApiLimits, apiLimits } from "./limits.ts";
export { type HostOptions, type HostReady, serveHost } from "./serve_host.ts";
export { type McpSocket, type McpSocketOptions, serveMcpSocket } from "./mcp/socket.ts";
