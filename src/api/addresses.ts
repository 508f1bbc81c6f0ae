/**
 * Where the host listens, and by which names it may be asked.
 *
 * Invariants:
 * 1. An address that other machines can reach is listened on only where that was agreed to.
 * 2. A Host header is right where it is an address that the host listens on, or a name that the owner allowed. A page of
 *    another site cannot have either: names it controls are not allowed, and its Origin is its own.
 */
import { isIP } from "node:net";
import { EngramError } from "../kernel/mod.ts";

/** Where a host listens unless told otherwise: this machine alone. */
export const loopback = "127.0.0.1";

/** Addresses that stand for every one of the machine. */
const wildcards: readonly string[] = ["0.0.0.0", "::"];

/** Whether only this machine reaches an address. */
export function isLoopback(address: string): boolean {
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

/** An address as URLs and Host headers have it. */
const inUrl = (address: string): string => isIP(address) === 6 ? `[${address.toLowerCase()}]` : address;

/**
 * Refuses an address that is none, or that others reach without an agreement. Gives the address.
 * Errors: `usage`.
 */
export function checkListenAddress(given: string, allowRemote: boolean): string {
  const address = given === "localhost" ? loopback : given;
  if (isIP(address) === 0) {
    const message = `Cannot listen on ${JSON.stringify(given)}: it is no IP address`;
    throw new EngramError(
      "usage",
      message,
      {},
      "127.0.0.1 is this machine alone, 0.0.0.0 every address of it",
    );
  }
  if (isLoopback(address) || allowRemote) return address;
  throw new EngramError(
    "usage",
    `Cannot listen on ${address}: other machines could reach it, and --allow-remote was not given`,
    { address },
    exposure(address) ?? undefined,
  );
}

/** What listening on an address gives away, for people; null where it is this machine's own. */
export function exposure(address: string): string | null {
  if (isLoopback(address) || address === "localhost") return null;
  const who = wildcards.includes(address)
    ? "Every machine that reaches this one"
    : `Whoever reaches ${address}`;
  return `${who} and has a token reads and changes what its scope allows, all memories with the first one; ` +
    "requests and tokens are not encrypted on their way. A tunnel (ssh -L) or a proxy with TLS needs no such address";
}

/** By which names a host may be asked. */
export interface Names {
  /** Host and port it listens on. */
  readonly authority: string;
  /** Names beside its addresses: `name` with its own port or none, `name:port` exactly. */
  readonly allowed?: readonly string[];
}

/** The Host headers that are right, for people too. */
export function hostNames({ authority, allowed = [] }: Names): readonly string[] {
  const [host = "", port = ""] = authority.split(/:(?=\d+$)/);
  const isThisMachine = isLoopback(host.replace(/^\[|\]$/g, ""));
  return [
    authority,
    ...(isThisMachine ? [`localhost:${port}`] : []),
    ...allowed.flatMap((name) => /:\d+$/.test(name) ? [name] : [name, `${name}:${port}`])
      .map((name) => name.toLowerCase()),
  ];
}

/** Whether a Host header is right. */
export function isHostName(host: string, names: Names): boolean {
  if (host === names.authority || hostNames(names).includes(host)) return true;
  const [, own = "", port = ""] = /^(.*):(\d+)$/.exec(names.authority) ?? [];
  if (!wildcards.includes(own.replace(/^\[|\]$/g, ""))) return false;
  // Any address of the machine: no page of another site has a number as its own name and this port.
  const [, address = "", theirs = ""] = /^(.*):(\d+)$/.exec(host) ?? [];
  return theirs === port && (address === "localhost" || isIP(address.replace(/^\[|\]$/g, "")) !== 0);
}

/** Whether an Origin is that of a page served under this Host: by a proxy with TLS too, under a name that was allowed. */
export function isOwnOrigin(origin: string, host: string, names: Names): boolean {
  if (origin === `http://${host}`) return true;
  return origin === `https://${host}` && hostNames(names).includes(host) &&
    !hostNames({ authority: names.authority }).includes(host);
}

/** Host and port of an address. */
export const authorityOf = (address: string, port: number): string => `${inUrl(address)}:${port}`;

/** Where clients of this machine find a host that listens on an address. */
export function localAddress(address: string, port: number): string {
  const near = address === "0.0.0.0" ? loopback : address === "::" ? "::1" : address;
  return `http://${inUrl(near)}:${port}`;
}
