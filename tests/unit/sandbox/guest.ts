/** Hand-written agents for the tests of the sandbox, and the shortest way to run a step of one. */
import { defaultProfileLimits, defaultStackDepthMax, prepare, type Prepared } from "../../../src/wasm/mod.ts";
import {
  abiImports,
  type HostAnswer,
  type HostCall,
  openSandbox,
  type Sandbox,
  type SandboxOptions,
  type SandboxStep,
  type StepResult,
} from "../../../src/sandbox/mod.ts";
import { wat } from "../../support/wat.ts";

/** Parts of an agent that differ from the plain one. */
export interface GuestParts {
  readonly imports?: string;
  readonly memory?: string;
  readonly initialize?: string;
  readonly execute?: string;
  readonly query?: string;
  readonly release?: string;
  readonly alloc?: string;
  readonly free?: string;
  /** More definitions. */
  readonly more?: string;
}

/** Import declarations of host functions a test uses. */
export const imports = {
  create: `(import "engram" "engram_create"
    (func $create (param i32 i32 i32 i32 f64 i32 i32) (result i32)))`,
  update: `(import "engram" "engram_update"
    (func $update (param i32 i32 i32 i32 i32 i32 f64 i32 i32) (result i32)))`,
  connect: `(import "engram" "connection_create"
    (func $connect (param i32 i32 i32 i32 i32 i32 f64 i32 i32) (result i32)))`,
  get: `(import "engram" "engram_get" (func $get (param i32 i32 i32 i32) (result i32)))`,
  remove: `(import "engram" "engram_delete" (func $remove (param i32 i32) (result i32)))`,
  log: `(import "engram" "log" (func $log (param i32 i32 i32) (result i32)))`,
  changes: `(import "engram" "changes" (func $changes (param i64 i32 i32 i32) (result i32)))`,
  begin: `(import "engram" "transaction_begin" (func $begin (result i32)))`,
} as const;

/**
 * The text of an agent: memory of one page, a bump allocator from 1024 (`$heap`), free counts into `$freed`; execute
 * and query answer empty. `$answer` makes a result of an i32.
 */
export function guestText(parts: GuestParts = {}): string {
  return `(module
    ${parts.imports ?? ""}
    ${parts.memory ?? `(memory (export "memory") 1 4)`}
    (global $heap (mut i32) (i32.const 1024))
    (global $freed (mut i32) (i32.const 0))
    (func $alloc (export "engram_alloc") (param $size i32) (result i32)
      ${
    parts.alloc ?? `(global.get $heap)
      (global.set $heap (i32.add (global.get $heap) (local.get $size)))`
  })
    (func (export "engram_free") (param $pointer i32) (param $size i32)
      ${parts.free ?? `(global.set $freed (i32.add (global.get $freed) (local.get $size)))`})
    (func $answer (param $value i32) (result i32)
      (i32.store (i32.const 512) (i32.const 4))
      (i32.store (i32.const 516) (local.get $value))
      (i32.const 512))
    (func (export "initialize") (param i32 i32) (result i32) ${parts.initialize ?? "(i32.const 0)"})
    (func (export "execute") (param i32 i32 i32 i32) (result i32) (local $i i32) (local $j i32)
      ${parts.execute ?? "(i32.const 0)"})
    (func (export "query") (param i32 i32) (result i32) ${parts.query ?? "(i32.const 0)"})
    (func (export "release") ${parts.release ?? ""})
    ${parts.more ?? ""})`;
}

/** Prepares a module as a host would. */
export function prepareText(text: string): Prepared {
  return prepare(wat(text), {
    limits: defaultProfileLimits,
    linearMemoryPagesMax: 512,
    stackDepthMax: defaultStackDepthMax,
    imports: abiImports(),
  });
}

const encoder = new TextEncoder();

/** A sandbox with modules by name, and agents that are run a step at a time. */
export class Bench implements Disposable {
  readonly sandbox: Sandbox;
  readonly calls: HostCall[] = [];
  readonly faults: string[] = [];
  serve: (call: HostCall, stepIndex: number) => HostAnswer | { readonly end: string } = () => ({ status: 0 });

  constructor(modules: Readonly<Record<string, string>>, options: Partial<SandboxOptions> = {}) {
    this.sandbox = openSandbox({
      workers: 1,
      onFault: ({ message }) => this.faults.push(message),
      ...options,
    });
    for (const [key, text] of Object.entries(modules)) {
      this.sandbox.define({ key, prepared: prepareText(text), stackDepthMax: defaultStackDepthMax });
    }
  }

  /** Runs steps; does not settle. */
  run(steps: readonly SandboxStep[]): StepResult[] {
    return this.sandbox.run(steps, (index, call) => {
      this.calls.push(call);
      return this.serve(call, index);
    });
  }

  /** Runs one step and keeps it if it completed. */
  step(agent: string, step: Partial<SandboxStep> = {}): StepResult {
    const [result] = this.run([stepOf(agent, step)]);
    if (result === undefined) throw new Error("no result");
    this.sandbox.settle([{ agent, keep: result.kind === "completed" }]);
    return result;
  }

  [Symbol.dispose](): void {
    this.sandbox.close();
  }
}

/** A step with the usual parts: module "m", execute without arguments, 1,000,000 fuel, a fresh instance. */
export function stepOf(agent: string, step: Partial<SandboxStep> = {}): SandboxStep {
  return {
    agent,
    moduleKey: "m",
    entry: "execute",
    args: [new Uint8Array(0), new Uint8Array(0)],
    fuel: 1_000_000,
    completedSteps: 0,
    image: null,
    ...step,
  };
}

/** UTF-8. */
export const bytes = (text: string): Uint8Array => encoder.encode(text);

/** The i32 that `$answer` made a result of. */
export function answerOf(result: StepResult | undefined): number {
  if (result?.kind !== "completed") throw new Error(`the step ended ${JSON.stringify(result)}`);
  return new DataView(result.result.buffer, result.result.byteOffset).getInt32(0, true);
}
