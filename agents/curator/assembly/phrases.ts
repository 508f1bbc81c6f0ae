/**
 * The parts of a sentence that every form of statement shares: the new value, the old one, the cue, the end of the
 * clause, and how what was read becomes the keys of a fact.
 */
import { Fact, Topic } from "./fact";
import { contentOf, slice, timed, hasTo, rangeAt } from "./noun_phrases";
import { readValues, ValueSet } from "./values";
import { stemOf, Token } from "./tokens";
import { clauseEnds, copulas, cues, determiners, negations, relatives, stops } from "./vocabulary";

/** One sentence and what has been read of it. */
export class Phrases {
  protected from: i32 = 0;
  protected to: i32 = 0;
  protected predicate: string = "";
  protected changed: bool = false;
  protected copula: bool = false;
  protected label: bool = false;
  protected imperative: bool = false;
  protected readonly value: Token[] = [];
  protected readonly before: Token[] = [];
  protected readonly extra: Token[] = [];
  protected place: bool = false;

  constructor(protected readonly tokens: Token[], protected readonly topic: Topic, protected readonly fact: Fact) {
    this.to = tokens.length;
    while (this.to > 0 && !tokens[this.to - 1].word && tokens[this.to - 1].text != "%" && tokens[this.to - 1].text != "€") this.to--;
  }

  protected takeTopic(): void {
    const own = this.topic.subject;
    for (let i = 0; i < own.length; i++) this.fact.subject.push(own[i]);
  }

  protected isNoun(i: i32): bool {
    if (i > this.from && (determiners.has(this.tokens[i - 1].lower) || this.tokens[i - 1].possessive)) return true;
    return i + 1 < this.to && copulas.has(this.tokens[i + 1].lower);
  }

  /** Walks from `at`: what is new goes to `value`, what is old to the fact's `old`, "for Y" to `extra`. */
  protected split(at: i32): void {
    this.splitInto(at, this.value);
    // "to Postgres for Heron": the purpose is no part of the value.
    if (!this.changed) return;
    for (let i = 1; i < this.value.length; i++) {
      if (this.value[i].lower != "for") continue;
      for (let j = i + 1; j < this.value.length; j++) this.extra.push(this.value[j]);
      this.value.length = i;
      return;
    }
  }

  protected splitInto(at: i32, value: Token[]): void {
    const tokens = this.tokens;
    const fact = this.fact;
    let old = false;
    let oldFrom = 0;
    let i = at;
    while (i < this.to) {
      const token = tokens[i];
      const lower = token.lower;
      const next = i + 1 < this.to ? tokens[i + 1].lower : "";
      if (old) {
        const over = lower == "to" || token.text == "," || token.text == ")" || lower == "for" || clauseEnds.has(lower);
        if (!over) {
          i++;
          continue;
        }
        this.takeOld(oldFrom, i);
        old = false;
        if (lower == "to") {
          i++;
          continue;
        }
        if (lower == "for") continue;
        if (clauseEnds.has(lower)) return this.tail(i, value);
        i++;
        continue;
      }
      if (lower == "from" && (this.changed || fact.cue.length > 0 || hasTo(tokens, i, this.to)) && this.predicate != "@supplier" && !rangeAt(tokens, i, this.to)) {
        if (next == "now" || next == "then") {
          fact.cue = "from now on";
          i += 2;
          if (i < this.to && tokens[i].lower == "on") i++;
          continue;
        }
        old = true;
        oldFrom = i + 1;
        i++;
        continue;
      }
      if ((lower == "instead" || lower == "rather") && (next == "of" || next == "than")) {
        if (fact.cue.length == 0) fact.cue = lower + " " + next;
        old = true;
        oldFrom = i + 2;
        i += 2;
        continue;
      }
      if (lower == "instead") {
        if (fact.cue.length == 0) fact.cue = "instead";
        i++;
        continue;
      }
      if (lower == "not" || lower == "formerly" || lower == "previously" || lower == "originally" || token.text == "(" && (next == "was" || next == "not" || next == "formerly" || next == "previously" || next == "originally" || next == "instead")) {
        if (token.text == "(") {
          i++;
          if (next == "instead") continue;
        }
        const later = i + 1 < this.to ? tokens[i + 1].lower : "";
        if (later == "yet") return;
        if (fact.cue.length == 0) fact.cue = tokens[i].lower == "not" ? "not the old value" : tokens[i].lower;
        old = true;
        oldFrom = i + 1;
        i++;
        continue;
      }
      if (token.text == "(" || token.text == ";" || token.text == "—" || token.text == "–") {
        if (token.text == "–" && i > at && i + 1 < this.to && tokens[i + 1].digits && tokens[i - 1].digits) {
          i++;
          continue;
        }
        return this.tail(i, value);
      }
      if (token.text == ",") {
        if (next == "not" || next == "instead" || next == "formerly" || next == "previously" || next == "rather") {
          i++;
          continue;
        }
        return this.tail(i, value);
      }
      if (token.text == ".") {
        i++;
        continue;
      }
      if (clauseEnds.has(lower) && lower != "and") return this.tail(i, value);
      if (lower == "now" || lower == "anymore" || lower == "again" || lower == "changed" || lower == "moved") {
        if (fact.cue.length == 0 && (i == 0 || tokens[i - 1].lower != "for") && tokens[max(0, i - 1)].lower != "right") fact.cue = lower;
        i++;
        continue;
      }
      if (lower == "back" && (next == "to" || next == "at" || next == "on" || next == "in")) {
        if (fact.cue.length == 0) fact.cue = "back";
        i++;
        continue;
      }
      if (lower == "as" && next == "of" || lower == "starting" || lower == "effective") {
        if (fact.cue.length == 0) fact.cue = lower == "as" ? "as of" : lower;
        return;
      }
      if (lower == "to" && value.length == 0) {
        i++;
        continue;
      }
      if (relatives.has(lower)) fact.relative = true;
      value.push(token);
      i++;
    }
    if (old) this.takeOld(oldFrom, this.to);
  }

