/**
 * Capabilities: what an agent may do. Nothing by default; what its owner granted, and its own context.
 *
 * Invariant: every check is a pure function of grants, contexts and the question asked.
 */

/** The capabilities an agent can be granted. */
export const capabilities = ["read", "write", "send", "model"] as const;
/** One of {@link capabilities}. */
export type Capability = typeof capabilities[number];

/**
 * A capability over a scope: context names or ids for read and write, agent ids for send, names or hashes of models for
 * model; "*" is all.
 */
export interface Grant {
  readonly capability: Capability;
  readonly scope: readonly string[];
}

/** Whether the grants give `capability` over something known by any of `names`. */
export function holds(grants: readonly Grant[], capability: Capability, names: readonly string[]): boolean {
  return grants.some((grant) =>
    grant.capability === capability && grant.scope.some((scope) => scope === "*" || names.includes(scope))
  );
}
