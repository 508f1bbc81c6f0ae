/**
 * From marks of all notes to things and mentions.
 *
 * Invariants:
 * 1. The result is a function of the set of notes: counts and unions only, ties by text; no order, no id.
 * 2. A name is a thing only where enough speaks for it: its words (a dictionary tells those that are English), where
 *    it stands, what stands beside it. A name that is certain is then known wherever it stands.
 * 3. A name in more than a fifth of the documents is a word of the place, unless the notes themselves say what it is
 *    (a project by name, a person by full name); in more than half of many documents it is none in any case.
 */
import { isDigit, isLetter, isUpper } from "../../sdk/assemblyscript/assembly";
import * as lexicon from "./lexicon";
import { isInitial, isMachine, isShouted, Mark, MarkKind, Note, Spelling, Spellings, Word } from "./scan";

/** From this many documents on, a fifth means something; from the second on, it means it strictly. */
const documentsMin: i32 = 10;
const documentsMany: i32 = 50;

/** A name that scores no more is none. */
const nameScoreMin: i32 = 85;
/** Nor is one that scores no more, whatever stands beside it. */
const ruledScoreMin: i32 = -110;

enum Type {
  person,
  project,
  product,
  place,
}
const typeNames: string[] = ["person", "project", "product", "place"];

export function compare(a: string, b: string): i32 {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sorted(items: string[]): string[] {
  items.sort(compare);
  return items;
}

/** What is known of one name, URL, ticket or file. */
export class Candidate {
  readonly surfaces: Map<string, i32> = new Map<string, i32>();
  readonly notes: Set<i32> = new Set<i32>();
  readonly units: Set<string> = new Set<string>();
  readonly why: Set<string> = new Set<string>();
  /** Times it stands inside a sentence, begins one, is the value of a label or a cell. */
  mid: i32 = 0;
  first: i32 = 0;
  value: i32 = 0;
  /** Times with an article before it, with 's behind it. */
  article: i32 = 0;
  owner: i32 = 0;
  strong: StaticArray<i32> = new StaticArray<i32>(4);
  weak: StaticArray<i32> = new StaticArray<i32>(4);
  /** Notes where it begins a sentence and does what only a person does. */
  readonly speech: Set<i32> = new Set<i32>();
  /** Notes where it begins a sentence and does what persons do, among others. */
  readonly starts: Set<i32> = new Set<i32>();
  /** The notes say what it is by name. */
  explicit: bool = false;
  /** It stands behind Mr, and behind Mrs, Ms or Miss: two people, so that its name has no title. */
  mister: bool = false;
  missus: bool = false;
  inCode: bool = false;
  /** The thing it belongs to; itself unless it is an alias. */
  root: Candidate | null = null;
  accepted: bool = false;

  constructor(readonly kind: MarkKind, readonly key: string, readonly parts: Spelling[]) {}

  add(type: Type, isStrong: bool, why: string): void {
    if (isStrong) this.strong[type]++;
    else this.weak[type]++;
    this.why.add(why);
  }
  get strongAll(): i32 {
    return this.strong[0] + this.strong[1] + this.strong[2] + this.strong[3];
  }
  get weakAll(): i32 {
    return this.weak[0] + this.weak[1] + this.weak[2] + this.weak[3];
  }
  /** -1 where nothing but capitals speaks for it. */
  get type(): i32 {
    let best = -1;
    let score = 0;
    for (let i = 0; i < 4; i++) {
      // Standing after "in" or "with" alone does not make a place or a person.
      const sum = this.strong[i] * 3 + (this.strong[i] > 0 || this.weak[i] > 2 ? this.weak[i] : 0);
      if (sum > score && !(i == Type.person && this.isBody)) {
        best = i;
        score = sum;
      }
    }
    return best;
  }
  /** A firm by its last word. */
  get isBody(): bool {
    return this.parts.length > 1 && this.parts[this.parts.length - 1].is(lexicon.bodySuffix);
  }
  surface(): string {
    let best = "";
    let count = 0;
    const keys = this.surfaces.keys();
    for (let i = 0; i < keys.length; i++) {
      const n = this.surfaces.get(keys[i]);
      if (n > count || (n == count && compare(keys[i], best) < 0)) {
        best = keys[i];
        count = n;
      }
    }
    return this.mister && this.missus ? best.substring(best.lastIndexOf(" ") + 1) : best;
  }
}

/** Where a thing stands first in a note. */
export class Mention {
  count: i32 = 1;
  constructor(
    readonly note: i32,
    readonly start: i32,
    readonly end: i32,
    /** Of the note's title: none in its content comes before. */
    readonly heading: bool,
  ) {}
}

/** A thing as it should stand in the graph. */
export class Thing {
  readonly mentions: Map<i32, Mention> = new Map<i32, Mention>();
  constructor(
    readonly ref: string,
    readonly name: string,
    readonly type: string,
    readonly aliases: string[],
    readonly why: string[],
  ) {}
}

/** The core of a mark: words [from, to), and what the words taken off said. */
class Core {
  title: bool = false;
  /** Where the titles right before it begin; -1 where none do. */
  titleAt: i32 = -1;
  project: bool = false;
  product: bool = false;
  key: string = "";
  constructor(public from: i32, public to: i32) {}
}

/** Words that are no part of a name however often they stand beside it. */
const notNamed: u32 = lexicon.never | lexicon.generic | lexicon.titles | lexicon.joiners |
  lexicon.projectAfter |
  lexicon.projectBefore | lexicon.productAfter | lexicon.productBefore | lexicon.personAfter |
  lexicon.personAfterWeak |
  lexicon.personBefore | lexicon.placeAfter;

export class Resolver {
  private readonly units: Set<string> = new Set<string>();
  private readonly people: Set<string> = new Set<string>();
  /** Of words that open or end a run of capitals: how often each stands before another, and each word with a capital. */
  private readonly pairs: Map<string, i32> = new Map<string, i32>();
  private readonly capitals: Map<string, i32> = new Map<string, i32>();
  private readonly candidates: Candidate[] = [];
  private readonly byKind: Map<string, Candidate>[] = [];

  constructor(readonly notes: Note[], private readonly spellings: Spellings) {
    for (let kind = 0; kind <= MarkKind.code; kind++) this.byKind.push(new Map<string, Candidate>());
  }

  things(): Thing[] {
    for (let i = 0; i < this.notes.length; i++) this.fields(this.notes[i]);
    for (let i = 0; i < this.notes.length; i++) this.split(this.notes[i]);
    for (let i = 0; i < this.notes.length; i++) this.gather(this.notes[i]);
    this.accept();
    this.join();
    this.dropWords();
    return this.collect();
  }

  /** The things known by now that one more note names, with its mentions alone. */
  namedIn(note: Note): Thing[] {
    const things = new Map<string, Thing>();
    this.split(note);
    this.mentionsOf(note, things);
    return things.values();
  }

  // ---- what is known of words

  private fields(note: Note): void {
    this.units.add(note.unit);
    for (let i = 0; i < note.people.length; i++) this.people.add(note.people[i].toLowerCase());
    for (let i = 0; i < note.marks.length; i++) {
      if (note.marks[i].kind == MarkKind.name) this.company(note.marks[i]);
    }
  }

  /** Which words stand beside each other in runs. */
  private company(mark: Mark): void {
    if (mark.small) return;
    const words = mark.words;
    for (let i = mark.from; i < mark.to; i++) increment(this.capitals, words[i].lower);
    if (mark.to - mark.from < 2 || mark.titled) return;
    for (let i = mark.from; i + 1 < mark.to; i++) {
      // A capital that begins a sentence says nothing of the pair.
      if (!words[i].initial || words[i].spelling.english == 0) {
        increment(this.pairs, words[i].lower + " " + words[i + 1].lower);
      }
    }
  }

  /** An ordinary word with a capital beside a name that is hardly ever without it: "Tell NAME", "NAME Rent". */
  private belongs(words: Word[], at: i32, name: i32): bool {
    const word = words[at], other = words[name];
    if (word.is(notNamed) || isListed(other.spelling) || !word.cap) return false;
    const pair = at < name ? word.lower + " " + other.lower : other.lower + " " + word.lower;
    const count = countOf(this.pairs, pair);
    return count > 0 && count * 3 >= countOf(this.capitals, other.lower) * 2;
  }

  /** Written with a capital inside sentences, and at most one time in three without. */
  private reliable(word: Spelling): bool {
    return !isListed(word) && word.up > 0 && word.small(this.spellings) * 2 <= word.up;
  }

  // ---- candidates and evidence

  /** The words of a run that can be a name; null if none. */
  private core(mark: Mark): Core | null {
    const words = mark.words;
    const core = new Core(mark.from, mark.to);
    while (core.from < core.to) {
      const word = words[core.from];
      if (core.to - core.from > 1 && isInitial(words, core.from)) break;
      if (word.is(lexicon.titles)) {
        core.title = true;
        if (core.titleAt < 0) core.titleAt = core.from++;
        else core.from++;
        continue;
      }
      if (word.is(lexicon.generic)) this.genericIn(core, word.lower);
      else if (word.is(lexicon.ages)) {
        if (this.isAged(words, mark, core)) break;
      } else if (!word.is(lexicon.never) && !word.is(lexicon.joiners) && this.startsName(words, mark, core)) {
        break;
      } else if (this.isPlacePrefix(words, core)) break;
      else if (core.to - core.from > 1 && this.belongs(words, core.from, core.from + 1)) break;
      else if (core.title && !word.is(lexicon.ordinary)) break;
      core.from++;
      core.titleAt = -1;
    }
    // A day, a month or a function word inside ends the name.
    for (let i = core.from + 1; i < core.to; i++) {
      if (words[i].is(lexicon.never) && !words[i].is(lexicon.joiners | lexicon.ages) && !isInitial(words, i)) core.to = i;
    }
    while (core.to > core.from) {
      const word = words[core.to - 1];
      const length = core.to - core.from;
      if (length > 1 && word.is(lexicon.placeSuffix) && this.reliable(words[core.to - 2].spelling)) break;
      if (length > 2 && word.is(lexicon.generic) && !mark.titled && this.hasAlways(words, core.to - 2)) break;
      if (word.is(lexicon.generic)) this.genericIn(core, word.lower);
      else if (!word.is(lexicon.never | lexicon.joiners) && this.endsName(word, mark, core)) break;
      else if (length > 1 && this.belongs(words, core.to - 1, core.to - 2)) break;
      core.to--;
    }
    if (core.from >= core.to || this.isFeast(words, core)) return null;
    let key = words[core.from].lower;
    for (let i = core.from + 1; i < core.to; i++) key += " " + words[i].lower;
    if (key.length < 2) return null;
    core.key = key;
    return core;
  }

  /** "St NAME's Day" is a day. */
  private isFeast(words: Word[], core: Core): bool {
    if (!words[core.from].is(lexicon.saint) || !words[core.to - 1].after.startsWith("'s") || core.to >= words.length) return false;
    const next = words[core.to].lower;
    return next == "day" || next == "eve" || next == "week" || next == "weekend";
  }

  /** "Old NAME", "New NAME": part of it inside a sentence, and where it begins one if it is elsewhere. */
  private isAged(words: Word[], mark: Mark, core: Core): bool {
    if (core.to - core.from < 2 || words[core.from + 1].is(lexicon.never | lexicon.generic)) return false;
    if (!words[core.from].initial && !mark.titled) return true;
    return countOf(this.pairs, words[core.from].lower + " " + words[core.from + 1].lower) > 0;
  }

  /** Whether the next word of a run stands behind this one wherever this one has a capital. */
  private hasAlways(words: Word[], at: i32): bool {
    const count = countOf(this.pairs, words[at].lower + " " + words[at + 1].lower);
    return count > 0 && count == countOf(this.capitals, words[at].lower);
  }

  /** "Hotel NAME", "Lake NAME". */
  private isPlacePrefix(words: Word[], core: Core): bool {
    return core.to - core.from > 1 && words[core.from].is(lexicon.placePrefix) &&
      !isListed(words[core.from + 1].spelling) && words[core.from + 1].spelling.small(this.spellings) == 0;
  }

  private genericIn(core: Core, word: string): void {
    if (word == "project" || word == "projects" || word == "team") core.project = true;
    else core.product = true;
  }

  private startsName(words: Word[], mark: Mark, core: Core): bool {
    const word = words[core.from];
    if (this.reliable(word.spelling)) return true;
    const more = core.to - core.from > 1;
    // Inside a sentence a capital is meant.
    if (!word.initial && !mark.titled && more) return true;
    if (core.project || core.title) return !word.is(lexicon.ordinary);
    if (word.spelling.english == 0) return true;
    if (!more) return true;
    // It begins the sentence: part of the name if no name begins with the next word ("street"), or if it stands before
    // that name elsewhere.
    if (
      words[core.from + 1].is(lexicon.placeSuffix) &&
      !word.is(lexicon.ordinary | lexicon.placeVisit | lexicon.personBefore | lexicon.productBefore)
    ) return true;
    return countOf(this.pairs, word.lower + " " + words[core.from + 1].lower) > 0;
  }

  private endsName(word: Word, mark: Mark, core: Core): bool {
    if (this.reliable(word.spelling) || !mark.titled) return true;
    return core.to - core.from == 1 || word.spelling.english == 0;
  }

  private candidate(kind: MarkKind, key: string, parts: Spelling[]): Candidate {
    const known = this.find(kind, key);
    if (known !== null) return known;
    const candidate = new Candidate(kind, key, parts);
    this.byKind[kind].set(key, candidate);
    this.candidates.push(candidate);
    return candidate;
  }

  private find(kind: MarkKind, key: string): Candidate | null {
    const known = this.byKind[kind];
    return known.has(key) ? known.get(key) : null;
  }

  /** Parts a run at "&" where a side of it also has a capital elsewhere: two names, and not the name of a firm. */
  private split(note: Note): void {
    for (let i = note.marks.length - 1; i >= 0; i--) {
      const mark = note.marks[i];
      const words = mark.words;
      if (mark.kind != MarkKind.name) continue;
      for (let at = mark.from + 1; at < mark.to; at++) {
        if (words[at].before != "&") continue;
        const pair = countOf(this.pairs, words[at - 1].lower + " " + words[at].lower);
        if (
          words[at].spelling.english > 0 || pair >= countOf(this.capitals, words[at - 1].lower) &&
            pair >= countOf(this.capitals, words[at].lower)
        ) continue;
        note.marks[i] = mark.between(mark.from, at);
        note.insert(i + 1, mark.between(at, mark.to));
        break;
      }
    }
  }

  private gather(note: Note): void {
    let lastWords: Word[] | null = null;
    let lastTo = -1;
    let lastPerson = 0;
    for (let i = 0; i < note.marks.length; i++) {
      const mark = note.marks[i];
      if (mark.small) continue;
      if (mark.kind != MarkKind.name) {
        this.single(note, mark);
        continue;
      }
      const core = this.core(mark);
      if (core === null) continue;
      const words = mark.words;
      const first = words[core.from];
      const parts: Spelling[] = [];
      for (let j = core.from; j < core.to; j++) parts.push(words[j].spelling);
      const candidate = this.candidate(MarkKind.name, core.key, parts);
      candidate.notes.add(mark.note);
      candidate.units.add(note.unit);
      increment(candidate.surfaces, this.written(candidate, note, mark, core));
      const inside = this.place(candidate, mark, core);
      const counted = parts.length == 1 && isNumbered(words, core.to);
      const person = mark.titled || counted ? 0 : this.evidence(candidate, mark, core, inside);
      if (
        !mark.titled && lastWords == words && lastPerson > 0 && person == 0 &&
        follows(words, lastTo, core.from)
      ) {
        candidate.add(Type.person, lastPerson > 1, "beside a person");
        lastTo = core.to;
        continue;
      }
      lastWords = words;
      lastTo = core.to;
      lastPerson = person;
    }
  }

  /** A name as it is written: a single one with its title ("Dr NAME"), a saint's with its 's ("St NAME's"). */
  private written(candidate: Candidate, note: Note, mark: Mark, core: Core): string {
    const words = mark.words;
    const last = words[core.to - 1];
    const isTitled = core.to == core.from + 1 && core.titleAt >= 0;
    if (isTitled) {
      const title = words[core.from - 1].lower;
      if (title == "mr") candidate.mister = true;
      else if (title == "mrs" || title == "ms" || title == "miss") candidate.missus = true;
    }
    const isSaint = words[core.from].is(lexicon.saint) && last.after.startsWith("'s");
    const start = words[isTitled ? core.titleAt : core.from].start;
    return textOf(note, mark).substring(start, isSaint ? last.end + 2 : last.end);
  }

  /** Counts where a name stands; whether that is inside a sentence. */
  private place(candidate: Candidate, mark: Mark, core: Core): bool {
    const words = mark.words;
    const first = words[core.from];
    if (mark.titled) return false;
    if (words[core.to - 1].after.startsWith("'s")) candidate.owner++;
    // A run whose first word begins the sentence is inside it when its first word is a name elsewhere.
    if (!first.initial || (core.to - core.from > 1 && this.reliable(first.spelling))) {
      candidate.mid++;
      return true;
    }
    if (first.before.includes(":") || first.before.includes("|")) candidate.value++;
    else candidate.first++;
    return false;
  }

  /** Adds what stands beside a name; gives 2 or 1 where the words before it, or a label, say "person". */
  private evidence(candidate: Candidate, mark: Mark, core: Core, inside: bool): i32 {
    const words = mark.words;
    const p1 = core.from > 0 && !words[core.from].breakBefore ? words[core.from - 1].spelling : nothing;
    const p2 = p1 != nothing && core.from > 1 && !words[core.from - 1].breakBefore
      ? words[core.from - 2].spelling
      : nothing;
    const next = core.to < words.length && !words[core.to].breakBefore ? words[core.to] : null;
    const n1 = next === null || (next.cap && !next.is(lexicon.generic)) ? nothing : next.spelling;
    const after = words[core.to - 1].after;
    let person = 0;
    if (words[core.from].labelled) {
      candidate.add(Type.person, true, "named after a label");
      person = 2;
    } else if (core.title) candidate.add(Type.person, true, "a title");
    if (this.people.has(candidate.key)) candidate.add(Type.person, true, "named in a note's fields");
    if (p1.is(lexicon.personBefore)) {
      candidate.add(Type.person, true, "addressed");
      person = 2;
    } else if (p1.is(lexicon.roles)) candidate.add(Type.person, true, "a role");
    else if ((p1.lower == "with" || p1.lower == "to") && p2.is(lexicon.personWith)) {
      candidate.add(Type.person, true, "met or spoken to");
      person = 2;
    } else if (p1.is(lexicon.personBeforeWeak)) {
      candidate.add(Type.person, false, "with, by or from");
      person = 1;
    }
    // "The NAME moved": persons take no article.
    const article = p1.lower == "the" || p1.lower == "a" || p1.lower == "an";
    if (article) {
      candidate.article++;
      person = 0;
    }
    if (!article && n1.is(lexicon.personAfter)) {
      if (inside) candidate.add(Type.person, true, "says or does");
      else if (candidate.parts.length == 1) candidate.speech.add(mark.note);
      else candidate.add(Type.person, true, "says or does");
    } else if (!article && n1.is(lexicon.personAfterWeak)) {
      candidate.add(Type.person, false, "does");
      if (!inside) candidate.starts.add(mark.note);
    }
    if (core.to < words.length) this.apposition(candidate, words, core.to, after);
    if ((core.from == 0 || words[core.from].before.includes("\n")) && after.startsWith(":")) {
      candidate.add(Type.person, false, "before a colon");
      if (this.notes[mark.note].chat) candidate.speech.add(mark.note);
    }
    this.elsewhere(candidate, words, core, p1, p2, n1);
    return person;
  }

  /** "NAME (designer)", "NAME, our designer". */
  private apposition(candidate: Candidate, words: Word[], at: i32, after: string): void {
    if (after.startsWith(" (") || after.startsWith("(")) {
      if (words[at].is(lexicon.roles)) candidate.add(Type.person, true, "a role");
    } else if (after == "," && at + 1 < words.length) {
      const word = words[at].lower;
      if (word != "our" && word != "the" && word != "my" && word != "a" && word != "their") return;
      if (words[at + 1].is(lexicon.roles) || (at + 2 < words.length && words[at + 2].is(lexicon.roles))) {
        candidate.add(Type.person, true, "a role");
      }
    }
  }

  /** Evidence of projects, products and places. */
  private elsewhere(
    candidate: Candidate,
    words: Word[],
    core: Core,
    p1: Spelling,
    p2: Spelling,
    n1: Spelling,
  ): void {
    if (core.project || p1.is(lexicon.projectBefore) && p1.lower != "launch") {
      candidate.add(Type.project, true, "named a project");
      candidate.explicit = true;
    } else if (n1.is(lexicon.projectAfter)) {
      candidate.add(Type.project, true, "before " + n1.lower);
      if (n1.lower == "project") candidate.explicit = true;
    }
    if (core.product || n1.is(lexicon.productAfter)) {
      candidate.add(Type.product, true, "before a word for software");
    }
    if (p1.is(lexicon.productBefore)) candidate.add(Type.product, true, "used or installed");
    if (n1.lower.length > 1 && isVersion(n1.lower)) candidate.add(Type.product, true, "a version");
    if (candidate.parts.length == 1 && isCamel(words[core.from].text)) {
      candidate.add(Type.product, true, "its spelling");
    }
    if (n1.is(lexicon.placeAfter)) candidate.add(Type.place, true, "before a word for a place");
    const last = words[core.to - 1];
    const at = p1.lower;
    if (
      candidate.parts.length > 1 &&
      (last.is(lexicon.placeSuffix) || candidate.parts[0].is(lexicon.placePrefix))
    ) candidate.add(Type.place, true, "a word for a place");
    if (!p1.is(lexicon.placeBefore)) {
      if (p1.is(lexicon.placeVisit)) candidate.add(Type.place, false, "visited");
      return;
    }
    const sure = at == "to" || at == "from" || at == "towards"
      ? p2.is(lexicon.travel)
      : p2.is(lexicon.placeVerb);
    if (!sure) {
      if (at == "in" || at == "at" || at == "near") candidate.add(Type.place, false, "in or at");
      else if (at == "to" || at == "into" || at == "on") candidate.add(Type.product, false, "to or on");
      return;
    }
    candidate.add(Type.place, true, "gone to or lived in");
    // "flight from NAME" is no person.
    if (at == "from" && candidate.weak[Type.person] > 0) candidate.weak[Type.person]--;
  }

  /** URLs, tickets, files, handles, code names. */
  private single(note: Note, mark: Mark): void {
    const word = mark.words[mark.from];
    if (word.text.length > 500) return;
    const key = singleKey(mark.kind, word.text);
    const candidate = this.candidate(mark.kind, key, [this.spellings.of(key)]);
    candidate.notes.add(mark.note);
    candidate.units.add(note.unit);
    increment(candidate.surfaces, mark.kind == MarkKind.url && !isBare(word.text) ? key : word.text);
    if (word.code) candidate.inCode = true;
    if (mark.kind == MarkKind.ticket && mark.from > 0 && mark.words[mark.from - 1].is(lexicon.ticketBefore)) {
      candidate.explicit = true;
    }
  }

  // ---- which candidates are things

  private accept(): void {
    this.codeNames();
    const all = this.candidates;
    const prefixes = new Map<string, i32>();
    for (let i = 0; i < all.length; i++) {
      if (all[i].kind == MarkKind.ticket) increment(prefixes, prefixOf(all[i].key));
    }
    for (let i = 0; i < all.length; i++) {
      const candidate = all[i];
      switch (candidate.kind) {
        case MarkKind.name:
          candidate.accepted = this.isName(candidate);
          break;
        case MarkKind.ticket:
          candidate.accepted = candidate.explicit || countOf(prefixes, prefixOf(candidate.key)) > 1 ||
            candidate.key.length - candidate.key.indexOf("-") > 2;
          if (candidate.accepted) candidate.why.add("a ticket's form");
          break;
        case MarkKind.url:
          candidate.accepted = true;
          candidate.why.add("a URL");
          break;
        case MarkKind.file:
          candidate.accepted = true;
          candidate.why.add("a file's form");
          break;
        default:
          break;
      }
    }
  }

  /** Whether one of these is no word of English. */
  private hasUnknown(parts: string[]): bool {
    for (let i = 0; i < parts.length; i++) {
      if (!isDigit(parts[i].charCodeAt(0)) && this.spellings.of(parts[i]).english == 0) return true;
    }
    return false;
  }

  /** "NAME-api" speaks for NAME; where there is no such name it may be a thing of its own. */
  private codeNames(): void {
    const all = this.candidates;
    for (let i = 0; i < all.length; i++) {
      const code = all[i];
      if (code.kind != MarkKind.code) continue;
      const base = baseOf(code.key);
      const name = this.find(MarkKind.name, base.split("-").join(" "));
      if (name !== null && !isListed(this.spellings.of(base)) && (name.mid > 0 || name.strongAll > 0)) {
        name.add(Type.project, true, "a code name");
        name.explicit = true;
        code.root = name;
        continue;
      }
      const parts = base.split("-");
      let plain = false;
      for (let j = 0; j < parts.length; j++) {
        const part = this.spellings.of(parts[j]);
        if (isListed(part) || part.down > 0) plain = true;
      }
      if (plain && isMachine(code.key)) plain = !this.hasUnknown(parts);
      if (plain || !(code.inCode || code.notes.size > 1)) continue;
      code.accepted = true;
      code.add(Type.product, true, "a code name");
    }
  }

  /**
   * How much speaks for a name, in hundredths: a logistic model's weights, fitted to the 22 folders of notes that may
   * be looked at. A name by the older rules needs less of it ({@link ruledScoreMin}) than another.
   */
  private score(candidate: Candidate): i32 {
    const parts = candidate.parts;
    const single = parts.length == 1;
    let unknown = 0, known = 0, common = 0, small = 0, up = 0;
    let listed = false;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (part.is(lexicon.joiners) || (!single && part.lower.length == 1)) continue;
      if (part.english == 0) unknown++;
      else if (part.english == 1) known++;
      else common++;
      small = max(small, part.small(this.spellings));
      up = max(up, part.up);
      if (part.is(lexicon.ordinary)) listed = true;
    }
    let score = 51;
    // What its words are.
    if (single) score += unknown > 0 ? 63 : known > 0 ? -124 : common > 0 ? -304 : 0;
    else score += unknown == 0 ? 59 : known + common == 0 ? 127 : 179;
    if (listed) score -= 112;
    if (candidate.key.length < 4) score -= 155;
    if (single && isShouted(candidate.surface())) score -= 63;
    // The same words in small letters.
    if (small > 0) score -= 84;
    if (small > up) score -= 56;
    if (small > 3 * up) score -= 112;
    // Where it stands.
    if (candidate.mid > 0) score += 189;
    if (candidate.first > 0) score += 74;
    if (candidate.value > 0) score += 92;
    if (candidate.mid + candidate.value == 0) score -= candidate.first > 0 ? 214 : 185;
    if (candidate.units.size > 1) score -= 47;
    // What stands beside it.
    if (candidate.strongAll > 0) score += 57;
    if (candidate.weakAll > 0) score += candidate.weakAll > 1 ? 101 : 37;
    if (candidate.article > 0) score += 102;
    if (candidate.owner > 0) score -= 42;
    if (candidate.speech.size > 0) score += 194;
    if (candidate.starts.size > 0) score += 43;
    return score;
  }

  private isName(candidate: Candidate): bool {
    if (candidate.parts.length == 1 && candidate.key.length < 3 && candidate.strongAll == 0) return false;
    const score = this.score(candidate);
    if (score <= nameScoreMin && (score <= ruledScoreMin || !this.byRules(candidate))) return false;
    if (candidate.speech.size > 0) candidate.add(Type.person, true, "says or does");
    if (candidate.mid > 0) candidate.why.add("a capital inside a sentence");
    if (candidate.value > 0) candidate.why.add("the value of a label or a cell");
    if (candidate.parts.length > 1) candidate.why.add("a name of several words");
    else if (candidate.parts[0].english == 0) candidate.why.add("no word of English");
    return true;
  }

  /** Evidence beside a name, or capitals inside the sentences of several notes. */
  private byRules(candidate: Candidate): bool {
    const parts = candidate.parts;
    let sure = false;
    let all = true;
    for (let i = 0; i < parts.length; i++) {
      if (this.reliable(parts[i])) sure = true;
      else if (!parts[i].is(lexicon.joiners) && !parts[i].is(lexicon.placeSuffix)) all = false;
    }
    const single = parts.length == 1;
    if (single && candidate.key.length < 3 && candidate.strongAll == 0) return false;
    const doing = candidate.speech.size + (candidate.speech.size > 0 ? candidate.starts.size : 0);
    if (single && doing > 1 && candidate.notes.size > 1 && this.neverLower(parts) && !isListed(parts[0])) {
      candidate.add(Type.person, true, "says or does");
      return true;
    }
    if (candidate.speech.size > 0 && candidate.mid > 0) candidate.add(Type.person, true, "says or does");
    if (candidate.mid == 0 || (!sure && !candidate.explicit)) return false;
    const surface = candidate.surface();
    const acronym = single && isShouted(surface);
    if (candidate.strongAll > 0) return true;
    if (acronym) return false;
    if (candidate.weakAll > 1 || (candidate.weakAll > 0 && this.neverLower(parts))) return true;
    if (candidate.mid > 1 && candidate.notes.size > 1) {
      candidate.why.add("a capital inside sentences of several notes");
      return true;
    }
    if (!single && all) {
      candidate.why.add("a name of several words");
      return true;
    }
    return false;
  }

  private neverLower(parts: Spelling[]): bool {
    for (let i = 0; i < parts.length; i++) {
      if (!parts[i].is(lexicon.joiners) && parts[i].small(this.spellings) > 0) return false;
    }
    return true;
  }

  // ---- aliases

  private join(): void {
    const all = this.candidates;
    const full: Candidate[] = [];
    const initialled: Candidate[] = [];
    for (let i = 0; i < all.length; i++) {
      if (!all[i].accepted || all[i].kind != MarkKind.name || !this.isFullName(all[i])) continue;
      if (all[i].parts[0].lower.length == 1) initialled.push(all[i]);
      else full.push(all[i]);
    }
    const named = full.length;
    for (let i = 0; i < initialled.length; i++) {
      if (!this.joinInitial(initialled[i], full, named)) full.push(initialled[i]);
    }
    for (let i = 0; i < all.length; i++) {
      const short = all[i];
      if (short.kind == MarkKind.name && short.parts.length == 1) this.joinFirstName(short, full);
    }
    for (let i = 0; i < all.length; i++) {
      if (all[i].kind == MarkKind.handle) this.joinHandle(all[i], full);
      else if (all[i].kind == MarkKind.file) this.joinFile(all[i], all);
    }
  }

  private isFullName(candidate: Candidate): bool {
    if (candidate.parts.length < 2 || candidate.parts.length > 4 || candidate.isBody) return false;
    for (let i = 0; i < candidate.key.length; i++) if (isDigit(candidate.key.charCodeAt(i))) return false;
    if (candidate.type == Type.person || candidate.parts[0].lower.length == 1) return true;
    if (candidate.type >= 0) return false;
    if (candidate.weak[Type.person] > 0) return true;
    const first = this.find(MarkKind.name, candidate.parts[0].lower);
    return first !== null &&
      (first.type == Type.person || first.speech.size > 0 || first.weak[Type.person] > 0);
  }

  /** "P. NAME" joins the one of the first `count` full names it fits. */
  private joinInitial(short: Candidate, full: Candidate[], count: i32): bool {
    const last = short.parts[short.parts.length - 1].lower;
    let found: Candidate | null = null;
    for (let i = 0; i < count; i++) {
      const parts = full[i].parts;
      if (parts[parts.length - 1].lower != last || !parts[0].lower.startsWith(short.parts[0].lower)) continue;
      if (found !== null) return false;
      found = full[i];
    }
    if (found === null) return false;
    short.accepted = false;
    short.root = found;
    found.add(Type.person, true, "a first name elsewhere");
    return true;
  }

  /** A first or last name joins the one full name it fits; where it fits two, it names nobody. */
  private joinFirstName(short: Candidate, full: Candidate[]): void {
    const type = short.type;
    if (type >= 0 && type != Type.person) return;
    let found: Candidate | null = null;
    let count = 0;
    for (let i = 0; i < full.length; i++) {
      const parts = full[i].parts;
      if (parts[0].lower != short.key && parts[parts.length - 1].lower != short.key) continue;
      found = full[i];
      count++;
    }
    if (count == 0 || found === null) return;
    if (count > 1) {
      short.accepted = false;
      return;
    }
    if (!short.accepted && !this.reliable(short.parts[0])) return;
    short.accepted = false;
    short.root = found;
    found.add(Type.person, true, "a first name elsewhere");
  }

  private joinHandle(handle: Candidate, full: Candidate[]): void {
    const plain = handle.key.split(".").join("").split("_").join("").split("-").join("");
    let found: Candidate | null = null;
    let count = 0;
    for (let i = 0; i < full.length; i++) {
      const first = full[i].parts[0].lower;
      const last = full[i].parts[full[i].parts.length - 1].lower;
      if (plain != first && plain != first + last && plain != first.charAt(0) + last && plain != last) {
        continue;
      }
      found = full[i];
      count++;
    }
    if (count == 0) {
      const single = this.find(MarkKind.name, plain);
      if (single !== null && single.root === null && (single.mid > 0 || single.speech.size > 0)) {
        if (single.type <= Type.person && !isListed(this.spellings.of(plain))) {
          found = single;
          count = 1;
        }
      }
    }
    if (count == 1 && found !== null) {
      found.add(Type.person, true, "an @name");
      found.accepted = true;
      handle.root = found;
    } else if (count == 0 && !isListed(this.spellings.of(plain))) {
      handle.accepted = true;
      handle.add(Type.person, true, "an @name");
    }
  }

  /** A bare file name joins the one path that ends in it. */
  private joinFile(file: Candidate, all: Candidate[]): void {
    if (file.key.includes("/")) return;
    let found: Candidate | null = null;
    let count = 0;
    for (let i = 0; i < all.length; i++) {
      if (all[i].kind != MarkKind.file || !all[i].key.endsWith("/" + file.key)) continue;
      found = all[i];
      count++;
    }
    if (count != 1) return;
    file.accepted = false;
    file.root = found;
  }

  private rootOf(candidate: Candidate): Candidate | null {
    const root = candidate.root;
    if (root === null) return candidate.accepted ? candidate : null;
    const next = root.root;
    const last = next === null ? root : next;
    return last.accepted ? last : null;
  }

  /** Names in too many documents are no things. */
  private dropWords(): void {
    const all = this.candidates;
    const total = this.units.size;
    if (total < documentsMin) return;
    const reach = new Map<Candidate, Set<string>>();
    for (let i = 0; i < all.length; i++) {
      const root = this.rootOf(all[i]);
      if (root === null || (root.kind != MarkKind.name && root.kind != MarkKind.code)) continue;
      if (!reach.has(root)) reach.set(root, new Set<string>());
      const units = all[i].units.values();
      for (let j = 0; j < units.length; j++) reach.get(root).add(units[j]);
    }
    const roots = reach.keys();
    for (let i = 0; i < roots.length; i++) {
      const root = roots[i];
      const count = reach.get(root).size;
      const type = root.type;
      const named = root.explicit ||
        (type >= 0 && (root.strong[type] > 2 || (root.strong[type] > 0 && root.weak[type] > 4))) ||
        (root.parts.length > 1 && type == Type.person);
      // Among few documents a fifth is soon passed: there, some evidence beside the name is enough.
      const few = total < documentsMany;
      const kept = named || (few && (root.parts.length > 1 || root.strongAll * 2 + root.weakAll > 2));
      if ((count * 5 > total && !kept) || (count * 2 > total && !few)) root.accepted = false;
    }
  }

  // ---- what is found

  private collect(): Thing[] {
    const things = new Map<string, Thing>();
    for (let i = 0; i < this.notes.length; i++) this.mentionsOf(this.notes[i], things);
    const refs = sorted(things.keys());
    const found: Thing[] = [];
    for (let i = 0; i < refs.length; i++) found.push(things.get(refs[i]));
    return found;
  }

  private mentionsOf(note: Note, things: Map<string, Thing>): void {
    for (let i = 0; i < note.marks.length; i++) {
      const mark = note.marks[i];
      if (mark.kind != MarkKind.name) {
        const word = mark.words[mark.from];
        const candidate = this.find(mark.kind, singleKey(mark.kind, word.text));
        if (candidate !== null) this.mention(note, mark, mark.from, mark.to, candidate, things);
        continue;
      }
      if (mark.small) {
        const small = this.find(MarkKind.name, mark.words[mark.from].lower);
        if (small !== null) this.mention(note, mark, mark.from, mark.to, small, things);
        continue;
      }
      const core = this.core(mark);
      let whole: Candidate | null = null;
      if (core !== null) whole = this.find(MarkKind.name, core.key);
      if (core !== null && whole !== null && this.rootOf(whole) !== null) {
        this.mention(note, mark, core.from, core.to, whole, things);
      } else this.within(note, mark, things);
    }
  }

  /** A run that is no thing as a whole may hold one that is: the longest from the left, but no part of a full name. */
  private within(note: Note, mark: Mark, things: Map<string, Thing>): void {
    const words = mark.words;
    let from = mark.from;
    while (from < mark.to) {
      let next = from + 1;
      for (let to = mark.to; to > from; to--) {
        let key = words[from].lower;
        for (let i = from + 1; i < to; i++) key += " " + words[i].lower;
        const candidate = this.find(MarkKind.name, key);
        if (candidate === null) continue;
        const root = this.rootOf(candidate);
        if (root === null || (to - from == 1 && root.type == Type.person && this.isPart(mark, from))) {
          continue;
        }
        this.mention(note, mark, from, to, candidate, things);
        next = to;
        break;
      }
      from = next;
    }
  }

  /** Whether a word of a run stands beside another that is no word of English: a part of a name then. */
  private isPart(mark: Mark, at: i32): bool {
    const words = mark.words;
    return (at > mark.from && words[at - 1].spelling.english == 0 && !words[at].breakBefore) ||
      (at + 1 < mark.to && words[at + 1].spelling.english == 0 && !words[at + 1].breakBefore);
  }

  private mention(
    note: Note,
    mark: Mark,
    from: i32,
    to: i32,
    candidate: Candidate,
    things: Map<string, Thing>,
  ): void {
    const root = this.rootOf(candidate);
    if (root === null) return;
    const ref = refOf(root);
    if (!things.has(ref)) things.set(ref, this.thing(ref, root));
    const words = mark.words;
    let first = from;
    let last = to;
    if (mark.kind == MarkKind.name) {
      if (first > 0 && !words[first].breakBefore && words[first - 1].lower == "project") first--;
      if (last < words.length && !words[last].breakBefore && words[last].is(lexicon.generic)) last++;
      if (to == from + 1) {
        while (first > 0 && words[first - 1].is(lexicon.titles) && words[first - 1].cap && !words[first].breakBefore) first--;
      }
    }
    const start = words[first].start;
    const end = words[last - 1].end;
    const thing = things.get(ref);
    const surface = candidate.kind == MarkKind.url ? candidate.key : textOf(note, mark).substring(start, end);
    if (surface != thing.name && !thing.aliases.includes(surface)) thing.aliases.push(surface);
    if (thing.mentions.has(mark.note)) {
      const known = thing.mentions.get(mark.note);
      known.count++;
    } else thing.mentions.set(mark.note, new Mention(mark.note, start, end, mark.heading));
  }

  private thing(ref: string, root: Candidate): Thing {
    return new Thing(ref, root.surface(), typeOf(root), [], sorted(root.why.values()));
  }
}

