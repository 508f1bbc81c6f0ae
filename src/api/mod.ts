/** Doors for programs: a host, and a port to one. */
export { exposure } from "./addresses.ts";
export { findHost } from "./find_host.ts";
export { hostPort } from "./host_port.ts";
export { type HostOptions, type HostReady, serveHost } from "./serve_host.ts";
