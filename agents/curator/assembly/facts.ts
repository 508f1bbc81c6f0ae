/**
 * A sentence read as a statement: what it is about (subject), which of its attributes, the value, the value it
 * replaces, and the word by which it says that something changed. What can't be read surely is no fact.
 *
 * Invariants:
 * 1. The sentence is judged by itself and by its headings; nothing is remembered between sentences.
 * 2. Questions, tasks, hedges, quotations and struck-out text are no facts.
 */
import { Clauses } from "./clauses";
import { Fact, Topic } from "./fact";
import { slice } from "./noun_phrases";
import { readValues } from "./values";
import { tokenize } from "./tokens";
import {
  attributes,
  changes,
  copulas,
  decides,
  decisionLabels,
  determiners,
  hedges,
  otherLabels,
  predicates,
  pronouns,
  singular,
} from "./vocabulary";

/** Reads one sentence; null where it is no fact. */
export function readFact(text: string, topic: Topic): Fact | null {
  const first = <i32> text.charCodeAt(0);
  if (text.endsWith("?") || text.includes("~~") || first == 0x22 || first == 0x201c || first == 0x2018 || first == 0x27) return null;
  if (text.includes("://") && !text.includes(" ")) return null;
  const tokens = tokenize(text);
  if (tokens.length < 3 || tokens.length > 48) return null;
  for (let i = 0; i < tokens.length; i++) {
    const lower = tokens[i].lower;
    if (hedges.has(lower) || tokens[i].text == "?" || (lower == "may" && !tokens[i].capital)) return null;
    if (lower == "not" && i + 1 < tokens.length && tokens[i + 1].lower == "sure") return null;
    if (lower == "for" && i + 1 < tokens.length && tokens[i + 1].lower == "example") return null;
  }
  let fact = new Fact();
  if (new Reader(tokens, topic, fact).read()) return fact;
  // "Jonas left; Marta is the new lead": where the first clause says nothing, the next may.
  for (let i = 1; i + 3 < tokens.length; i++) {
    if (tokens[i].text != ";") continue;
    fact = new Fact();
    if (new Reader(tokens.slice(i + 1), topic, fact).read()) return fact;
  }
  return null;
}

class Reader extends Clauses {
  read(): bool {
    this.from = this.preface(0);
    const colon = this.labelEnd();
    if (colon > 0) {
      const verdict = this.readLabel(colon);
      if (verdict >= 0) return verdict > 0;
    }
    this.readDecision();
    const read = this.clause();
    if (!read && !this.fact.decision) return false;
    if (!read) {
      this.plainDecision();
      return true;
    }
    return true;
  }

  /** Skips "As of Monday," and the like. */
  protected preface(at: i32): i32 {
    const tokens = this.tokens;
    if (at >= tokens.length) return at;
    const word = tokens[at].lower;
    if (word == "now" || word == "so" || word == "and" || word == "but" || word == "also" || word == "finally" || word == "update") {
      if (word == "now" || word == "update") this.fact.cue = word;
      const comma = at + 1 < tokens.length && (tokens[at + 1].text == "," || tokens[at + 1].text == ":");
      return comma ? at + 2 : at + 1;
    }
    if (word == "correction" || word == "corrected") {
      this.fact.cue = "correction";
      return at + 2 < tokens.length && !tokens[at + 1].word ? at + 2 : at + 1;
    }
    if (word == "as" || word == "from" || word == "starting" || word == "since" || word == "effective" || word == "after") {
      for (let i = at + 1; i < tokens.length && i < at + 8; i++) {
        if (tokens[i].text == ",") {
          if (word != "after") this.fact.cue = word == "as" ? "as of" : word;
          return i + 1;
        }
        if (copulas.has(tokens[i].lower)) break;
      }
    }
    return at;
  }

  /** The index of the colon of a label of one to six words, or 0. */
  protected labelEnd(): i32 {
    const tokens = this.tokens;
    for (let i = this.from; i < this.to && i <= this.from + 7; i++) {
      if (tokens[i].text == ":") return i > this.from ? i : 0;
      if (tokens[i].text == "," || tokens[i].text == "-" || tokens[i].text == "—" || tokens[i].text == "–") return 0;
      if (i > this.from && (copulas.has(tokens[i].lower) || pronouns.has(tokens[i].lower) && tokens[i].lower != "one")) return 0;
      if (changes.has(tokens[i].lower) && i > this.from) return 0;
    }
    return 0;
  }

