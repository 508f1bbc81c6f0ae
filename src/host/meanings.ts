/**
 * Meanings: what a model makes of a text, as a step's host calls get it.
 *
 * A model's answer comes from outside, so a step never waits for it inside a tick: where it is not there yet the step is
 * carried over with the reason `awaits_model`, and begins again in a later tick, when it is. It is recorded as the guest
 * got it, so a replay asks no model.
 */
import type { Status } from "../sandbox/abi.ts";

/** A vector of a text, and who made it of what: what the log keeps of an inference. */
export interface TextVector {
  /** int8 numbers in base64: a vector of length 1 times 508. */
  readonly vector: string;
  readonly dimensions: number;
  /** `hash` is the sha256 of the model's file, in hex. */
  readonly model: { readonly name: string; readonly hash: string };
  /** The execution provider that gave it, such as "cpu". */
  readonly provider: string;
  /** The sha256, in hex, of what the model was given. */
  readonly input: string;
}

/** There is no answer yet: the step has to wait for it. */
export const later: unique symbol = Symbol("later");

/** The reason of a step that is carried over because it waits for a model. */
export const awaitsModel = "awaits_model";

/** What a model says of the texts of one step. */
export interface Meanings {
  /** The vector of a text, why there is none, or {@link later}. */
  of(text: string): TextVector | Status | typeof later;
}
