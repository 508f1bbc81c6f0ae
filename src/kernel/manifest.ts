/**
 * What an agent's manifest says, and the grants made of it.
 *
 * Owns: the shape in memory, narrowing what is asked for to what is granted, and the plain words shown at a load.
 * Does not own: reading the file (src/input/manifest.ts), checking a call (grants.ts).
 *
 * Invariants:
 * 1. A grant is never wider than what the manifest asks for.
 * 2. Grants stand in the order of {@link capabilities}, each capability once: equal wishes give equal grants.
 */
import type { AgentLimits } from "./commands.ts";
import { EngramError } from "./errors.ts";
import { capabilities, type Capability, type Grant } from "./grants.ts";
import type { EngramKind, JsonObject } from "./records.ts";

/** What an agent asks for, and why. */
export interface Wanted extends Grant {
  /** For the person who grants it. */
  readonly reason: string;
}

/** An action an agent offers. The schemas are JSON Schema. */
export interface ManifestAction {
  readonly name: string;
  readonly description: string;
  readonly input: JsonObject | null;
  readonly output: JsonObject | null;
}

/** What an agent is woken for: changes of engrams of a kind, in a context; null is any. */
export interface Subscription {
  readonly context: string | null;
  readonly kind: EngramKind | null;
  /** What it is executed with: the first of its actions where null, and `{}`. */
  readonly action: string | null;
  readonly params: JsonObject;
}

/** A manifest of version 1. */
export interface Manifest {
  readonly id: string;
  /** Semantic version of the agent. */
  readonly version: string;
  /** Version of the `engram` ABI. */
  readonly abi: number;
  readonly name: string;
  readonly description: string;
  /** The module, relative to the manifest, or null. */
  readonly wasm: string | null;
  /** Null where the manifest lists none: then every action is passed on. */
  readonly actions: readonly ManifestAction[] | null;
  readonly capabilities: readonly Wanted[];
  readonly limits: AgentLimits;
  readonly subscriptions: readonly Subscription[];
  /** Given to initialize. */
  readonly config: JsonObject;
  /** The manifest as given. */
  readonly given: JsonObject;
}

/** The grants that give all of what is asked for. */
export function grantsOf(wanted: readonly Grant[]): Grant[] {
  return capabilities.flatMap((capability) => {
    const scope = scopeOf(wanted, capability);
    return scope.length === 0 ? [] : [{ capability, scope }];
  });
}

/**
 * Reads a grant as a flag gives it: `read:notes`, `write:notes,plans`, `send:curator`; `read` or `read:*` is
 * everything of that kind that is asked for. Refuses with `invalid_argument`.
 */
export function parseGrant(text: string): Grant {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const capability = capabilities.find((known) => known === name.trim());
  if (capability === undefined) {
    const known = capabilities.join(", ");
    throw new EngramError(
      "invalid_argument",
      `Cannot grant ${JSON.stringify(text)}: a grant begins with ${known}`,
    );
  }
  const scope = colon < 0 ? ["*"] : text.slice(colon + 1).split(",").map((part) => part.trim());
  if (scope.some((part) => part === "")) {
    throw new EngramError("invalid_argument", `Cannot grant ${JSON.stringify(text)}: its scope is empty`);
  }
  return { capability, scope };
}

/**
 * What is asked for, narrowed to `grants`. Refuses (`invalid_argument`) a grant of what is not asked for.
 */
export function narrow(wanted: readonly Grant[], grants: readonly Grant[]): Grant[] {
  const kept = grants.flatMap(({ capability, scope }) => {
    const asked = scopeOf(wanted, capability);
    return scope.map((item): Grant => {
      if (item === "*" && asked.length > 0) return { capability, scope: asked };
      if (asked.includes("*") || asked.includes(item)) return { capability, scope: [item] };
      const all = grantsOf(wanted).map((grant) => `${grant.capability}:${grant.scope.join(",")}`).join(" ");
      const state = all === "" ? "the manifest asks for nothing" : `the manifest asks for ${all}`;
      throw new EngramError("invalid_argument", `Cannot grant "${capability}:${item}": ${state}`);
    });
  });
  return grantsOf(kept);
}

/** Grants in plain words, one phrase each; the last says what no agent may do. */
export function plainWords(grants: readonly Grant[]): string[] {
  const [read, write, send, model] = capabilities.map((capability) => scopeOf(grants, capability));
  const words: string[] = [];
  const may = (verb: string, scope: readonly string[] | undefined, all: string) => {
    if (scope !== undefined && scope.length > 0) {
      words.push(`may ${verb} ${scope.includes("*") ? all : listed(scope)}`);
    }
  };
  if (read !== undefined && write !== undefined && sameScope(read, write)) {
    may("read and write", read, "the whole memory");
  } else {
    may("read", read, "the whole memory");
    may("write", write, "to the whole memory");
  }
  may("send messages to", send, "every agent");
  may("give texts to", model, "any model");
  return [
    ...(words.length === 0 ? ["may use its own memory only"] : words),
    "no network, no files, no clock",
  ];
}

/** Every scope asked for under a capability, once each; "*" stands for all. */
function scopeOf(grants: readonly Grant[], capability: Capability): string[] {
  const scope = new Set(
    grants.filter((grant) => grant.capability === capability).flatMap((grant) => grant.scope),
  );
  return scope.has("*") ? ["*"] : [...scope];
}

function sameScope(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} and ${last}`;
}
