/**
 * The model desk: texts that steps wait to have embedded, and the answers until those steps have ended.
 *
 * A tick never waits for a model. A step that needs an answer is carried over (`awaits_model`) and its text lies here;
 * whoever serves the desk takes it, asks a model outside the tick and puts the answer; then the step runs again.
 *
 * Invariants:
 * 1. Nothing here is state: after a crash the step asks again. What a guest got is in its record.
 * 2. What was answered stays until its step has ended, so a step that asks for several texts ends.
 * 3. An unserved desk has no model: the answer is "not available", at once.
 */
import { later, type Meanings, type TextVector } from "../../host/mod.ts";
import { embedTextsPerStepMax, type Status, status } from "../../sandbox/abi.ts";

/** A text that a step waits for. */
export interface WantedText {
  readonly id: number;
  readonly text: string;
}

/** The answer: a vector, or the status that says why there is none. */
export type TextAnswer = TextVector | Status;

/** Where texts are taken and answered: a runtime in this thread or in another. */
export interface TextSource {
  /** The texts wanted now, or, where none is, the next ones; null once the runtime is closed. */
  wantedTexts(): Promise<readonly WantedText[] | null>;
  answerText(id: number, answer: TextAnswer): Promise<void>;
}

/** Texts of all steps together, asked and answered. */
const textsMax = 4096;

/** The desk of one runtime. */
export class ModelDesk {
  readonly #onAnswer: () => void;
  readonly #steps = new Map<string, Map<string, TextAnswer | null>>();
  readonly #asked = new Map<number, { readonly step: string; readonly text: string }>();
  #wanted: WantedText[] = [];
  #taker: ((texts: readonly WantedText[] | null) => void) | null = null;
  #served = false;
  #closed = false;
  #ids = 0;
  #texts = 0;

  constructor(onAnswer: () => void) {
    this.#onAnswer = onAnswer;
  }

  /** What is answered to a step's host calls. */
  meaningsOf(step: string): Meanings {
    return { of: (text) => this.#of(step, text) };
  }

  #of(step: string, text: string): TextAnswer | typeof later {
    if (!this.#served || this.#closed) return status.notAvailable;
    let own = this.#steps.get(step);
    const known = own?.get(text);
    if (known !== undefined) return known ?? later;
    if (this.#texts >= textsMax || (own?.size ?? 0) >= embedTextsPerStepMax) return status.limitReached;
    if (own === undefined) this.#steps.set(step, own = new Map());
    own.set(text, null);
    this.#texts++;
    const id = ++this.#ids;
    this.#asked.set(id, { step, text });
    this.#wanted.push({ id, text });
    this.#give();
    return later;
  }

  /** Whether a step has to wait still. */
  waits(step: string): boolean {
    const own = this.#steps.get(step);
    return own !== undefined && [...own.values()].includes(null);
  }

  /** Whether any step has to wait still. */
  get isWaitedFor(): boolean {
    return this.#asked.size > 0;
  }

  /** A step has ended: its answers are in its record. */
  ended(step: string): void {
    const own = this.#steps.get(step);
    if (own === undefined) return;
    this.#steps.delete(step);
    this.#texts -= own.size;
    for (const [id, asked] of this.#asked) if (asked.step === step) this.#asked.delete(id);
  }

  wantedTexts(): Promise<readonly WantedText[] | null> {
    this.#served = true;
    return new Promise((resolve) => {
      this.#taker = resolve;
      this.#give();
    });
  }

  answerText(id: number, answer: TextAnswer): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return; // its step has ended meanwhile
    this.#asked.delete(id);
    this.#steps.get(asked.step)?.set(asked.text, answer);
    this.#onAnswer();
  }

  /** Nobody answers any more: what waits gets no vector. */
  close(): void {
    this.#closed = true;
    for (const id of [...this.#asked.keys()]) this.answerText(id, status.notAvailable);
    this.#wanted = [];
    this.#give();
  }

  #give(): void {
    if (this.#taker === null || (this.#wanted.length === 0 && !this.#closed)) return;
    this.#taker(this.#closed ? null : this.#wanted.splice(0));
    this.#taker = null;
  }
}
