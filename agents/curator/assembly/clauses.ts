/** Clauses: the verb of a sentence, and what it says of the words before it. */
import { Changes } from "./changes";
import { slice, timed } from "./noun_phrases";
import { Kind, readValues, ValueSet } from "./values";
import { singularOf, stemOf, Token } from "./tokens";
import {
  adverbs,
  attributes,
  auxiliaries,
  cancels,
  changes,
  clauseEnds,
  copulas,
  determiners,
  norms,
  owners,
  participles,
  pasts,
  people,
  plainVerbs,
  predicates,
  pronouns,
  roles,
  vagueSubjects,
  wherePrepositions,
} from "./vocabulary";

/** Statements by their verb. */
export class Clauses extends Changes {
  protected clause(): bool {
    const tokens = this.tokens;
    const fact = this.fact;
    let at = this.from;
    if (fact.decision && this.imperative) {
      // "We chose X for Y".
      this.object(at);
      return this.useOf();
    }
    if (fact.decision && at < this.to) {
      const verdict = this.decided(at);
      if (verdict >= 0) return verdict > 0;
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
    if (verb < 0) return this.happens(at, at, false);
    if (verb - at > 10) return false;
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
      // "is going up to €35"; "is going to" says nothing yet.
      if (this.copula && lower == "going" && i + 1 < this.to && (tokens[i + 1].lower == "up" || tokens[i + 1].lower == "down")) {
        verbWord = "goes";
        i++;
        continue;
      }
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
    if (verbWord.length == 0 && !this.copula) {
      this.before.length = 0;
      return !fact.past && (!negated || longer) && this.happens(at, i, longer);
    }
    if (verbWord.length > 0 && plainVerbs.has(verbWord) && !attributes.has(verbWord)) return this.plainVerb(i, verb, negated, longer);
    return this.statement(verbWord, i, negated, longer);
  }

  /** What a decision begins with ("use X", "move X to Y", "keep X"): 1 a fact, 0 none, -1: read it as a clause. */
  protected decided(at: i32): i32 {
    const tokens = this.tokens;
    const fact = this.fact;
    const verb = tokens[at].lower;
    if (verb == "not") return 0;
    if (verb == "use" || verb == "go" || verb == "stick" || verb == "buy" || verb == "order" || verb == "host" || verb == "stay") {
      const with_ = at + 1 < this.to && tokens[at + 1].lower == "with";
      this.predicate = verb == "buy" || verb == "order" ? "@supplier" : "@use";
      if ((verb == "go" || verb == "stick" || verb == "stay") && !with_) return 0;
      this.object(with_ ? at + 2 : at + 1);
      return this.useOf() ? 1 : 0;
    }
    if (changes.has(verb)) {
      this.changed = true;
      fact.cue = verb;
      return this.changeFrom(at + 1, at, at) ? 1 : 0;
    }
    if (verb == "meet") {
      this.predicate = "@meet";
      this.split(at + 1);
      this.takeTopic();
      return this.valued() ? 1 : 0;
    }
    if (verb == "keep") {
      // "keep X instead of Y": X stays, Y is over.
      let until = at + 1;
      while (until < this.to && tokens[until].lower != "instead" && tokens[until].text != ",") until++;
      for (let i = at + 1; i < until; i++) this.before.push(tokens[i]);
      this.subjectFrom(this.before);
      this.split(until);
      if (fact.old.empty || fact.subject.length == 0) return 0;
      fact.attribute = "is";
      fact.comparable = true;
      fact.about = slice(tokens, at + 1, until);
      this.finish();
      return 1;
    }
    return -1;
  }

  protected saysLonger(from: i32, to: i32): bool {
    for (let i = from; i < to; i++) if (this.tokens[i].lower == "longer" && i > 0 && this.tokens[i - 1].lower == "no") return true;
    const last = this.tokens[this.to - 1].lower;
    return last == "anymore" || last == "more" && this.tokens[this.to - 2].lower == "any";
  }

  /** "We use X for Y", "We meet on Mondays". */
  protected peopleClause(verb: string, at: i32, negated: bool, longer: bool): bool {
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

  /** "X requires Y", "X does not require Y any more". */
  protected plainVerb(at: i32, verb: i32, negated: bool, longer: bool): bool {
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
    fact.counted = norms.has(this.tokens[at - 1].lower) && fact.value.typed.length == 1 && fact.value.has(Kind.number) &&
      fact.value.typed[0].unit.length > 0;
    if (longer) fact.cue = "no longer";
    else this.cueIn(0, this.to);
    this.finish();
    return true;
  }

  /**
   * "The lorry (now) comes at 6:15", "The lorry no longer comes at 6:15": any verb of the present before a time that
   * ends the clause. `at` begins the subject, the verb stands at `from` or later.
   */
  protected happens(at: i32, from: i32, longer: bool): bool {
    const fact = this.fact;
    const tokens = this.tokens;
    if (!determiners.has(tokens[at].lower) && !tokens[at].capital) return false;
    for (let i = max(from, at + 1); i + 2 < this.to && i < at + 8; i++) {
      const next = tokens[i + 1].lower;
      if (next != "at" && next != "on") {
        if (!tokens[i].word || clauseEnds.has(tokens[i].lower)) return false;
        continue;
      }
      const end = this.clauseEnd(i + 2);
      const time = new ValueSet();
      readValues(tokens, i + 2, end, time);
      if (time.typed.length == 0 || time.names.length > 0 || !timed(time)) return false;
      const verb = tokens[i];
      if (!verb.word || verb.digits || verb.capital || adverbs.has(verb.lower) || pronouns.has(verb.lower)) return false;
      let noun = i - 1;
      while (noun > at && (adverbs.has(tokens[noun].lower) || tokens[noun].lower == "longer")) noun--;
      // Subject and verb agree: "the lorry comes", "the movers come".
      if (!tokens[noun].word || determiners.has(tokens[noun].lower) || pronouns.has(tokens[noun].lower)) return false;
      if (verb.lower.endsWith("s") == tokens[noun].lower.endsWith("s") || verb.lower.endsWith("ed")) return false;
      for (let j = at; j <= noun; j++) this.before.push(tokens[j]);
      if (!this.subjectFrom(this.before)) return false;
      fact.about = slice(this.before, 0, this.before.length);
      fact.attribute = stemOf(verb.lower);
      fact.comparable = true;
      if (longer) {
        fact.cue = "no longer";
        fact.negative = true;
        readValues(tokens, i + 2, end, fact.old);
      } else {
        this.split(i + 2);
        readValues(this.value, 0, this.value.length, fact.value);
      }
      this.finish();
      return longer || !fact.value.empty;
    }
    return false;
  }

  /** Copulas and predicates with a subject before them. */
  protected statement(verbWord: string, at: i32, negated: bool, longer: bool): bool {
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
    if (negated) {
      // "not on Monday but on Tuesday", "no longer A but B"
      for (let i = at + 1; i < this.to; i++) {
        if (tokens[i].lower != "but" || tokens[i - 1].text == ",") continue;
        if (i + 1 < this.to && pronouns.has(tokens[i + 1].lower)) continue;
        readValues(tokens, at, i, fact.old);
        fact.negative = false;
        fact.cue = longer ? "no longer" : "not … but";
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

  protected ownedBy(at: i32, longer: bool, negated: bool): bool {
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
  protected ownerOf(at: i32, longer: bool): bool {
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
  protected roleOf(at: i32, longer: bool): bool {
    const fact = this.fact;
    const tokens = this.tokens;
    const name = this.before[this.before.length - 1];
    if (this.before.length > 3 || !name.capital || determiners.has(this.before[0].lower)) return false;
    const end = this.clauseEnd(at);
    let role = -1;
    for (let i = at; i < end && i < at + 5 && role < 0; i++) {
      if (roles.has(tokens[i].lower) || tokens[i].lower == "responsible") role = i;
    }
    // "X is the new Y": what Y is need not be known.
    if (role < 0 && end - at == 3 && tokens[at].lower == "the" && tokens[at + 1].lower == "new" && tokens[at + 2].word) role = at + 2;
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
    this.cueIn(at, this.to);
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
}
