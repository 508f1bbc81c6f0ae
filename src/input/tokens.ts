/**
 * How many tokens of a language model a text takes: a conservative estimate, for budgets of what an assistant is told.
 *
 * The rule is called "pieces": each run of ASCII letters counts one for every four letters begun, each run of digits
 * one for every two begun, every line end and every other ASCII sign one, spaces nothing, and any other character one
 * for every two bytes of its UTF-8 begun. No tokenizer is asked: each model has another, and few need more than this.
 *
 * Invariant: pure and linear in the text.
 */

/** The name of the rule, as answers say it. */
export const tokenRule = "pieces";

/** Tokens of a text by the rule "pieces". */
export function estimateTokens(text: string): number {
  let tokens = 0, letters = 0, digits = 0; // of the run that goes on
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isLetter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
    const isDigit = code >= 0x30 && code <= 0x39;
    if (isLetter && letters % 4 === 0 || isDigit && digits % 2 === 0) tokens++;
    letters = isLetter ? letters + 1 : 0;
    digits = isDigit ? digits + 1 : 0;
    if (isLetter || isDigit || code === 0x20 || code === 0x09) continue;
    tokens += code < 0x800 ? 1 : 2;
    if (isHigh(code) && isLow(text.charCodeAt(at + 1))) at++; // one character
  }
  return tokens;
}

/** Whether a code unit is the first of two. */
const isHigh = (code: number) => code >= 0xd800 && code <= 0xdbff;
/** Whether a code unit is the second of two. */
const isLow = (code: number) => code >= 0xdc00 && code <= 0xdfff;
