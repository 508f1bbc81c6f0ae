/**
 * A sentence as tokens: words, numbers, addresses, marks; with the form by which two of them are the same word.
 *
 * Invariant: tokens are in order and do not overlap; nothing here changes the text.
 */
import { isDigit, isLetter, isSpace, isUpper } from "../../sdk/assemblyscript/assembly";

export class Token {
  constructor(
    readonly text: string,
    readonly lower: string,
    readonly start: i32,
    readonly end: i32,
    /** Begins with a capital letter. */
    readonly capital: bool,
    readonly digits: bool,
    /** Had a possessive `'s`. */
    readonly possessive: bool,
    readonly word: bool,
  ) {}
}

function isInner(code: i32): bool {
  return code == 0x27 || code == 0x2019 || code == 0x2d || code == 0x5f || code == 0x2e || code == 0x40 ||
    code == 0x2f || code == 0x2c || code == 0x3a;
}

/** The tokens of a text. Emphasis, brackets of links and back-quotes are skipped. */
export function tokenize(text: string): Token[] {
  const found: Token[] = [];
  const n = text.length;
  let i = 0;
  while (i < n) {
    const code = <i32> text.charCodeAt(i);
    if (isSpace(code) || code == 0x2a || code == 0x5b || code == 0x5d || code == 0x60) {
      i++;
      continue;
    }
    const start = i;
    if (!isLetter(code) && !isDigit(code)) {
      i++;
      const mark = text.substring(start, i);
      found.push(new Token(mark, mark, start, i, false, false, false, false));
      continue;
    }
    if (text.startsWith("http://", i) || text.startsWith("https://", i)) {
      while (i < n && !isSpace(text.charCodeAt(i)) && text.charCodeAt(i) != 0x29) i++;
      while (i > start && (text.charCodeAt(i - 1) == 0x2e || text.charCodeAt(i - 1) == 0x2c)) i--;
      const url = text.substring(start, i);
      found.push(new Token(url, url.toLowerCase(), start, i, false, false, false, true));
      continue;
    }
    let digits = true;
    while (i < n) {
      const at = <i32> text.charCodeAt(i);
      if (isDigit(at)) {
        i++;
        continue;
      }
      if (isLetter(at)) {
        digits = false;
        i++;
        continue;
      }
      if (!isInner(at) || i + 1 >= n) break;
      const next = <i32> text.charCodeAt(i + 1);
      const previous = <i32> text.charCodeAt(i - 1);
      if (!isLetter(next) && !isDigit(next)) break;
      // A comma or a colon only holds numbers together.
      if ((at == 0x2c || at == 0x3a) && !(isDigit(next) && isDigit(previous))) break;
      i++;
    }
    push(found, text, start, i, digits);
  }
  return found;
}

function push(found: Token[], text: string, start: i32, end: i32, digits: bool): void {
  let word = text.substring(start, end);
  let possessive = false;
  const n = word.length;
  if (n > 2 && (word.endsWith("'s") || word.endsWith("’s"))) {
    word = word.substring(0, n - 2);
    possessive = true;
  } else if (n > 3 && (word.endsWith("n't") || word.endsWith("n’t"))) {
    const stem = word.substring(0, n - 3);
    found.push(new Token(stem, stem.toLowerCase(), start, end - 3, isUpper(stem.charCodeAt(0)), false, false, true));
    found.push(new Token("n't", "n't", end - 3, end, false, false, false, true));
    return;
  }
  found.push(new Token(word, word.toLowerCase(), start, end, isUpper(word.charCodeAt(0)), digits, possessive, true));
}

/** One form for singular and plural. */
export function singularOf(lower: string): string {
  const n = lower.length;
  if (n < 4 || lower.charCodeAt(n - 1) != 0x73) return lower;
  if (lower.endsWith("ies") && n > 4) return lower.substring(0, n - 3) + "y";
  if (lower.endsWith("sses") || lower.endsWith("xes") || lower.endsWith("ches") || lower.endsWith("shes")) {
    return lower.substring(0, n - 2);
  }
  const before = <i32> lower.charCodeAt(n - 2);
  if (before == 0x73 || before == 0x75 || before == 0x69 || before == 0x61) return lower;
  return lower.substring(0, n - 1);
}

/** A rough stem: dropped, dropping and drops are the same. */
export function stemOf(lower: string): string {
  let word = singularOf(lower);
  if (word.endsWith("ing") && word.length > 5) word = word.substring(0, word.length - 3);
  else if (word.endsWith("ed") && word.length > 4) word = word.substring(0, word.length - 2);
  else if (word.endsWith("e") && word.length > 3) word = word.substring(0, word.length - 1);
  const n = word.length;
  if (n > 3 && word.charCodeAt(n - 1) == word.charCodeAt(n - 2)) {
    const last = <i32> word.charCodeAt(n - 1);
    if (last != 0x6c && last != 0x73 && !isDigit(last)) word = word.substring(0, n - 1);
  }
  return word.endsWith("e") && word.length > 3 ? word.substring(0, word.length - 1) : word;
}
