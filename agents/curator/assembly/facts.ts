/**
 * A sentence read as a statement: what it is about (subject), which of its attributes, the value, the value it
 * replaces, and the word by which it says that something changed. What can't be read surely is no fact.
 *
 * Invariants:
 * 1. The sentence is judged by itself and by its headings; nothing is remembered between sentences.
 * 2. Questions, tasks, hedges, quotations and struck-out text are no facts.
 */
import { Kind, readValues, ValueSet } from "./values";
import { singularOf, stemOf, Token, tokenize } from "./tokens";
import {
  adverbs,
  attributes,
  auxiliaries,
  cancels,
  changes,
  clauseEnds,
  copulas,
  cues,
  decides,
  decisionLabels,
  determiners,
  genericTitles,
  hedges,
  monthOf,
  opinions,
  negations,
  otherLabels,
  owners,
  participles,
  pasts,
  people,
  plainVerbs,
  predicates,
  pronouns,
  relatives,
  roles,
  singular,
  states,
  stops,
  weekdayOf,
  vagueSubjects,
  wherePrepositions,
} from "./vocabulary";

/** What the headings above a sentence say. */
export class Topic {
  /** Content words of the nearest heading (or title) that has any. */
  readonly subject: string[] = [];
  readonly classes: string[] = [];
  /** The title or the file's name holds a date: the note is about one occasion. */
  occasion: bool = false;
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
  /** A `label: value` line. */
  label: bool = false;
  /** Words of the headings above. */
  topic: string[] = [];
  /** Words as written, for people. */
  about: string = "";
}

