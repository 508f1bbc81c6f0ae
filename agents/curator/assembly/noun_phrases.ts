/** Noun phrases: which of their words name the subject, which the attribute. */
import { Fact } from "./fact";
import { Kind, ValueSet } from "./values";
import { singularOf, Token } from "./tokens";
import { attributes, changes, cues, determiners, relatives, stops } from "./vocabulary";

/** Words of a noun phrase into subject and attribute class. */
export function contentOf(tokens: Token[], fact: Fact): bool {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (!token.word) continue;
    const lower = token.lower;
    if (attributes.has(lower) && fact.attribute.length == 0 && !token.possessive && isAttributeNoun(lower) && isHead(tokens, i)) {
      fact.attribute = attributes.get(lower);
      continue;
    }
    if (lower == "new" && fact.cue.length == 0 && i <= 1) fact.cue = "new";
    if (relatives.has(lower)) fact.relative = true;
    if (stops.has(lower) || lower == "day" && fact.attribute.length > 0) continue;
    fact.subject.push(singularOf(lower));
  }
  return fact.subject.length > 0;
}

/** Nothing but words like "date" stands between this noun and the end of its phrase. */
function isHead(tokens: Token[], i: i32): bool {
  for (let j = i + 1; j < tokens.length; j++) {
    const lower = tokens[j].lower;
    if (lower == "of" || lower == "for" || lower == "per" || lower == "in" || lower == "at" || lower == "on" || lower == "from" || lower == "to" || !tokens[j].word) return true;
    if (!stops.has(lower) && lower != "day" && lower != "number" && lower != "party") return false;
  }
  return true;
}

const verbsOnly = ["sits", "lives", "based", "stored", "kept", "parked", "found", "holds", "runs", "owns", "led", "leads", "order", "orders", "source", "work", "works", "built", "written", "use"];
function isAttributeNoun(lower: string): bool {
  return !verbsOnly.includes(lower);
}

export function slice(tokens: Token[], from: i32, to: i32): string {
  const words: string[] = [];
  for (let i = from; i < to; i++) {
    if (!tokens[i].word) continue;
    const lower = tokens[i].lower;
    if (words.length == 0 && determiners.has(lower)) continue;
    words.push(tokens[i].text);
  }
  return words.join(" ");
}

export function hasTo(tokens: Token[], at: i32, to: i32): bool {
  for (let i = at + 1; i < to && i < at + 7; i++) if (tokens[i].lower == "to") return true;
  return false;
}

/** "from 9:00 to 17:00", "from Monday to Friday": a range, not a change. */
export function rangeAt(tokens: Token[], at: i32, to: i32): bool {
  if (at > 0 && (changes.has(tokens[at - 1].lower) || cues.has(tokens[at - 1].lower))) return false;
  for (let i = 0; i < at; i++) if (changes.has(tokens[i].lower)) return false;
  return hasTo(tokens, at, to);
}

export function timed(value: ValueSet): bool {
  return value.has(Kind.date) || value.has(Kind.weekday) || value.has(Kind.time) || value.has(Kind.month);
}