/** The text that a mark stands in. */
function textOf(note: Note, mark: Mark): string {
  return mark.heading ? note.title : note.content;
}

/** Stands where no word is. */
const nothing = new Spelling("");

function isListed(word: Spelling): bool {
  return word.is(lexicon.never | lexicon.ordinary);
}

function increment(counts: Map<string, i32>, key: string): void {
  counts.set(key, counts.has(key) ? counts.get(key) + 1 : 1);
}

function countOf(counts: Map<string, i32>, key: string): i32 {
  return counts.has(key) ? counts.get(key) : 0;
}

/** Whether a name at `from` goes on a list whose last name ended at `to`: "A, B and C". */
function follows(words: Word[], to: i32, from: i32): bool {
  if (from == to) return words[from].before == ",";
  if (from != to + 1) return false;
  const word = words[to].lower;
  return word == "and" || word == "or";
}

/** "Gate 12", "Batch B2": a number after a single word makes it a label, not a name; "3.1" is a version. */
function isNumbered(words: Word[], to: i32): bool {
  if (to >= words.length || words[to].breakBefore) return false;
  const text = words[to].text;
  return isDigit(text.charCodeAt(0)) && !text.includes(".");
}

function prefixOf(ticket: string): string {
  return ticket.substring(0, ticket.indexOf("-"));
}