  /** 1 a fact, 0 none, -1: go on after the label as a sentence. */
  protected readLabel(colon: i32): i32 {
    const tokens = this.tokens;
    const one = tokens[colon - 1].lower;
    if (colon - this.from == 1) {
      if (decisionLabels.has(one)) {
        this.fact.decision = true;
        this.from = colon + 1;
        return -1;
      }
      if (otherLabels.has(one)) return 0;
    }
    const opening = tokens[this.from].lower;
    if (otherLabels.has(opening) && colon - this.from <= 2 || pronouns.has(opening) || opening == "each" || opening == "every") return 0;
    if (colon + 1 >= this.to || colon - this.from > 6 || tokens[colon + 1].lower == "see") return 0;
    let own = false;
    for (let i = this.from; i < colon; i++) {
      const lower = tokens[i].lower;
      if (lower == "to") return 0;
      if (tokens[i].possessive || i > this.from && i + 1 < colon && (lower == "of" || lower == "for")) own = true;
    }
    for (let i = this.from; i < colon; i++) {
      const lower = tokens[i].lower;
      if (predicates.has(lower) && i > this.from && !attributes.has(lower) || lower == "showed" || lower == "said" || lower == "says") return 0;
    }
    this.label = true;
    this.fact.about = slice(tokens, this.from, colon);
    for (let i = this.from; i < colon; i++) this.before.push(tokens[i]);
    this.split(colon + 1);
    if (this.value.length == 0 && this.fact.old.empty) return 0;
    const named = this.subjectFrom(this.before);
    if (!named && this.fact.attribute.length == 0) return 0;
    readValues(this.value, 0, this.value.length, this.fact.value);
    if (this.fact.value.empty) return 0;
    const known = this.fact.attribute.startsWith("@");
    // In a note about one occasion such a line is a reading or a remark of that day.
    if (!known && !own && this.topic.occasion) return 0;
    if (!known && (this.value.length > 6 || this.fact.value.typed.length == 0 && colon - this.from == 1 && this.value.length > 4)) {
      return 0;
    }
    if (!known && colon - this.from == 1 && this.fact.value.typed.length == 0 && this.fact.value.proper.length == 0) return 0;
    // A label without a subject of its own speaks of its heading.
    if (own && !known) {
      this.fact.attribute = this.fact.subject[0];
      this.fact.comparable = this.fact.subject.length > 1;
    } else if (!known || this.fact.subject.length == 0) {
      if (!known && this.fact.subject.length > 0) this.fact.attribute = this.fact.subject.join(" ");
      const above = this.topic.subject;
      for (let i = 0; i < above.length; i++) if (!this.fact.subject.includes(above[i])) this.fact.subject.push(above[i]);
      this.fact.comparable = above.length > 0 && !this.topic.occasion;
    } else this.fact.comparable = true;
    this.fact.label = true;
    this.fact.singular = this.fact.comparable && (known ? singular.has(this.fact.attribute) : true);
    this.finish();
    return 1;
  }

  /** "We decided to …": the rest is read as a clause. */
  protected readDecision(): void {
    const tokens = this.tokens;
    for (let i = this.from; i < this.from + 4 && i < this.to; i++) {
      const lower = tokens[i].lower;
      if (!decides.has(lower)) continue;
      if (i > this.from && determiners.has(tokens[i - 1].lower) && tokens[i - 1].lower != "all") return;
      const next = i + 1 < this.to ? tokens[i + 1].lower : "";
      if (lower == "going" && next != "with") return;
      if (lower == "picked" || lower == "chose" || lower == "choose" || lower == "opted" || lower == "settled" || lower == "going") {
        this.fact.decision = true;
        this.predicate = "@use";
        this.imperative = true;
        this.from = next == "with" || next == "on" || next == "for" ? i + 2 : i + 1;
        return;
      }
      // "X was agreed" and "decided against" stay as they are.
      if (next != "to" && next != "that" && next != "on" && next != "," && next != "not" && next != ":") {
        if (i > this.from && copulas.has(tokens[i - 1].lower)) return;
        if (next == "against" || i > this.from + 1) return;
      }
      this.fact.decision = true;
      this.from = next == "to" || next == "that" || next == "," || next == ":" ? i + 2 : i + 1;
      return;
    }
  }

  protected plainDecision(): void {
    const fact = this.fact;
    fact.attribute = "decision";
    fact.about = "";
    fact.comparable = false;
    fact.singular = false;
    fact.subject = this.topic.subject.slice(0);
    this.cueIn(this.from, this.to);
    this.finish();
  }
}
