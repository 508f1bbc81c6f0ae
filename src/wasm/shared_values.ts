/**
 * How many computed values an optimising compiler may keep in a frame across a call, beyond locals and operands: it computes
 * an expression once and reuses it after the call, so each reuse can take a slot that the source does not show.
 *
 * The bound: at a call, no more than the values computed on the way to it, and no more than the values computed after it (in
 * its whole loop, if it stands in one). A value does not reach the code behind a label that is entered only by branches made
 * before it; that keeps the cases of a large switch apart. Nothing here depends on which branches can be decided early.
 */

interface Scope {
  readonly kind: "block" | "loop" | "if" | "else";
  /** Values and calls in reach at the latest branch to the label's end; -1 before any. */
  values: number;
  calls: number;
  /** Of an `if`: what was in reach before it. */
  readonly before: number;
  readonly callsBefore: number;
}

interface CallSite {
  readonly values: number;
  readonly seen: number;
}

/** Follows one function body. */
export class SharedValues {
  readonly #scopes: Scope[] = [];
  readonly #calls: CallSite[] = [];
  readonly #loops: number[] = [];
  #values = 0;
  #seen = 0;
  #max = 0;
  #dead = false;

  constructor() {
    this.#open("block");
  }

  /** `count` values are computed here. */
  compute(count: number): void {
    this.#values += count;
    this.#seen += count;
  }

  /** A call stands here. */
  call(): void {
    this.#calls.push({ values: this.#values, seen: this.#loops[0] ?? this.#seen });
  }

  block(): void {
    this.#open("block");
  }

  loop(): void {
    this.#loops.push(this.#seen);
    this.#open("loop");
  }

  if(): void {
    this.#open("if");
  }

  #open(kind: Scope["kind"]): void {
    const before = this.#values;
    this.#scopes.push({ kind, values: -1, calls: 0, before, callsBefore: this.#calls.length });
  }

  /** A branch to the label `depth` levels out. */
  branch(depth: number): void {
    const scope = this.#scopes[this.#scopes.length - 1 - depth];
    if (scope === undefined || this.#dead) return;
    scope.values = Math.max(scope.values, this.#values);
    scope.calls = Math.max(scope.calls, this.#calls.length);
  }

  /** A label that can be reached from anywhere inside: everything stays in reach behind it. */
  caught(depth: number): void {
    const scope = this.#scopes[this.#scopes.length - 1 - depth];
    if (scope !== undefined) scope.values = scope.calls = Number.MAX_SAFE_INTEGER;
  }

  /** What follows is not reached until the next `else` or `end`. */
  unreachable(): void {
    this.#dead = true;
  }

  otherwise(): void {
    const scope = this.#scopes.pop()!;
    // The end of the first arm goes on behind the whole.
    this.#scopes.push({ ...scope, kind: "else" });
    this.branch(0);
    if (this.#dead) this.#restore(scope.before, scope.callsBefore);
    this.#dead = false;
  }

  end(): void {
    const scope = this.#scopes.pop()!;
    if (scope.kind === "loop") this.#loops.pop();
    if (!this.#dead || scope.kind === "loop") return;
    if (scope.kind === "if") {
      scope.values = Math.max(scope.values, scope.before);
      scope.calls = Math.max(scope.calls, scope.callsBefore);
    }
    if (scope.values < 0) return;
    this.#dead = false;
    this.#restore(scope.values, scope.calls);
  }

  #restore(values: number, calls: number): void {
    while (this.#calls.length > calls) this.#close();
    this.#values = Math.min(this.#values, values);
  }

  #close(): void {
    const call = this.#calls.pop()!;
    this.#max = Math.max(this.#max, Math.min(call.values, this.#seen - call.seen));
  }

  /** The bound for the whole body. */
  finish(): number {
    while (this.#calls.length > 0) this.#close();
    return this.#max;
  }
}
