/**
 * TokenWatch: ends what goes on by a token soon after the token no longer holds.
 *
 * Owns: the look at the tokens of streams, sessions and connections, which outlive the request that began them.
 * Does not own: who may begin one (http and mcp judge every request), what a token is (tokens.ts).
 *
 * Invariants:
 * 1. A host has one. It looks every `tokenLookMs` while something is held, and only then.
 * 2. A token that now means another scope or name ends what was begun by it, as one that was revoked does.
 */
import type { Identity, Verifier } from "./tokens.ts";

/** What goes on by a token. */
export interface Hold {
  /** Aborted when the token no longer holds. */
  readonly ended: AbortSignal;
  /** To be called when what goes on has ended. */
  release(): void;
}

interface Held {
  readonly given: string;
  readonly who: Identity;
  readonly end: AbortController;
}

/** Watches the tokens of what goes on at every door. */
export class TokenWatch {
  readonly #tokens: Verifier;
  readonly #lookMs: number;
  readonly #held = new Set<Held>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(tokens: Verifier, lookMs: number) {
    this.#tokens = tokens;
    this.#lookMs = lookMs;
  }

  /** Holds on to a token, as `who` of which something begins. */
  hold(given: string, who: Identity): Hold {
    const held: Held = { given, who, end: new AbortController() };
    this.#held.add(held);
    this.#timer ??= setInterval(() => this.#look(), this.#lookMs);
    return { ended: held.end.signal, release: () => this.#release(held) };
  }

  #look(): void {
    const now = new Map<string, Identity | null>();
    for (const { given } of this.#held) {
      if (!now.has(given)) now.set(given, this.#tokens.verifyToken(given));
    }
    for (const held of [...this.#held]) {
      const who = now.get(held.given);
      if (who?.name === held.who.name && who.scope === held.who.scope) continue;
      this.#release(held);
      held.end.abort();
    }
  }

  #release(held: Held): void {
    this.#held.delete(held);
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