/** A code name without its last parts that name software. */
function baseOf(code: string): string {
  let base = code;
  while (true) {
    const dash = base.lastIndexOf("-");
    if (dash < 0 || (lexicon.classesOf(base.substring(dash + 1)) & lexicon.codeSuffix) == 0) return base;
    base = base.substring(0, dash);
  }
}

function singleKey(kind: MarkKind, text: string): string {
  if (kind == MarkKind.handle) return text.substring(1).toLowerCase();
  if (kind == MarkKind.file) return text.startsWith("./") ? text.substring(2) : text;
  if (kind != MarkKind.url) return text;
  const full = text.includes("://") ? text : "https://" + text;
  const path = full.indexOf("/", full.indexOf("://") + 3);
  const host = path < 0 ? full : full.substring(0, path);
  const rest = path < 0 ? "" : full.substring(path);
  return host.toLowerCase() + (rest.endsWith("/") ? rest.substring(0, rest.length - 1) : rest);
}

/** The name of a host alone, as people write it. */
function isBare(text: string): bool {
  return !text.includes("/") && !text.startsWith("www.");
}

function refOf(root: Candidate): string {
  switch (root.kind) {
    case MarkKind.url:
      return "url:" + root.key;
    case MarkKind.ticket:
      return "ticket:" + root.key;
    case MarkKind.file:
      return "file:" + root.key;
    case MarkKind.handle:
      return "handle:" + root.key;
    default:
      return "name:" + root.key;
  }
}

function typeOf(root: Candidate): string {
  switch (root.kind) {
    case MarkKind.url:
      return "url";
    case MarkKind.ticket:
      return "ticket";
    case MarkKind.file:
      return "file";
    default:
      if (root.type >= 0) return typeNames[root.type];
      return root.parts.length > 1 && root.weak[Type.person] > 0 && !root.isBody ? "person" : "name";
  }
}

/** "v2", "3.1". */
function isVersion(text: string): bool {
  const from = text.charCodeAt(0) == 0x76 ? 1 : 0;
  if (!isDigit(text.charCodeAt(from))) return false;
  return from == 1 || text.includes(".");
}

/** Capitals inside a word after small letters, as products have; not "McCoy". */
function isCamel(text: string): bool {
  if (text.startsWith("Mc") || text.startsWith("Mac") || text.includes("'") || text.includes("-")) {
    return false;
  }
  let small = false;
  for (let i = 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isLetter(code)) return false;
    if (!isUpper(code)) small = true;
    else if (small) return true;
  }
  return false;
}
