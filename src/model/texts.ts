/** What texts a model takes, and their hash. Pure but for the hash function. */
import { createHash } from "node:crypto";
import { EngramError } from "../kernel/errors.ts";
import { modelLimits } from "./limits.ts";

/** Why a text cannot be given to a model, or null. */
export function textRefusal(text: string): EngramError | null {
  const refuse = (state: string, hint: string) =>
    new EngramError("invalid_argument", `Cannot embed the text: ${state}`, {}, hint);
  if (text.trim() === "") return refuse("it is empty", "Give at least one word");
  if (text.length > modelLimits.textBytesMax || byteLength(text) > modelLimits.textBytesMax) {
    return new EngramError(
      "payload_too_large",
      `Cannot embed the text: it is longer than ${modelLimits.textBytesMax} bytes`,
      { textBytesMax: modelLimits.textBytesMax },
    );
  }
  if (text.includes("\0")) return refuse("it holds a NUL character", "Remove the character U+0000");
  if (!text.isWellFormed()) return refuse("it holds half a surrogate pair", "Send whole Unicode characters");
  return null;
}

const encoder = new TextEncoder();
const byteLength = (text: string) =>
  text.length * 3 <= modelLimits.textBytesMax ? text.length : encoder.encode(text).length;

/** Refuses the call where one of its texts can't be embedded, or where there are too many. */
export function checkTexts(texts: readonly string[]): void {
  if (texts.length > modelLimits.textsPerCallMax) {
    throw new EngramError(
      "limit_reached",
      `Cannot embed ${texts.length} texts at once: ${modelLimits.textsPerCallMax} are the most`,
      { textsPerCallMax: modelLimits.textsPerCallMax },
      "Send them in several calls",
    );
  }
  for (const text of texts) {
    const refusal = textRefusal(text);
    if (refusal !== null) throw refusal;
  }
}

/** The sha256, in hex, of what a model was given: of the JSON form of it. */
export function inputHash(input: unknown): string {
  return createHash("sha256").update(JSON.stringify(input)).digest("hex");
}
