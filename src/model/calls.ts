/** What is said between the main thread and the model worker, as types. */
import type { ModelKind } from "./store.ts";

/** Where a model runs. The CPU is always there. */
export const providers = ["cpu", "webgpu", "cuda"] as const;
export type Provider = typeof providers[number];

/** Numbers in a shape. */
export interface TensorValue {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** What a model is run on: a text, by its tokenizer, or its inputs themselves. */
export type RunInputs =
  | { readonly text: string }
  | { readonly tensors: Readonly<Record<string, TensorValue>> };

/** What a model gave, by the names of its outputs. */
export type RunOutputs = Readonly<Record<string, TensorValue & { readonly type: string }>>;

/** Asked of the worker. `key` names a session, `name` is the model's, for messages. */
export type WorkerCall =
  | {
    readonly call: "open";
    readonly key: string;
    readonly name: string;
    readonly folder: string;
    readonly weights: string;
    readonly provider: Provider;
  }
  | { readonly call: "close"; readonly key: string }
  | { readonly call: "embed"; readonly key: string; readonly name: string; readonly texts: readonly string[] }
  | { readonly call: "run"; readonly key: string; readonly name: string; readonly inputs: RunInputs };

export interface Asked {
  readonly id: number;
  readonly call: WorkerCall;
}

/** Answered: a value; a refusal in its wire form; or, with `error` null, a fault. */
export type Replied =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: unknown; readonly words: string };

/** A session that was opened. */
export interface Opened {
  readonly kind: ModelKind;
  readonly dimensions: number;
  /** Where it runs. */
  readonly provider: Provider;
  /** Why it does not run where it was asked to; null where it does. */
  readonly fellBack: string | null;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}