  /** After the value: a cue or an old value may still come. */
  protected tail(from: i32, value: Token[]): void {
    const tokens = this.tokens;
    for (let i = from; i < this.to; i++) {
      const lower = tokens[i].lower;
      const next = i + 1 < this.to ? tokens[i + 1].lower : "";
      const of_ = (lower == "instead" && next == "of") || (lower == "rather" && next == "than");
      const mark = tokens[i - 1].text == "(" || tokens[i - 1].text == "," || tokens[i - 1].text == "—" || tokens[i - 1].text == "–";
      if (of_ || mark && (lower == "not" || lower == "was" || lower == "previously" || lower == "formerly" || lower == "originally")) {
        if (this.fact.cue.length == 0) this.fact.cue = lower == "not" ? "not the old value" : lower;
        const start = of_ ? i + 2 : i + 1;
        let end = start;
        while (end < this.to && tokens[end].text != "," && tokens[end].text != ")" && !clauseEnds.has(tokens[end].lower)) end++;
        this.takeOld(start, end);
        return;
      }
      if (lower == "instead" && this.fact.cue.length == 0) this.fact.cue = lower;
    }
  }

  protected takeOld(from: i32, to: i32): void {
    if (this.fact.old.empty) readValues(this.tokens, from, to, this.fact.old);
  }

  /** Notes the first cue in [from, to). */
  protected cueIn(from: i32, to: i32): void {
    const tokens = this.tokens;
    for (let i = from; i < to && this.fact.cue.length == 0; i++) {
      const lower = tokens[i].lower;
      const before = i > 0 ? tokens[i - 1].lower : "";
      const next = i + 1 < tokens.length ? tokens[i + 1].lower : "";
      if (lower == "now" && (before == "for" || before == "right" || before == "just" || before == "until" || before == "by" || next == "and")) continue;
      if (lower == "longer") {
        if (before == "no" || before == "any") this.fact.cue = "no longer";
        continue;
      }
      if (lower == "new") {
        if (i <= this.from + 2) this.fact.cue = "new";
        continue;
      }
      if (lower == "as" && next == "of" || lower == "from" && next == "now") {
        this.fact.cue = lower == "as" ? "as of" : "from now on";
        continue;
      }
      if (lower == "more" && before == "any") this.fact.cue = "any more";
      else if (lower == "again" && i + 1 < this.to) continue;
      else if (cues.has(lower) && lower != "cut" && lower != "old") this.fact.cue = lower;
    }
  }

  protected clauseEnd(at: i32): i32 {
    let end = at;
    while (end < this.to && this.tokens[end].text != "," && this.tokens[end].text != ";" && !clauseEnds.has(this.tokens[end].lower)) end++;
    return end;
  }

  protected typeAttribute(value: ValueSet): void {
    if (this.fact.attribute.length > 0) return;
    if (timed(value)) this.fact.attribute = "@when";
    else if (this.place && value.names.length > 0) this.fact.attribute = "@where";
  }

  /** Fills subject and attribute from a noun phrase; false where it has no content word. */
  protected subjectFrom(tokens: Token[]): bool {
    return contentOf(tokens, this.fact);
  }

  protected finish(): void {
    const fact = this.fact;
    this.cueIn(this.from, this.to);
    fact.subject.sort();
    const topic = this.topic;
    fact.topic = topic.subject;
    if (fact.attribute.length == 0 && topic.classes.length == 1) fact.attribute = topic.classes[0];
    const key = fact.subject.slice(0);
    if (!key.includes(fact.attribute)) key.push(fact.attribute);
    key.sort();
    fact.key = key.join(" ");
    const all: string[] = [];
    for (let i = this.from; i < this.to; i++) {
      const token = this.tokens[i];
      const lower = token.lower;
      if (!token.word || stops.has(lower) || negations.has(lower) || lower == "longer" || lower == "anymore") continue;
      all.push(stemOf(lower));
    }
    all.sort();
    fact.whole = all.join(" ");
    for (let i = this.from; i < this.to; i++) if (relatives.has(this.tokens[i].lower) && i < this.from + 1) fact.relative = true;
    if (fact.relative) fact.comparable = fact.comparable && !fact.old.empty;
  }
}