/** Reads titles: the last heading with words that are a subject wins. */
export function topicOf(title: string, note: string, file: string): Topic {
  const topic = new Topic();
  const parts = title.split(" › ");
  topic.occasion = hasDate(tokenize(note)) || hasDate(tokenize(title)) || hasDigitDate(file);
  for (let i = parts.length - 1; i >= 0 && topic.subject.length == 0; i--) {
    const tokens = tokenize(parts[i]);
    for (let j = 0; j < tokens.length; j++) {
      const token = tokens[j];
      if (!token.word || genericTitles.has(token.lower)) continue;
      if (isDay(tokens, j)) continue;
      if (attributes.has(token.lower)) topic.classes.push(attributes.get(token.lower));
      else if (!stops.has(token.lower)) topic.subject.push(singularOf(token.lower));
    }
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
  const fact = new Fact();
  return new Reader(tokens, topic, fact).read() ? fact : null;
}

class Reader {
  private from: i32 = 0;
  private to: i32 = 0;
  private predicate: string = "";
  private changed: bool = false;
  private copula: bool = false;
  private label: bool = false;
  private imperative: bool = false;
  private readonly value: Token[] = [];
  private readonly before: Token[] = [];
  private readonly extra: Token[] = [];
  private place: bool = false;
  private wrote: bool = false;

  constructor(private readonly tokens: Token[], private readonly topic: Topic, private readonly fact: Fact) {
    this.to = tokens.length;
    while (this.to > 0 && !tokens[this.to - 1].word && tokens[this.to - 1].text != "%" && tokens[this.to - 1].text != "€") this.to--;
  }

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
  private preface(at: i32): i32 {
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
  private labelEnd(): i32 {
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
  private readLabel(colon: i32): i32 {
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

  private takeTopic(): void {
    const own = this.topic.subject;
    for (let i = 0; i < own.length; i++) this.fact.subject.push(own[i]);
  }

  /** "We decided to …": the rest is read as a clause. */
  private readDecision(): void {
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

  private plainDecision(): void {
    const fact = this.fact;
    fact.attribute = "decision";
    fact.about = "";
    fact.comparable = false;
    fact.singular = false;
    fact.subject = this.topic.subject.slice(0);
    this.cueIn(this.from, this.to);
    this.finish();
  }

  private isNoun(i: i32): bool {
    if (i > this.from && (determiners.has(this.tokens[i - 1].lower) || this.tokens[i - 1].possessive)) return true;
    return i + 1 < this.to && copulas.has(this.tokens[i + 1].lower);
  }

  private clause(): bool {
    const tokens = this.tokens;
    const fact = this.fact;
    let at = this.from;
    if (fact.decision && this.imperative) {
      // "We chose X for Y".
      this.object(at);
      return this.useOf();
    }
    if (fact.decision && at < this.to) {
      const verb = tokens[at].lower;
      if (verb == "not" || verb == "keep" && false) return false;
      if (verb == "use" || verb == "go" || verb == "stick" || verb == "buy" || verb == "order" || verb == "host" || verb == "stay") {
        const with_ = at + 1 < this.to && tokens[at + 1].lower == "with";
        this.predicate = verb == "buy" || verb == "order" ? "@supplier" : "@use";
        if ((verb == "go" || verb == "stick" || verb == "stay") && !with_) return false;
        this.object(with_ ? at + 2 : at + 1);
        return this.useOf();
      }
      if (changes.has(verb)) {
        this.changed = true;
        fact.cue = verb;
        return this.changeFrom(at + 1, at, at);
      }
      if (verb == "meet") {
        this.predicate = "@meet";
        this.split(at + 1);
        this.takeTopic();
        return this.valued();
      }
      if (verb == "keep") {
        // "keep X instead of Y": X stays, Y is over.
        let until = at + 1;
        while (until < this.to && tokens[until].lower != "instead" && tokens[until].text != ",") until++;
        for (let i = at + 1; i < until; i++) this.before.push(tokens[i]);
        this.subjectFrom(this.before);
        this.split(until);
        if (fact.old.empty || fact.subject.length == 0) return false;
        fact.attribute = "is";
        fact.comparable = true;
        fact.about = slice(tokens, at + 1, until);
        this.finish();
        return true;
      }
    }
    // The first finite verb.
    let verb = -1;
    for (let i = at + 1; i < this.to; i++) {
      const lower = tokens[i].lower;
      if (tokens[i].text == ";" || tokens[i].text == "—" || tokens[i].text == "–" || tokens[i].text == "(" || tokens[i].text == "\"") return false;
      if (clauseEnds.has(lower) && lower != "and") return false;
      if (tokens[i].possessive) continue;
      const finite = copulas.has(lower) || auxiliaries.has(lower) || predicates.has(lower) || changes.has(lower) ||
        plainVerbs.has(lower) || lower == "takes" || lower == "took" || lower == "now" && i > at || lower == "no" && i + 1 < this.to && tokens[i + 1].lower == "longer";
      if (!finite) continue;
      if ((predicates.has(lower) || changes.has(lower) || plainVerbs.has(lower)) && this.isNoun(i)) continue;
      if (lower == "move" || lower == "change" || lower == "switch" || lower == "swap" || lower == "delay" || lower == "release") {
        if (!people.has(tokens[i - 1].lower) && tokens[i - 1].lower != "will") continue;
      }
      verb = i;
      break;
    }
    if (verb < 0 || verb - at > 10) return false;
    const subjectEnd = verb;
    let i = verb;
    let negated = false;
    let verbWord = "";
    while (i < this.to) {
      const lower = tokens[i].lower;
      if (tokens[i].text == ",") break;
      if (lower == "not" || lower == "n't" || lower == "never" || lower == "no") negated = true;
      if (auxiliaries.has(lower) || copulas.has(lower) || adverbs.has(lower)) {
        if (copulas.has(lower)) this.copula = true;
        if (pasts.has(lower)) fact.past = true;
        if (lower == "used") break;
        i++;
        continue;
      }
      if (verbWord.length > 0) break;
      const participle = this.copula && participles.has(lower);
      if (predicates.has(lower) || changes.has(lower) || plainVerbs.has(lower) || cancels.has(lower) || participle) {
        if (this.copula && !changes.has(lower) && !participle && !cancels.has(lower) && lower != "called") break;
        if (this.copula && !participle && changes.has(lower) && !lower.endsWith("ed") && !lower.endsWith("ing") && lower != "put" && lower != "cut" && lower != "brought") break;
        verbWord = lower;
        i++;
        continue;
      }
      if (lower == "takes" || lower == "took" || lower == "taken" || lower == "taking") {
        if (i + 1 < this.to && (tokens[i + 1].lower == "over" || tokens[i + 1].lower == "place")) {
          verbWord = tokens[i + 1].lower == "over" ? "takes over" : "meets";
          i += 2;
          continue;
        }
      }
      break;
    }
    const longer = this.saysLonger(verb, i);
    if (fact.past && this.copula && verbWord.length > 0 && changes.has(verbWord)) fact.past = false;
    const head = at < subjectEnd ? tokens[at].lower : "";
    if (verbWord == "takes over") return this.takeOver(i, subjectEnd);
    if (cancels.has(verbWord) && this.copula) return this.cancel(subjectEnd);
    if (changes.has(verbWord)) {
      this.changed = true;
      fact.cue = verbWord;
      return this.changeFrom(i, at, subjectEnd);
    }
    if (head == "there" || pronouns.has(head) && !people.has(head)) return false;
    if (people.has(head) && subjectEnd - at <= 2) return this.peopleClause(verbWord, i, negated, longer);
    for (let j = at; j < subjectEnd; j++) {
      if (tokens[j].text == ",") return false;
      this.before.push(tokens[j]);
    }
    if (verbWord.length == 0 && !this.copula) return false;
    if (verbWord.length > 0 && plainVerbs.has(verbWord) && !attributes.has(verbWord)) return this.plainVerb(i, verb, negated, longer);
    return this.statement(verbWord, i, negated, longer);
  }

  private saysLonger(from: i32, to: i32): bool {
    for (let i = from; i < to; i++) if (this.tokens[i].lower == "longer" && i > 0 && this.tokens[i - 1].lower == "no") return true;
    const last = this.tokens[this.to - 1].lower;
    return last == "anymore" || last == "more" && this.tokens[this.to - 2].lower == "any";
  }

  /** "We use X for Y", "We meet on Mondays". */
  private peopleClause(verb: string, at: i32, negated: bool, longer: bool): bool {
    if (this.tokens[this.from].lower == "i") return false;
    if (verb == "use" || verb == "uses") {
      this.predicate = "@use";
      if (longer) {
        this.fact.cue = "no longer";
        readValues(this.tokens, at, this.to, this.fact.old);
        this.takeTopic();
        this.fact.attribute = "@use";
        this.fact.negative = true;
        this.fact.comparable = this.fact.subject.length > 0;
        this.finish();
        return this.fact.comparable;
      }
      if (negated) return false;
      this.cueIn(this.from, at);
      this.object(at);
      return this.useOf();
    }
    if (verb == "buy" && !negated) {
      this.predicate = "@supplier";
      this.cueIn(this.from, at);
      this.object(at);
      return this.useOf();
    }
    if (verb == "meet" && !negated) {
      this.predicate = "@meet";
      this.split(at);
      this.cueIn(this.from, at);
      this.takeTopic();
      return this.valued();
    }
    return false;
  }

  /** Splits "X for Y instead of Z" after a verb into value, subject and old value. */
  private object(at: i32): void {
    const rest: Token[] = [];
    this.splitInto(at, rest);
    let cut = -1;
    for (let i = 1; i < rest.length && cut < 0; i++) {
      const lower = rest[i].lower;
      if (lower == "for" || lower == "in" || lower == "on" || lower == "as") cut = i;
      if (lower == "from" && this.predicate == "@supplier") cut = i;
    }
    if (this.predicate == "@supplier") {
      if (cut < 0 || rest[cut].lower != "from") return;
      for (let i = cut + 1; i < rest.length; i++) this.value.push(rest[i]);
      for (let i = 0; i < cut; i++) this.before.push(rest[i]);
      return;
    }
    const end = cut < 0 ? rest.length : cut;
    for (let i = 0; i < end; i++) this.value.push(rest[i]);
    for (let i = end + 1; i < rest.length; i++) this.before.push(rest[i]);
  }

  private useOf(): bool {
    const fact = this.fact;
    if (this.value.length == 0 || this.value.length > 6) return false;
    this.subjectFrom(this.before);
    if (this.before.length > 0) fact.about = slice(this.before, 0, this.before.length);
    if (fact.subject.length == 0) {
      this.takeTopic();
    }
    fact.attribute = this.predicate;
    readValues(this.value, 0, this.value.length, fact.value);
    fact.comparable = fact.subject.length > 0 && !fact.value.empty;
    this.cueIn(0, this.to);
    this.finish();
    return fact.comparable;
  }

  /** "Marta takes over Heron (as lead) (from Jonas)". */
  private takeOver(at: i32, subjectEnd: i32): bool {
    const fact = this.fact;
    const tokens = this.tokens;
    fact.cue = "takes over";
    let role = "";
    const rest: Token[] = [];
    for (let i = at; i < this.to; i++) {
      const lower = tokens[i].lower;
      if (tokens[i].text == "," || clauseEnds.has(lower)) break;
      if (lower == "from") {
        let end = i + 1;
        while (end < this.to && tokens[end].text != "," && !clauseEnds.has(tokens[end].lower)) end++;
        readValues(tokens, i + 1, end, fact.old);
        break;
      }
      if (roles.has(lower)) role = lower;
      else rest.push(tokens[i]);
    }
    if (subjectEnd - this.from > 4 || pronouns.has(tokens[this.from].lower)) return false;
    this.subjectFrom(rest);
    if (fact.subject.length == 0) this.takeTopic();
    fact.attribute = role.length == 0 || owners.has(role) ? "@owner" : role;
    readValues(tokens, this.from, subjectEnd, fact.value);
    fact.about = slice(rest, 0, rest.length);
    fact.comparable = fact.subject.length > 0 || !fact.attribute.startsWith("@");
    fact.singular = true;
    this.finish();
    return !fact.value.empty && fact.comparable;
  }

  private cancel(subjectEnd: i32): bool {
    const fact = this.fact;
    for (let i = this.from; i < subjectEnd; i++) this.before.push(this.tokens[i]);
    readValues(this.before, 0, this.before.length, fact.old);
    if (!this.subjectFrom(this.before)) return false;
    fact.cue = "cancelled";
    fact.cancelled = true;
    fact.comparable = true;
    if (fact.attribute.length == 0) fact.attribute = "@when";
    fact.about = slice(this.before, 0, this.before.length);
    this.finish();
    return true;
  }

  /** "X moved from A to B", "We moved X to B", "X is replaced by B". */
  private changeFrom(at: i32, subjectStart: i32, subjectEnd: i32): bool {
    const tokens = this.tokens;
    const fact = this.fact;
    let mark = at;
    while (mark < this.to) {
      const lower = tokens[mark].lower;
      if (lower == "to" || lower == "from" || lower == "until" || lower == "into" || lower == "by" || lower == "with" || tokens[mark].text == ",") break;
      mark++;
    }
    const object: Token[] = [];
    if (this.copula && (mark >= this.to || tokens[mark].text == ",") && at >= mark) return this.changedState(subjectStart, subjectEnd);
    for (let i = at; i < mark; i++) if (!adverbs.has(tokens[i].lower) && tokens[i].lower != "back") object.push(tokens[i]);
    const verb = fact.cue;
    const replacing = verb.startsWith("replac") || verb.startsWith("swap");
    const passive = this.copula || mark < this.to && tokens[mark].lower == "by";
    let subject: Token[] = [];
    if (object.length > 0 && !passive && !replacing) subject = object;
    else for (let i = subjectStart; i < subjectEnd; i++) subject.push(tokens[i]);
    if (replacing) {
      // "We replaced A with B": A is old, B is new; "B replaces A"; "A was replaced by B".
      if (object.length > 0 && !passive) {
        readValues(object, 0, object.length, fact.old);
        if (mark < this.to && tokens[mark].lower == "with") this.split(mark + 1);
        else for (let i = subjectStart; i < subjectEnd; i++) this.value.push(tokens[i]);
      } else {
        if (mark >= this.to) return false;
        for (let i = subjectStart; i < subjectEnd; i++) this.before.push(tokens[i]);
        readValues(this.before, 0, this.before.length, fact.old);
        this.split(mark + 1);
      }
      readValues(this.value, 0, this.value.length, fact.value);
      this.subjectFrom(this.extra);
      if (fact.subject.length == 0) this.takeTopic();
      fact.attribute = "@use";
      fact.comparable = !fact.old.empty && !fact.value.empty && fact.subject.length > 0;
      this.finish();
      return fact.comparable;
    }
    this.split(mark);
    if (this.value.length == 0 && fact.old.empty) {
      // "Heron is delayed." says no value.
      return false;
    }
    readValues(this.value, 0, this.value.length, fact.value);
    const only = subject.length == 1 || subject.length == 2;
    const person = subject.length > 0 && people.has(subject[0].lower) && only;
    if (!person && subject.length > 0 && pronouns.has(subject[0].lower) && only) return false;
    if (person) {
      this.subjectFrom(this.extra);
      if (fact.subject.length == 0) this.takeTopic();
      if (subject[0].lower == "i") return false;
    } else {
      this.subjectFrom(subject);
      const more: Fact = new Fact();
      if (this.extra.length > 0) {
        contentOf(this.extra, more);
        for (let i = 0; i < more.subject.length; i++) if (!fact.subject.includes(more.subject[i])) fact.subject.push(more.subject[i]);
      }
    }
    fact.about = slice(person ? this.extra : subject, 0, person ? this.extra.length : subject.length);
    if (fact.value.empty) return false;
    if (fact.subject.length == 0) {
      if (fact.attribute.length == 0) return false;
      this.takeTopic();
    }
    if (fact.attribute.length == 0) {
      fact.attribute = timed(fact.value) ? "@when" : fact.value.typed.length > 0
        ? "is"
        : verb.startsWith("switch") || verb.startsWith("migrat") || verb.startsWith("convert")
        ? "@use"
        : verb.startsWith("renam")
        ? "name"
        : "@where";
    }
    fact.comparable = fact.subject.length > 0;
    fact.singular = true;
    this.finish();
    return fact.comparable;
  }

  /** "Rows without an id are dropped.": a state, not a change. */
  private changedState(subjectStart: i32, subjectEnd: i32): bool {
    const fact = this.fact;
    const verb = fact.cue;
    fact.cue = "";
    for (let i = subjectStart; i < subjectEnd; i++) this.before.push(this.tokens[i]);
    if (this.before.length == 0 || pronouns.has(this.before[0].lower) || !fact.decision) return false;
    if (!this.subjectFrom(this.before)) return false;
    fact.value.names.push(stemOf(verb));
    fact.attribute = "is";
    fact.about = slice(this.before, 0, this.before.length);
    fact.comparable = true;
    this.finish();
    fact.cue = "";
    return true;
  }

  /** "X requires Y", "X does not require Y any more". */
  private plainVerb(at: i32, verb: i32, negated: bool, longer: bool): bool {
    const fact = this.fact;
    if (!this.subjectFrom(this.before)) return false;
    if (pronouns.has(this.before[0].lower)) return false;
    readValues(this.tokens, at, this.to, fact.value);
    if (fact.value.empty || this.to - at > 8) return false;
    if (!negated && fact.value.typed.length == 0 && fact.value.proper.length == 0 && !determiners.has(this.before[0].lower)) return false;
    for (let i = at; i < this.to; i++) if (clauseEnds.has(this.tokens[i].lower) || this.tokens[i].text == ",") return false;
    fact.negative = negated;
    fact.attribute = stemOf(this.tokens[at - 1].lower);
    fact.about = slice(this.before, 0, this.before.length);
    fact.comparable = true;
    if (longer) fact.cue = "no longer";
    else this.cueIn(0, this.to);
    this.finish();
    return true;
  }

  /** Copulas and predicates with a subject before them. */
  private statement(verbWord: string, at: i32, negated: bool, longer: bool): bool {
    const fact = this.fact;
    const tokens = this.tokens;
    if (this.before.length == 0) return false;
    if (pronouns.has(this.before[0].lower)) return false;
    for (let i = 0; i < this.before.length; i++) {
      const lower = this.before[i].lower;
      if (lower == "them" || lower == "me" || lower == "us" || vagueSubjects.has(lower)) return false;
    }
    fact.about = slice(this.before, 0, this.before.length);
    this.cueIn(this.from, at);
    if (longer) {
      fact.cue = "no longer";
      fact.negative = true;
    } else fact.negative = negated;
    if (verbWord == "owned" || verbWord == "led" || verbWord == "managed" || verbWord == "maintained" || verbWord == "run" || verbWord == "coordinated") {
      if (at >= this.to || tokens[at].lower != "by") return false;
      this.subjectFrom(this.before);
      return this.ownedBy(at + 1, longer, negated);
    }
    const lead = verbWord == "owns" || verbWord == "leads" || verbWord == "manages" || verbWord == "maintains" || verbWord == "coordinates" ||
      verbWord == "runs";
    if (verbWord == "runs" && at < this.to && (tokens[at].lower == "on" || tokens[at].lower == "for" || tokens[at].lower == "from" || tokens[at].digits)) {
      this.predicate = tokens[at].lower == "on" ? "@use" : "@last";
    } else if (lead) return this.ownerOf(at, longer);
    else if (verbWord.length > 0 && attributes.has(verbWord)) this.predicate = attributes.get(verbWord);
    if (this.copula && verbWord.length == 0 && this.roleOf(at, longer)) return true;
    if (!this.subjectFrom(this.before) && fact.attribute.length == 0) return false;
    if (this.predicate.length > 0) fact.attribute = this.predicate;
    if (verbWord.length == 0 && this.copula && at < this.to && wherePrepositions.has(tokens[at].lower)) this.place = true;
    if (this.predicate == "@supplier") return false;
    if (negated && !longer) {
      // "not on Monday but on Tuesday"
      for (let i = at + 1; i < this.to; i++) {
        if (tokens[i].lower != "but" || tokens[i - 1].text == ",") continue;
        readValues(tokens, at, i, fact.old);
        fact.negative = false;
        fact.cue = "not … but";
        this.split(i + 1);
        return this.valued();
      }
    }
    if (longer) {
      readValues(tokens, at, this.clauseEnd(at), fact.old);
      this.typeAttribute(fact.old);
      if (fact.attribute.length == 0) fact.attribute = "is";
      fact.comparable = fact.subject.length > 0 && !fact.old.empty;
      this.finish();
      return fact.comparable;
    }
    if (tokens[at - 1].lower == "used") return false;
    this.split(at);
    return this.valued();
  }

  private ownedBy(at: i32, longer: bool, negated: bool): bool {
    const fact = this.fact;
    fact.attribute = "@owner";
    const end = this.clauseEnd(at);
    if (longer) readValues(this.tokens, at, end, fact.old);
    else {
      this.split(at);
      readValues(this.value, 0, this.value.length, fact.value);
    }
    fact.comparable = fact.subject.length > 0 && (longer ? !fact.old.empty : !negated && !fact.value.empty);
    fact.singular = true;
    this.finish();
    return fact.comparable;
  }

  /** "Marta owns Heron": the value stands first. */
  private ownerOf(at: i32, longer: bool): bool {
    const fact = this.fact;
    if (this.before.length > 3 || !this.before[0].capital) return false;
    const rest: Token[] = [];
    this.splitInto(at, rest);
    if (rest.length == 0 || rest.length > 5) return false;
    this.subjectFrom(rest);
    fact.attribute = "@owner";
    fact.about = slice(rest, 0, rest.length);
    readValues(this.before, 0, this.before.length, longer ? fact.old : fact.value);
    fact.comparable = fact.subject.length > 0;
    fact.singular = true;
    this.finish();
    return fact.comparable;
  }

  /** "Marta is the owner of Heron", "Anke is now treasurer". */
  private roleOf(at: i32, longer: bool): bool {
    const fact = this.fact;
    const tokens = this.tokens;
    const name = this.before[this.before.length - 1];
    if (this.before.length > 3 || !name.capital || determiners.has(this.before[0].lower)) return false;
    const end = this.clauseEnd(at);
    let role = -1;
    for (let i = at; i < end && i < at + 5 && role < 0; i++) {
      if (roles.has(tokens[i].lower) || tokens[i].lower == "responsible") role = i;
    }
    if (role < 0) return false;
    const rest: Token[] = [];
    for (let i = at; i < end; i++) {
      const lower = tokens[i].lower;
      if (i == role || lower == "and") continue;
      if (lower == "instead") break;
      if (lower == "not") break;
      rest.push(tokens[i]);
      if (lower == "new" && i < role) fact.cue = "new";
    }
    this.splitCue(at);
    this.subjectFrom(rest);
    const word = tokens[role].lower;
    if (owners.has(word)) {
      fact.attribute = "@owner";
      if (fact.subject.length == 0) this.takeTopic();
    } else {
      fact.attribute = singularOf(word);
      if (fact.subject.length == 0 && !this.topic.occasion) this.takeTopic();
      if (fact.subject.length == 0) fact.subject.push(fact.attribute);
    }
    readValues(this.before, 0, this.before.length, longer ? fact.old : fact.value);
    fact.comparable = fact.subject.length > 0 || !fact.attribute.startsWith("@");
    fact.singular = true;
    this.finish();
    return true;
  }

  private splitCue(at: i32): void {
    this.cueIn(at, this.to);
  }

  /** The value stands in `value`: types it and decides whether this is a fact. */
  private valued(): bool {
    const fact = this.fact;
    readValues(this.value, 0, this.value.length, fact.value);
    if (fact.value.empty) return false;
    if (this.value.length > 14) return false;
    this.typeAttribute(fact.value);
    if (this.predicate.length > 0) fact.attribute = this.predicate;
    if (fact.attribute.length == 0 && fact.value.typed.length == 0 && fact.value.proper.length > 0) this.roleToAttribute();
    const known = fact.attribute.length > 0;
    if (fact.subject.length == 0) {
      if (!known) return false;
      this.takeTopic();
      if (fact.subject.length == 0 || this.topic.occasion && fact.cue.length == 0) {
        this.finish();
        return fact.value.typed.length > 0;
      }
    }
    const typed = fact.value.typed.length > 0;
    const state = !typed && fact.value.names.length <= 2 && this.hasState();
    if (!typed && !known && fact.value.proper.length == 0 && !state && !fact.decision && fact.old.empty) {
      if (opinions.has(this.value[0].lower)) return false;
      // "The treasurer is anke", "The default branch is main": one plain word after a definite subject.
      if (!(this.copula && fact.value.names.length == 1 && this.value.length == 1 && determiners.has(this.before[0].lower) && this.before.length > 2)) {
        return false;
      }
    }
    if (!typed && fact.value.names.length > 6) return false;
    if (!known) fact.attribute = "is";
    fact.comparable = fact.subject.length > 0 && fact.subject.length <= 8;
    fact.singular = singular.has(fact.attribute) || typed && fact.attribute != "@use" || this.roleSubject() ||
      !typed && fact.attribute == "is" && false;
    this.finish();
    return true;
  }

  /** "Our dentist is Dr. Blum": the role is the attribute. */
  private roleToAttribute(): void {
    const fact = this.fact;
    for (let i = 0; i < fact.subject.length; i++) {
      if (!roles.has(fact.subject[i])) continue;
      fact.attribute = owners.has(fact.subject[i]) ? "@owner" : fact.subject[i];
      fact.subject.splice(i, 1);
      if (fact.subject.length == 0 && !this.topic.occasion) this.takeTopic();
      if (fact.subject.length == 0 && !fact.attribute.startsWith("@")) fact.subject.push(fact.attribute);
      return;
    }
  }
  private roleSubject(): bool {
    for (let i = 0; i < this.fact.subject.length; i++) if (roles.has(this.fact.subject[i])) return true;
    return roles.has(this.fact.attribute);
  }
  private hasState(): bool {
    for (let i = 0; i < this.value.length; i++) if (states.has(this.value[i].lower)) return true;
    return false;
  }

  private typeAttribute(value: ValueSet): void {
    if (this.fact.attribute.length > 0) return;
    if (timed(value)) this.fact.attribute = "@when";
    else if (this.place && value.names.length > 0) this.fact.attribute = "@where";
  }

  private clauseEnd(at: i32): i32 {
    let end = at;
    while (end < this.to && this.tokens[end].text != "," && this.tokens[end].text != ";" && !clauseEnds.has(this.tokens[end].lower)) end++;
    return end;
  }

  /** Notes the first cue in [from, to). */
  private cueIn(from: i32, to: i32): void {
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

  /** Walks from `at`: what is new goes to `value`, what is old to the fact's `old`, "for Y" to `extra`. */
  private split(at: i32): void {
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

  private splitInto(at: i32, value: Token[]): void {
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
          if (next == "instead") {
            i--;
            i++;
            continue;
          }
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
  private tail(from: i32, value: Token[]): void {
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

  private takeOld(from: i32, to: i32): void {
    if (this.fact.old.empty) readValues(this.tokens, from, to, this.fact.old);
  }

  /** Fills subject and attribute from a noun phrase; false where it has no content word. */
  private subjectFrom(tokens: Token[]): bool {
    return contentOf(tokens, this.fact);
  }

  private finish(): void {
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

function hasTo(tokens: Token[], at: i32, to: i32): bool {
  for (let i = at + 1; i < to && i < at + 7; i++) if (tokens[i].lower == "to") return true;
  return false;
}
/** "from 9:00 to 17:00", "from Monday to Friday": a range, not a change. */
function rangeAt(tokens: Token[], at: i32, to: i32): bool {
  if (at > 0 && (changes.has(tokens[at - 1].lower) || cues.has(tokens[at - 1].lower))) return false;
  for (let i = 0; i < at; i++) if (changes.has(tokens[i].lower)) return false;
  return hasTo(tokens, at, to);
}

/** Words of a noun phrase into subject and attribute class. */
function contentOf(tokens: Token[], fact: Fact): bool {
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

function timed(value: ValueSet): bool {
  return value.has(Kind.date) || value.has(Kind.weekday) || value.has(Kind.time) || value.has(Kind.month);
}

function slice(tokens: Token[], from: i32, to: i32): string {
  const words: string[] = [];
  for (let i = from; i < to; i++) {
    if (!tokens[i].word) continue;
    const lower = tokens[i].lower;
    if (words.length == 0 && determiners.has(lower)) continue;
    words.push(tokens[i].text);
  }
  return words.join(" ");
}
