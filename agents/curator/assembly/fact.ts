/**
 * A fact as the curator knows it, and what the headings above a sentence say.
 *
 * Invariant: the topic depends on headings and the name of the file alone.
 */
import { settledTexts, ValueSet } from "./values";
import { singularOf, Token, tokenize } from "./tokens";
import { attributes, genericTitles, monthOf, singular, stops } from "./vocabulary";

/** What the headings above a sentence say. */
export class Topic {
  /** Content words of the nearest heading (or title) that has any. */
  readonly subject: string[] = [];
  readonly classes: string[] = [];
  /** The title or the file's name holds a date: the note is about one occasion. */
  occasion: bool = false;
  /** That heading is a name of two or more words. */
  named: bool = false;
}

export class Fact {
  /** Subject words, without attribute classes, sorted. */
  subject: string[] = [];
  /** The attribute: a class (`@launch`), a plain word, or "". */
  attribute: string = "";
  /** Subject and attribute words together, sorted: two facts with equal keys speak of the same thing. */
  key: string = "";
  /** All content words, sorted, with negation taken out. */
  whole: string = "";
  negative: bool = false;
  value: ValueSet = new ValueSet();
  old: ValueSet = new ValueSet();
  cue: string = "";
  decision: bool = false;
  past: bool = false;
  relative: bool = false;
  cancelled: bool = false;
  /** May stand against another fact of the same key. */
  comparable: bool = false;
  singular: bool = false;
  /** A rule with a number ("needs 24 chairs"): another number of the same is another rule. */
  counted: bool = false;
  /** A `label: value` line. */
  label: bool = false;
  /** Words of the headings above. */
  topic: string[] = [];
  /** Words as written, for people. */
  about: string = "";
  private joined: string | null = null;
  /** Takes no more room than it needs, once it is read. */
  settle(): void {
    this.subject = settledTexts(this.subject);
    this.topic = settledTexts(this.topic);
    this.value.settle();
    this.old.settle();
  }
  /** The subject in one text. Ask when the fact is read to its end. */
  get subjectText(): string {
    let joined = this.joined;
    if (joined === null) {
      joined = this.subject.join(" ");
      this.joined = joined;
    }
    return joined;
  }
}

/** Reads titles: the last heading with words that are a subject wins. */
export function topicOf(title: string, note: string, file: string): Topic {
  const topic = new Topic();
  const parts = title.split(" › ");
  topic.occasion = hasDate(tokenize(note)) || hasDate(tokenize(title)) || hasDigitDate(file);
  for (let i = parts.length - 1; i >= 0 && topic.subject.length == 0; i--) {
    const tokens = tokenize(parts[i]);
    let capitals = 0;
    for (let j = 0; j < tokens.length; j++) {
      const token = tokens[j];
      if (!token.word || genericTitles.has(token.lower)) continue;
      if (isDay(tokens, j)) continue;
      if (token.capital) capitals++;
      if (attributes.has(token.lower)) topic.classes.push(attributes.get(token.lower));
      else if (!stops.has(token.lower)) topic.subject.push(singularOf(token.lower));
    }
    topic.named = capitals > 1 && capitals == topic.subject.length;
  }
  return topic;
}

function isDay(tokens: Token[], j: i32): bool {
  const lower = tokens[j].lower;
  if (lower.length >= 8 && lower.charCodeAt(4) == 0x2d) return true;
  if (lower.charCodeAt(0) > 0x39) return false;
  if (j + 1 < tokens.length && monthOf(tokens[j + 1].lower) > 0) return true;
  if (j > 0 && monthOf(tokens[j - 1].lower) > 0) return true;
  return tokens[j].digits && lower.length == 4 && (lower.startsWith("20") || lower.startsWith("19"));
}
function hasDate(tokens: Token[]): bool {
  for (let i = 0; i < tokens.length; i++) if (tokens[i].word && isDay(tokens, i)) return true;
  return false;
}
function hasDigitDate(file: string): bool {
  let run = 0;
  for (let i = 0; i < file.length; i++) {
    const code = <i32> file.charCodeAt(i);
    run = code >= 0x30 && code <= 0x39 ? run + 1 : code == 0x2d && run > 0 ? run : 0;
    if (run >= 8) return true;
  }
  return false;
}
