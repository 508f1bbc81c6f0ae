/** Runs a prepared module in the test's own thread: sets the budgets, calls an export, reads how it ended. */
import { defaultProfileLimits, defaultStackDepthMax, prepare, reasons } from "../../src/wasm/mod.ts";
import type { FuncType, Prepared, PreparePolicy } from "../../src/wasm/mod.ts";

/** A policy of defaults: 1,000 pages, and the given imports. */
export function policy(
  imports: Record<string, FuncType> = {},
  change: Partial<PreparePolicy> = {},
): PreparePolicy {
  return {
    limits: defaultProfileLimits,
    linearMemoryPagesMax: 1000,
    stackDepthMax: defaultStackDepthMax,
    imports: new Map(Object.entries(imports)),
    ...change,
  };
}

/** How one call ended. */
export interface Ended {
  readonly result: unknown;
  /** The engine's words when it trapped. */
  readonly trap: string | null;
  /** Taken together: ended in the fuel trap, or with negative fuel. */
  readonly outOfFuel: boolean;
  readonly reason: number;
  readonly fuelUsed: bigint;
  /** Whether V8's own stack ended first: never right. */
  readonly rangeError: boolean;
}

/** An instantiated guest. */
export class Guest {
  readonly prepared: Prepared;
  readonly exports: WebAssembly.Exports;
  fuel = 1_000_000_000n;
  depth = defaultStackDepthMax;

  constructor(bytes: Uint8Array, given: PreparePolicy = policy(), imports: WebAssembly.Imports = {}) {
    this.prepared = prepare(bytes, given);
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(this.prepared.bytes), imports).exports;
  }

  global(name: string): WebAssembly.Global {
    const global = this.exports[name];
    if (!(global instanceof WebAssembly.Global)) throw new Error(`no global ${name}`);
    return global;
  }

  call(name: string, ...args: (number | bigint)[]): Ended {
    const fuel = this.global("engramlt:fuel");
    const reason = this.global("engramlt:reason");
    fuel.value = this.fuel;
    this.global("engramlt:depth").value = this.depth;
    reason.value = reasons.trap;
    let result: unknown = null;
    let trap: string | null = null;
    let rangeError = false;
    const target = this.exports[name];
    if (typeof target !== "function") throw new Error(`no function ${name}`);
    try {
      result = target(...args);
    } catch (error) {
      trap = error instanceof Error ? error.message : String(error);
      rangeError = error instanceof RangeError;
    }
    const left: unknown = fuel.value;
    if (typeof left !== "bigint") throw new Error("fuel is not an i64");
    const ended: unknown = reason.value;
    if (typeof ended !== "number") throw new Error("reason is not an i32");
    const outOfFuel = ended === reasons.outOfFuel || (trap === null && left < 0n);
    return { result, trap, outOfFuel, reason: ended, fuelUsed: this.fuel - left, rangeError };
  }
}
