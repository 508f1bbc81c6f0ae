/** Sentences that give a value, and those that say that something moved, was replaced, taken over or cancelled. */
import { Phrases } from "./phrases";
import { Fact } from "./fact";
import { contentOf, slice, timed } from "./noun_phrases";
import { readValues } from "./values";
import { stemOf, Token } from "./tokens";
import {
  adverbs,
  clauseEnds,
  determiners,
  opinions,
  owners,
  people,
  pronouns,
  roles,
  singular,
  states,
} from "./vocabulary";

/** Statements that end in a value. */
export class Values extends Phrases {
  /** The value stands in `value`: types it and decides whether this is a fact. */
  protected valued(): bool {
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
    fact.singular = singular.has(fact.attribute) || typed && fact.attribute != "@use" || this.roleSubject();
    this.finish();
    return true;
  }

  /** "Our dentist is Dr. Blum": the role is the attribute. */
  protected roleToAttribute(): void {
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

  protected roleSubject(): bool {
    for (let i = 0; i < this.fact.subject.length; i++) if (roles.has(this.fact.subject[i])) return true;
    return roles.has(this.fact.attribute);
  }

  protected hasState(): bool {
    for (let i = 0; i < this.value.length; i++) if (states.has(this.value[i].lower)) return true;
    return false;
  }

  /** Splits "X for Y instead of Z" after a verb into value, subject and old value. */
  protected object(at: i32): void {
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

  protected useOf(): bool {
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
}

/** Statements that tell a change. */
export class Changes extends Values {
  /** "Marta takes over Heron (as lead) (from Jonas)". */
  protected takeOver(at: i32, subjectEnd: i32): bool {
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

  protected cancel(subjectEnd: i32): bool {
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
  protected changeFrom(at: i32, subjectStart: i32, subjectEnd: i32): bool {
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
    for (let i = at; i < mark; i++) {
      const lower = tokens[i].lower;
      if (!adverbs.has(lower) && lower != "back" && lower != "up" && lower != "down") object.push(tokens[i]);
    }
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
  protected changedState(subjectStart: i32, subjectEnd: i32): bool {
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
}
