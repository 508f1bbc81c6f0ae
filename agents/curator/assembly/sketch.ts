/**
 * A sentence read loosely: its words, values and negation, clause by clause, and where it tells a change the cue, the
 * old value it names, and the clause in which it does so. For sentences of which no strict fact can be read, too.
 *
 * Owns: what one sentence says alone. Does not own: how two of them stand to each other (reversals.ts).
 *
 * Invariant: a function of the sentence, the one before it and the heading alone.
 */
import { isUpper } from "../../sdk/assemblyscript/assembly";
import { Topic } from "./fact";
import { stemOf, Token, tokenize } from "./tokens";
import { hasDigit, Kind, readValues, settledValues, Value, ValueSet } from "./values";
import {
  adverbs,
  attributes,
  auxiliaries,
  changes,
  clauseEnds,
  copulas,
  determiners,
  hedges,
  monthOf,
  negations,
  otherLabels,
  plainVerbs,
  predicates,
  pronouns,
  relatives,
  roles,
  set,
  stops,
  weekdayOf,
} from "./vocabulary";

/** Longer sentences tell more than one thing. */
const tokensMax: i32 = 60;

/** Labels of a plan's lines: "when: Friday". */
const asked = set("when where who");

/** Verbs of choosing and having: what is chosen is the whole statement. */
const choices = set(
  "use uses used using buy buys buying bought get gets getting got take takes taking order orders ordered choose " +
    "chose chosen pick picked settle settled agree agreed decide decided opt opted hire hired",
);
/** Words that say little about what a sentence is about. */
const light = set(
  "be is are was were been being has have had having will shall do does did done can cannot could would should must may " +
    "might come comes coming came go goes going gone went get gets got take takes taking took taken make makes made making " +
    "put puts set sets say says said tell told give gives given gave keep let lets use uses used using buy buys buying bought " +
    "allow allows allowed permitted possible colleague neighbour neighbor friend brother sister cousin niece nephew aunt uncle wife husband son daughter fellow need needs run runs ran running charge responsible further notice happen happens remain remains stay stays stand place called named decided decide agreed agree settled settle chosen " +
    "choose chose picked pick resolved resolve noted note reported report confirmed announced elected appointed discussed wish wishes offered please thanks ok okay yes well just only really very quite too " +
    "about around up down off out over back away here there then than so also after before all some any more most much many " +
    "other first next last each every today tomorrow yesterday now instead longer anymore again still yet ever never not no " +
    "join joins joined joining serves acts n't without like want wants try tried week month year new old current what when where who why how which " +
    "per via morning mornings evening evenings afternoon afternoons night nights am pm until till since during within because though although however therefore hence",
);
/** Irregular forms and what they are forms of. */
const irregular = new Map<string, string>();
const irregulars = "sold=sell held=hold kept=keep met=meet ran=run paid=pay led=lead left=leave sent=send built=build lent=lend " +
  "spent=spend taught=teach drove=drive grew=grow wrote=write written=write broke=break broken=break began=begin begun=begin " +
  "hung=hang sat=sit stood=stand brought=bring lay=lie lies=lie lost=lose won=win sang=sing spoke=speak flew=fly";
const irregularPairs = irregulars.split(" ");
for (let i = 0; i < irregularPairs.length; i++) {
  const pair = irregularPairs[i].split("=");
  irregular.set(pair[0], pair[1]);
}

/** Verbs that say in any form that something is another now. */
const turns = set(
  "moved moves move moving pushed postponed postpone shifted shift shifts slipped slips delayed rescheduled reschedule " +
    "relocated changed changes change switched switch switches migrated migrate replaced replaces replace swapped swap raised raise lowered lower " +
    "increased increase reduced reduce decreased renamed extended extend upgraded upgrade downgraded transferred transfer " +
    "shortened bumped bump cut tightened relaxed dropped drop doubled halved brought rotated reverted reversed corrected " +
    "supersedes superseded amended revised",
);
/** Behind a name they say who tells it. */
const saying = set("said says told tells thinks thought reports reported reckons wrote writes confirmed confirms announced asks asked");
/** Before a value: it is where a change goes. */
const towards = set("now to at until till is are be was into : =");
/** Cues that say how it is now. */
const states = ["now", "from now on", "instead", "instead of", "as of", "in future"];
/** Words, other than those of turns, that may be a cue or begin one. */
const telling = set(
  "now longer anymore more instead rather after as in from brought put takes took taken take elected appointed new gone went up down " +
    "stopped stop stops ceased quit not cancelled canceled scrapped scrap correction update hands handed again change left leaving " +
    "withdrawn resigned retired retiring succeeds succeeded called",
);
/** Words that may tell a change where nothing else does. */
const weakWords = set(
  "from back until till off dead gone over was new more out then so becomes became become rebooked booked scrap against therefore not no n't never wrong " +
    "extended settled returns returned stays finally only also up raised sooner earlier been turned starting",
);
/** Someone goes: who comes stands in the clause that follows. */
const goings = set("left leaving withdrawn resigned retired retiring quit");
const stopsDoing = set("stopped stop stops ceased quit");

/** Prepositions, each with a number: at and in are the first. */
const joins = new Map<string, i32>();
const joinWords = "at in on by with from to through for as into under near until per of via behind than".split(" ");
for (let i = 0; i < joinWords.length; i++) joins.set(joinWords[i], i + 1);

/** What kinds of word a token may be. */
namespace Class {
  export const decides: i32 = 1;
  export const hedge: i32 = 2;
  /** A form of be or have, or a colon. */
  export const links: i32 = 4;
  /** A verb, as far as its form tells. */
  export const acts: i32 = 8;
  export const present: i32 = 16;
  export const future: i32 = 32;
  export const past: i32 = 64;
  export const equates: i32 = 128;
  export const negates: i32 = 256;
  export const relative: i32 = 512;
  export const chooses: i32 = 1024;
  export const role: i32 = 2048;
  export const copula: i32 = 4096;
}

/** A verb, as far as its form tells. */
function isVerb(token: Token): bool {
  const lower = token.lower;
  return predicates.has(lower) || changes.has(lower) || turns.has(lower) || choices.has(lower) || plainVerbs.has(lower) ||
    !token.capital && lower.length > 4 && lower.endsWith("ed");
}
function isPast(token: Token): bool {
  return !token.capital && token.word && (irregular.has(token.lower) || token.lower == "went" || token.lower == "came" || token.lower == "got" || token.lower == "took" || token.lower == "said");
}

/** The form of the words for prices: money says it without them. */
export const priceForm: u64 = hash("@price");

/** FNV-1a, 64 bits. */
export function hash(text: string): u64 {
  let value: u64 = 0xcbf29ce484222325;
  for (let i = 0; i < text.length; i++) value = (value ^ <u64> text.charCodeAt(i)) * 0x100000001b3;
  return value;
}

/** The word as it is compared: common words for one attribute are one. */
function formOf(token: Token): u64 {
  const lower = token.lower;
  if (attributes.has(lower)) {
    const one = attributes.get(lower);
    if (one == "@price" || one == "@launch" || one == "@due" || one == "@start") return hash(one);
  }
  return hash(familyOf(irregular.has(lower) ? irregular.get(lower) : lower));
}

/** rotation and rotate, payment and pay, delivery and deliver are one. */
function familyOf(lower: string): string {
  const stem = stemOf(lower);
  const n = stem.length;
  if (n > 6 && stem.endsWith("ion")) return stem.substring(0, n - 3);
  if (n > 6 && stem.endsWith("ment")) return stem.substring(0, n - 4);
  if (n > 6 && (stem.endsWith("ance") || stem.endsWith("anc"))) return stem.substring(0, stem.lastIndexOf("anc"));
  if (n > 7 && stem.endsWith("al")) return stem.substring(0, n - 2);
  return n > 6 && stem.endsWith("ery") ? stem.substring(0, n - 1) : stem;
}

function isAcronym(text: string): bool {
  if (text.length < 2 || text.length > 4) return false;
  for (let i = 0; i < text.length; i++) if (!isUpper(text.charCodeAt(i))) return false;
  return true;
}

/** "we'll" is "we". */
function bare(lower: string): string {
  const straight = lower.indexOf("'"), curly = lower.indexOf("’");
  const at = straight > 0 ? straight : curly;
  return at > 0 ? lower.substring(0, at) : lower;
}

/** Written as a name or an address: HK-22, eLife, data/raw, Maria. */
function isName(token: Token): bool {
  if (hasDigit(token.text)) return true;
  // GP, SSO: the short form of common words.
  if (token.capital) return !isAcronym(token.text);
  for (let i = 1; i < token.text.length; i++) {
    const code = <i32> token.text.charCodeAt(i);
    if (code == 0x2f || code == 0x40 || code == 0x5f || isUpper(code)) return true;
  }
  return false;
}

/** A typed value as a word. */
function valueForm(value: Value): u64 {
  return hash(<string> (value.kind as i32).toString() + " " + value.amount.toString() + value.unit);
}

function maskOf(word: u64): u64 {
  return (<u64> 1) << (word & 63);
}

const chosenForms = new Set<u64>();
const chosenWords = choices.values();
for (let i = 0; i < chosenWords.length; i++) chosenForms.add(hash(familyOf(chosenWords[i])));
/** Whether a word only says that something was chosen: bought, ordered, picked. */
export function isChoice(word: u64): bool {
  return chosenForms.has(word);
}

export function holds(words: u64[], one: u64): bool {
  for (let i = 0; i < words.length; i++) if (words[i] == one) return true;
  return false;
}

/** A sentence, or one clause of it. */
export class View {
  /** Content words outside typed values. */
  words: u64[] = [];
  /** Those of them that begin with a capital inside the sentence, or hold a digit. */
  names: u64[] = [];
  /** Those of them that stand before the verb, but for those that say where. */
  headNames: u64[] = [];
  /** Words that only stand before a number that makes a name of them: the "room" of "room 4". */
  nouns: u64[] = [];
  /** Each of them with its number. */
  numbered: u64[] = [];
  typed: Value[] = [];
  /** A bit for each kind among them. */
  kinds: i32 = 0;
  /** Content words before the first verb. */
  heads: u64[] = [];
  /** By which preposition each of `words`, each of `typed` is joined on (a letter of its own each), or 0. */
  wordJoins: i32[] = [];
  typedJoins: i32[] = [];
  /** It speaks of the present, of what will be, of what was. */
  present: bool = false;
  future: bool = false;
  past: bool = false;
  /** The word it begins with, of which the capital does not say whether it is a name; or 0. */
  first: u64 = 0;
  /** "next Friday": which it is depends on the day of writing. */
  relative: bool = false;
  /** A bit a word, by which most pairs are seen to share too little. */
  mask: u64 = 0;
  negative: bool = false;
  hedged: bool = false;
  /** It has a form of "be", or a label. */
  equates: bool = false;
  /** Something is chosen: bought, used, taken, decided. */
  chosen: bool = false;
  role: bool = false;

  /** Takes no more room than it needs, once it is read. */
  settle(): void {
    this.words = settled(this.words);
    this.names = settled(this.names);
    this.headNames = settled(this.headNames);
    this.nouns = settled(this.nouns);
    this.numbered = settled(this.numbered);
    this.typed = settledValues(this.typed);
    this.heads = settled(this.heads);
    this.wordJoins = this.wordJoins.length == 0 ? noJoins : this.wordJoins.slice();
    this.typedJoins = this.typedJoins.length == 0 ? noJoins : this.typedJoins.slice();
  }
}

const noWords: u64[] = [];
const noJoins: i32[] = [];
const noView: View = new View();

/** A list that grows no more: without spare room, and one for all that are empty. */
function settled(list: u64[]): u64[] {
  return list.length == 0 ? noWords : list.slice();
}

export class Sketch {
  /** The whole sentence, then its clauses where there are several. */
  readonly views: View[] = [];
  /** Up to three of the longest words of the sentence: one of them stands in every sentence about the same. */
  keys: u64[] = [];
  /** The word by which it tells a change, or "". */
  cue: string = "";
  /** Where there is no cue: a word that may tell a change, or "". */
  weak: string = "";
  /** A word says how it is now, whatever the cue. */
  saysNow: bool = false;
  /** The clause with the cue, with its label. */
  turn: View = noView;
  /** Names and numbered words of that clause before its verb, or after "of" and "for": whose change it is. */
  subjectNames: u64[] = [];
  oldTyped: Value[] = [];
  oldWords: u64[] = [];
  /** Some word of the old value begins with a capital. */
  oldNamed: bool = false;
  /** Content words and values behind a negation, or of which it says that they are over. */
  denied: u64[] = [];
  deniedTyped: Value[] = [];
  /** Its typed values, in a form by which sentences are found. */
  values: u64[] = [];
  /** Those of them that are over, likewise. */
  deniedValues: u64[] = [];
  /** It speaks of what was said before: by "it", "he", "there". */
  refers: bool = false;
  /** Content words of the sentence before, where this one goes on with it. */
  before: u64[] = [];
  topic: u64[] = [];
  /** It is a line `Label: value`. */
  labelled: bool = false;
  /** The heading above is a name, and no day. */
  headed: bool = false;

  /** Of all words it has or goes on with. */
  mask: u64 = 0;

  /** As {@link View.settle}. */
  settle(): void {
    for (let i = 0; i < this.views.length; i++) this.views[i].settle();
    if (this.turn !== noView) this.turn.settle();
    this.keys = settled(this.keys);
    this.subjectNames = settled(this.subjectNames);
    this.oldTyped = settledValues(this.oldTyped);
    this.oldWords = settled(this.oldWords);
    this.denied = settled(this.denied);
    this.deniedTyped = settledValues(this.deniedTyped);
    this.values = settled(this.values);
    this.deniedValues = settled(this.deniedValues);
    this.before = settled(this.before);
    this.topic = settled(this.topic);
  }
  get tells(): bool {
    return this.cue.length > 0 || this.weak.length > 0;
  }
  get whole(): View {
    return this.views[0];
  }
}

/** Reads one sentence; null where nothing can be compared. */
export function sketchOf(text: string, previous: string, topic: Topic): Sketch | null {
  const first = <i32> text.charCodeAt(0);
  if (text.endsWith("?") || text.includes("~~") || first == 0x22 || first == 0x201c || first == 0x3e) return null;
  const tokens = tokenize(text);
  if (tokens.length < 3 || tokens.length > tokensMax || otherLabels.has(tokens[0].lower) && !asked.has(tokens[0].lower) && tokens[1].text == ":") return null;
  const sketch = new SketchReader(tokens).read(previous, topic);
  if (sketch !== null) sketch.settle();
  return sketch;
}

class SketchReader {
  private readonly sketch: Sketch = new Sketch();
  /** The clause of each token; the place of the typed value it belongs to, or -1; whether it is of the old value. */
  private readonly clause: i32[];
  private readonly taken: i32[];
  private readonly old: bool[];
  private readonly numbered: bool[];
  private readonly forms: u64[];
  /** Classes of each token, and the preposition that it is. */
  private readonly classes: i32[];
  private readonly joins: i32[];
  private readonly values: ValueSet = new ValueSet();
  private clauses: i32 = 1;
  private cueAt: i32 = -1;

  constructor(private readonly tokens: Token[]) {
    this.clause = new Array<i32>(tokens.length).fill(0);
    this.taken = new Array<i32>(tokens.length).fill(-1);
    this.old = new Array<bool>(tokens.length).fill(false);
    this.numbered = new Array<bool>(tokens.length).fill(false);
    this.forms = new Array<u64>(tokens.length).fill(0);
    this.classes = new Array<i32>(tokens.length).fill(0);
    this.joins = new Array<i32>(tokens.length).fill(0);
  }

  read(previous: string, topic: Topic): Sketch | null {
    const tokens = this.tokens;
    readValues(tokens, 0, tokens.length, this.values, this.taken);
    this.numberNames();
    this.readForms();
    this.readClasses();
    this.cut();
    this.findCue();
    this.findOld();
    this.findDenied();
    this.findLeft();
    const sketch = this.sketch;
    const whole = this.viewOf(-1);
    if (whole.words.length == 0) return null;
    sketch.views.push(whole);
    const head = this.headEnd();
    if (head > 0) {
      const before = this.viewOf(-1, true, -1, head);
      if (before.words.length > 0 && before.words.length < whole.words.length) sketch.views.push(before);
    }
    if (this.clauses > 1) for (let i = 0; i < this.clauses; i++) sketch.views.push(this.viewOf(i));
    for (let i = 0; i < topic.subject.length; i++) sketch.topic.push(hash(stemOf(topic.subject[i])));
    sketch.headed = topic.named && !topic.occasion;
    sketch.labelled = this.labelled();
    this.takeKeys();
    for (let i = 0; i < whole.typed.length; i++) sketch.values.push(valueForm(whole.typed[i]));
    sketch.refers = this.goesOn(0);
    if (this.cueAt < 0) this.findWeak();
    if (this.cueAt < 0) return sketch;
    sketch.saysNow = this.hasNow();
    this.findGone();
    const at = this.turnClause(this.clause[this.cueAt]);
    const until = this.turnEnd(at);
    sketch.turn = this.viewOf(at, false, until);
    if (turns.has(sketch.cue)) this.keepTowards(at, until);
    if (sketch.turn.hedged) sketch.cue = sketch.weak = "";
    this.takeSubject(at);
    if (sketch.labelled) {
      const label = this.viewOf(0);
      for (let i = 0; i < label.words.length; i++) if (!holds(sketch.turn.words, label.words[i])) sketch.turn.words.push(label.words[i]);
    }
    if (this.goesOn(at) && previous.length > 0) this.wordsOf(tokenize(previous), sketch.before);
    sketch.mask = whole.mask;
    for (let i = 0; i < sketch.before.length; i++) sketch.mask |= maskOf(sketch.before[i]);
    return sketch;
  }

  /** Behind the first value: what follows only tells more of it; 0 where there is none. */
  private headEnd(): i32 {
    for (let i = 1; i < this.tokens.length; i++) {
      if (this.taken[i] < 0) continue;
      let end = i;
      while (end < this.tokens.length && this.taken[end] >= 0) end++;
      return end;
    }
    return 0;
  }

  /** "flat 3", "pH 7.5": a number behind its noun is a name, not a value. */
  private numberNames(): void {
    const tokens = this.tokens;
    for (let i = 1; i < tokens.length; i++) {
      if (this.taken[i] < 0) continue;
      const value = this.values.typed[this.taken[i]];
      if (value.kind != Kind.number || value.unit.length > 0 || !isContent(tokens[i - 1]) || this.taken[i - 1] >= 0) continue;
      this.taken[i] = -1;
      this.numbered[i] = true;
    }
  }

  /** Of each token once: its form where it is a content word, else 0. */
  private readForms(): void {
    for (let i = 0; i < this.tokens.length; i++) {
      if (this.numbered[i]) this.forms[i] = hash(stemOf(this.tokens[i - 1].lower) + " " + this.tokens[i].text);
      else if (isContent(this.tokens[i])) this.forms[i] = formOf(this.tokens[i]);
    }
  }
  /** Of each token once: what kind of word it is. */
  private readClasses(): void {
    for (let i = 0; i < this.tokens.length; i++) {
      const token = this.tokens[i], lower = token.lower;
      if (!token.word) {
        if (token.text == ":") this.classes[i] = Class.links | (this.at(i - 1) != "by" ? Class.equates : 0);
        continue;
      }
      let found = isVerb(token) ? Class.acts : 0;
      if (copulas.has(lower)) found |= Class.links | Class.equates | Class.copula;
      if (auxiliaries.has(lower)) found |= Class.links;
      if (lower == "agreed" || lower == "decided" || lower == "resolved") found |= Class.decides;
      if (hedges.has(lower) || lower == "may") found |= Class.hedge;
      if (negations.has(lower) || stopsDoing.has(lower)) found |= Class.negates;
      if (relatives.has(lower)) found |= Class.relative;
      if (choices.has(lower)) found |= Class.chooses;
      if (roles.has(lower)) found |= Class.role;
      if (lower == "is" || lower == "are" || lower == "has" || lower == "have") found |= Class.present;
      else if (lower == "will" || lower == "shall" || lower == "going" || lower == "'ll") found |= Class.future;
      else if (lower == "was" || lower == "were" || lower == "had" || lower == "did" || isPast(token)) found |= Class.past;
      this.classes[i] = found;
      if (joins.has(lower)) this.joins[i] = joins.get(lower);
    }
  }
  private formAt(i: i32): u64 {
    return this.forms[i];
  }
  private contentAt(i: i32): bool {
    return this.forms[i] != 0;
  }

  /** Cuts into clauses at marks and conjunctions. */
  private cut(): void {
    const tokens = this.tokens;
    let now = 0;
    for (let i = 0; i < tokens.length; i++) {
      const text = tokens[i].text;
      const follows = text == "," && (this.at(i + 1) == "to" || this.at(i + 1) == "until" || this.at(i + 1) == "from" || this.at(i + 1) == "not");
      const mark = text == "," && !follows || text == ";" || text == "—" || text == "–" || text == "(" || text == ")" || text == ":" ||
        text == "!" && i + 1 < tokens.length;
      const joins = clauseEnds.has(tokens[i].lower) && tokens[i].lower != "and" && i > 0;
      const andVerb = tokens[i].lower == "and" && i + 1 < tokens.length && i > 2 && this.opensClause(i + 1);
      if ((mark || joins || andVerb) && i > 0) now++;
      this.clause[i] = now;
    }
    this.clauses = now + 1;
  }

  /** "… and Fiona Drew has …", "… and are going for …": a verb follows soon. */
  private opensClause(at: i32): bool {
    for (let i = at; i < this.tokens.length && i < at + 4; i++) {
      const lower = this.tokens[i].lower;
      if (!this.tokens[i].word) return false;
      if (copulas.has(lower) || auxiliaries.has(lower) || changes.has(lower) || pronouns.has(lower)) return true;
    }
    return false;
  }

  /** "Zed raised the price: $69 a seat": what follows the colon belongs to it. */
  private turnEnd(clause: i32): i32 {
    for (let i = 1; i < this.tokens.length; i++) if (this.clause[i] == clause + 1) return this.tokens[i].text == ":" ? clause + 1 : clause;
    return clause;
  }

  /** Of the values of the clause, those the change goes to: "raised to £40", and not "moved 3 boxes". */
  private keepTowards(from: i32, to: i32): void {
    const typed = this.sketch.turn.typed;
    for (let v = typed.length - 1; v >= 0; v--) {
      let kept = false;
      for (let i = 1; i < this.tokens.length; i++) {
        if (this.clause[i] < from || this.clause[i] > to || this.taken[i] < 0 || this.values.typed[this.taken[i]] !== typed[v]) continue;
        let before = i - 1;
        while (before > 0 && (this.taken[before] >= 0 || determiners.has(this.at(before)) || this.at(before) == "about" || this.at(before) == "of")) before--;
        kept = towards.has(this.at(before)) || this.at(before) == "on" && typed[v].kind == Kind.weekday || typed.length == 1 && this.taken[before] < 0 && this.tokens[before].text == ":";
        break;
      }
      if (!kept) typed.splice(v, 1);
    }
  }

  /** "Ada can't any more, so the cook is Ben": the new value stands in the clause that follows. */
  private turnClause(clause: i32): i32 {
    if (clause + 1 < this.clauses && this.viewOf(clause).words.length == 0 && !this.sketch.labelled) return clause + 1;
    if (clause + 1 < this.clauses && (this.sketch.cue == "correction" || this.sketch.cue == "update" || this.sketch.cue == "scrap" || this.sketch.cue == "change of plan")) return clause + 1;
    if (this.sketch.cue != "any more" && this.sketch.cue != "no longer" && !goings.has(this.sketch.cue)) return clause;
    for (let i = 1; i < this.tokens.length; i++) {
      if (this.clause[i] != clause + 1) continue;
      if (this.at(i) == "so" || this.at(i) == "," && this.at(i + 1) == "so" || this.tokens[i].text == ";") return this.at(i) == "," && this.clauses > clause + 2 && this.at(i + 1) == "so" ? clause + 2 : clause + 1;
      return clause;
    }
    return clause;
  }

  private labelled(): bool {
    for (let i = 1; i < this.tokens.length && i < 7; i++) if (this.tokens[i].text == ":") return this.clause[i] == 1;
    return false;
  }

  /** The first word that tells a change. */
  private findCue(): void {
    const tokens = this.tokens;
    for (let i = 0; i < tokens.length; i++) {
      if (!telling.has(tokens[i].lower) && !turns.has(tokens[i].lower)) continue;
      const cue = this.cueOf(i);
      if (cue.length == 0) continue;
      // "has changed her round and comes on Tuesdays from now on": what says how it is now tells more.
      if (this.cueAt >= 0 && this.sketch.cue != "again" && !(states.includes(cue) && !states.includes(this.sketch.cue) && this.hasValue(this.clause[i]))) continue;
      this.sketch.cue = cue;
      this.cueAt = i;
    }
  }

  /** The last word that may tell a change. */
  private findWeak(): void {
    for (let i = this.tokens.length - 1; i >= 0; i--) {
      const word = this.at(i);
      if (!weakWords.has(word) || !this.mayTurn(i)) continue;
      this.sketch.weak = word;
      this.cueAt = i;
      return;
    }
  }

  private mayTurn(i: i32): bool {
    const word = this.at(i), before = this.at(i - 1), next = this.at(i + 1);
    if (word == "from") return this.isDateAt(i + 1) || this.saidAfter(i, 5, "to") || next == "today" || next == "tomorrow" || next == "this" || next == "next";
    if (word == "been") return before == "had";
    if (word == "starting") return next == "today" || next == "tomorrow" || next == "this" || next == "next" || this.isDateAt(i + 1);
    if (word == "back") return next == "to" || next == "at" || next == "in" || next == "on";
    if (word == "until" || word == "till") return next == "further";
    if (word == "off") return this.at(i + 1) != "on" && i > 0;
    if (word == "dead" || word == "gone" || word == "over") return copulas.has(before);
    if (word == "was") return before == ",";
    if (word == "new") return next.length > 0;
    if (word == "more") return before == "no" || before == "once";
    if (word == "out") return before == "turns" || before == "turned";
    if (word == "then") return copulas.has(before);
    if (word == "so") return before == "," || i == 0;
    return true;
  }

  private hasNow(): bool {
    for (let i = 0; i < this.tokens.length; i++) {
      const word = this.at(i);
      if (word == "now" || word == "instead" || word == "anymore" || word == "longer" || word == "onwards") return true;
    }
    return false;
  }

  private hasValue(clause: i32): bool {
    for (let i = 1; i < this.tokens.length; i++) {
      if (this.clause[i] == clause && (this.taken[i] >= 0 || this.tokens[i].word && isName(this.tokens[i]))) return true;
    }
    return false;
  }

  private at(i: i32): string {
    return i >= 0 && i < this.tokens.length ? this.tokens[i].lower : "";
  }

  private cueOf(i: i32): string {
    const word = this.at(i), before = this.at(i - 1), next = this.at(i + 1);
    if (word == "now") {
      const bound = before == "for" || before == "right" || before == "just" || before == "until" || before == "by" || before == "from";
      if (before == "from") return next == "on" ? "from now on" : "";
      return bound || next == "and" || next == "that" ? "" : "now";
    }
    if (word == "longer") return before == "no" || before == "any" ? "no longer" : "";
    if (word == "anymore" || word == "more" && before == "any") return "any more";
    if (word == "instead") return next == "of" ? "instead of" : "instead";
    if (word == "rather" && next == "than") return "rather than";
    if (word == "after" && next == "all") return "after all";
    if (word == "scrap" && next == "that" || (word == "correction" || word == "update") && next == ":") return word;
    if (word == "in" && next == "the" && this.at(i + 2) == "end") return "in the end";
    if (word == "change" && next == "of" && this.at(i + 2).startsWith("plan")) return "change of plan";
    if (goings.has(word) && (before == "has" || before == "have" || before == "is" || before == "are")) return word;
    if (word == "not" && this.butAfter(i)) return "not … but";
    if ((word == "handed" || word == "hands") && this.saidAfter(i, 5, "over")) return "hands over";
    if (word == "again" && i > 2) return "again";
    if (word == "succeeds" || word == "succeeded") return word;
    if (word == "as" && next == "of") return "as of";
    if (word == "in" && (next == "future" || next == "place" && this.at(i + 2) == "of" || next == "favour" || next == "favor")) return "in " + next;
    if (word == "from" && this.isDateAt(i + 1) && (i == 0 || !this.tokens[i - 1].word)) {
      return !this.saidAfter(i, 8, "to") && !this.saidAfter(i, 8, "until") && !this.saidAfter(i, 8, "till") && this.typedBehind(i + 1) ? "from then" : "";
    }
    if (word == "from" && (monthOf(next) > 0 || weekdayOf(next) > 0 || next == "today" || next == "next" || next == "then")) {
      if (this.saidAfter(i, 6, "to") || this.saidAfter(i, 6, "until") || this.saidAfter(i, 6, "till")) return "";
      return this.typedOutside(i) || this.capitalAfter(i + 2) ? "from " + next : "";
    }
    if (word == "brought" || word == "put") return next == "forward" || next == "back" || next == "off" || next == "up" || this.at(i + 2) == "forward" ? word + " " + next : "";
    if (word == "called" && next == "off") return "called off";
    if (word == "takes" || word == "took" || word == "taken" || word == "take") return next == "over" ? "takes over" : word == "taken" && this.at(i + 2) == "off" ? "taken off" : "";
    if (word == "elected" || word == "appointed") return word;
    if (word == "new" && (i <= 2 || i > 1 && !this.tokens[i - 2].word || copulas.has(before) || this.at(i - 2) == "is") && this.copulaAfter(i)) return "new";
    if ((word == "gone" || word == "went") && next == "from") return word + " from";
    if ((word == "up" || word == "down") && (next == "to" && before != "have" && before != "has" && before != "of" || next == "from" && this.saidAfter(i, 8, "to"))) return word + " " + next;
    if (stopsDoing.has(word) && next.endsWith("ing")) return word;
    if (turns.has(word) && !determiners.has(before) && !this.isNoun(i)) return word;
    if (word == "not" && (before == "," || before == "(" || before == "-")) return "not the old value";
    if (word == "cancelled" || word == "canceled" || word == "scrapped") return word;
    return "";
  }

  /** "the new lead is", "a change of": a noun, not a verb. */
  private isNoun(i: i32): bool {
    if (this.tokens[i].capital && i > 0) return true;
    const next = this.at(i + 1);
    return next == "of" || next == "is" || next == "was";
  }

  private copulaAfter(i: i32): bool {
    for (let j = i + 1; j < this.tokens.length && j < i + 5; j++) if (copulas.has(this.at(j)) || this.at(j) == ":") return true;
    return copulas.has(this.at(i - 1)) || copulas.has(this.at(i - 2));
  }

  private typedOutside(i: i32): bool {
    for (let j = 0; j < this.tokens.length; j++) if (this.taken[j] >= 0 && (j < i || j > i + 2)) return true;
    return false;
  }

  private isDateAt(i: i32): bool {
    return i < this.tokens.length && this.taken[i] >= 0 && this.tokens[i].digits && this.values.typed[this.taken[i]].kind == Kind.date;
  }

  /** Whether another value stands behind the one at `i`. */
  private typedBehind(i: i32): bool {
    for (let j = i + 1; j < this.tokens.length; j++) if (this.taken[j] >= 0 && this.taken[j] != this.taken[i]) return true;
    return false;
  }

  private capitalAfter(i: i32): bool {
    for (let j = i; j < this.tokens.length; j++) if (this.tokens[j].capital) return true;
    return false;
  }

  /** Marks the tokens of the value that is over. */
  private findOld(): void {
    const tokens = this.tokens;
    if (this.cueAt < 0) return;
    for (let i = 0; i < tokens.length; i++) {
      const word = this.at(i), next = this.at(i + 1);
      let from = -1;
      if ((word == "instead" && next == "of") || (word == "rather" && next == "than")) from = i + 2;
      else if (word == "place" && next == "of" && this.at(i - 1) == "in") from = i + 2;
      else if (word == "from" && this.isFromOld(i)) from = i + 1;
      else if (word == "not" || word == "n't") from = this.at(i - 1) == "," || this.allAfter(i) || this.sketch.cue == "not the old value" || this.moreAfter(i) || this.butAfter(i) ? i + 1 : -1;
      else if (word == "longer") from = this.behindVerb(i + 1);
      else if (word == "was" && (this.at(i - 1) == ":" || this.at(i - 1) == "," || this.at(i - 1) == "(")) from = i + 1;
      else if (word.startsWith("replac") || word == "dropped" || word == "drop") {
        if (copulas.has(this.at(i - 1)) || auxiliaries.has(this.at(i - 1)) && this.at(i - 1) != "has" && this.at(i - 1) != "have") continue;
        if (!this.saidAfter(i, 8, "from")) from = i + 1;
      } else if (word == "off" && i > 0 && (turns.has(this.at(i - 1)) || this.at(i - 2) == "taken" || this.at(i - 3) == "taken")) from = i + 1;
      else if (stopsDoing.has(word)) from = i + 1;
      if (from < 0) continue;
      this.takeOld(from);
    }
  }

  /** "no longer go to A": A, behind the verb and its preposition. */
  private behindVerb(i: i32): i32 {
    const next = this.at(i + 1);
    const verb = i < this.tokens.length && this.tokens[i].word && !this.tokens[i].capital && this.taken[i] < 0;
    return verb && (next == "to" || next == "with" || next == "by" || next == "for" || next == "into") ? i + 2 : i;
  }

  private denies(): bool {
    for (let i = 0; i < this.tokens.length; i++) if (negations.has(this.at(i))) return true;
    return false;
  }

  /** "The hall is flooded, we meet at the Depot instead": what the clause before names is what is over. */
  private findLeft(): void {
    if (this.cueAt < 0 || this.sketch.cue != "instead" || this.sketch.oldTyped.length > 0 || this.sketch.oldWords.length > 0) return;
    const clause = this.clause[this.cueAt];
    if (clause == 0) return;
    const left = this.viewOf(clause - 1), said = this.viewOf(clause);
    if (left.hedged || left.typed.length > 0) return;
    const first = clause == 1 ? left.first : 0;
    for (let i = 0; i < left.words.length; i++) {
      const word = left.words[i];
      if ((word == first || holds(left.names, word)) && !holds(said.words, word)) this.sketch.oldWords.push(word);
    }
    if (this.sketch.oldWords.length > 0) this.sketch.oldNamed = true;
  }

  /** "The rings won't be ready on 20 June, Ada says 4 July"; "we can't meet at A; we meet at B instead". */
  private findDenied(): void {
    if (this.clauses < 2 || !this.denies() || this.sketch.oldTyped.length > 0 || this.sketch.oldWords.length > 0) return;
    for (let clause = 0; clause + 1 < this.clauses; clause++) {
      const denied = this.viewOf(clause);
      if (!denied.negative) continue;
      for (let after = clause + 1; after < this.clauses; after++) {
        const said = this.viewOf(after);
        if (said.negative || said.hedged) continue;
        if (!sharesKind(denied.typed, said.typed)) {
          if (this.cueAt < 0 || this.clause[this.cueAt] != after || denied.names.length == 0) continue;
          for (let i = 0; i < denied.names.length; i++) this.sketch.oldWords.push(denied.names[i]);
          this.sketch.oldNamed = true;
          return;
        }
        for (let i = 0; i < denied.typed.length; i++) this.sketch.oldTyped.push(denied.typed[i]);
        if (this.cueAt >= 0 && this.clause[this.cueAt] == after) return;
        for (let i = 0; i < this.tokens.length && this.clause[i] <= after; i++) if (this.clause[i] == after) this.cueAt = i;
        this.sketch.cue = "not the old value";
        return;
      }
    }
  }

  /** "from A to B" where something changes. */
  private isFromOld(i: i32): bool {
    const next = this.at(i + 1);
    if (next == "now" || next == "then" || next == "today") return false;
    if (!turns.has(this.sketch.cue) && this.sketch.cue != "takes over" && !this.sketch.cue.startsWith("put") && !this.sketch.cue.startsWith("up") && !this.sketch.cue.startsWith("down") && !this.sketch.cue.startsWith("no ") &&
      !this.sketch.cue.startsWith("gone") && !this.sketch.cue.startsWith("went") && this.at(i - 1) != "gone" && this.at(i - 1) != "went") return false;
    if (this.sketch.cue.startsWith("no ")) return true;
    if (this.sketch.cue == "takes over") return true;
    return this.saidAfter(i, 8, "to") || this.saidAfter(i, 8, "into");
  }

  /** Whether a word stands behind place i, less than `reach` places on; with `before`, right behind that word. */
  private saidAfter(i: i32, reach: i32, word: string, before: string = ""): bool {
    for (let j = i + 1; j < this.tokens.length && j < i + reach; j++) {
      if (this.at(j) == word && (before.length == 0 || this.at(j - 1) == before)) return true;
    }
    return false;
  }

  private moreAfter(i: i32): bool {
    return this.saidAfter(i, 14, "anymore") || this.saidAfter(i, 14, "more", "any");
  }
  private allAfter(i: i32): bool {
    return this.saidAfter(i, 14, "all", "after");
  }
  private butAfter(i: i32): bool {
    return this.saidAfter(i, 12, "but");
  }

  private takeOld(from: i32): void {
    const tokens = this.tokens;
    let words = 0;
    for (let i = from; i < tokens.length && words < 6; i++) {
      const lower = tokens[i].lower;
      const short = tokens[i].text == "." && i > 0 && tokens[i - 1].capital && tokens[i - 1].text.length < 5;
      if (!tokens[i].word && this.taken[i] < 0 && !short) break;
      if (i > from && (lower == "to" || lower == "with" || lower == "by" || lower == "for" || lower == "into" || lower == "and" || lower == "as" || lower == "after" || lower == "due" || clauseEnds.has(lower))) break;
      this.old[i] = true;
      if (determiners.has(lower) || stops.has(lower)) continue;
      words++;
    }
    for (let i = from; i < tokens.length && this.old[i]; i++) {
      if (this.taken[i] >= 0) {
        const value = this.values.typed[this.taken[i]];
        if (!this.sketch.oldTyped.includes(value)) this.sketch.oldTyped.push(value);
        continue;
      }
      if (!this.contentAt(i)) continue;
      const form = this.formAt(i);
      if (!holds(this.sketch.oldWords, form)) this.sketch.oldWords.push(form);
      if (isName(tokens[i])) this.sketch.oldNamed = true;
    }
  }

  /** A clause, or with -1 the whole; the old value is no part of the clause that tells the change. */
  private viewOf(clause: i32, withOld: bool = true, until: i32 = -1, end: i32 = i32.MAX_VALUE): View {
    const view = new View();
    const tokens = this.tokens;
    let decided = false, verb = false, located = false, acts = false, join = 0;
    for (let i = 0; i < tokens.length && i < end; i++) {
      if (clause >= 0 && (this.clause[i] < clause || this.clause[i] > max(clause, until))) continue;
      const token = tokens[i];
      const classes = this.classes[i];
      if (classes != 0) {
        if (classes & Class.decides) decided = true;
        if ((classes & Class.hedge) != 0 && (!token.capital || i == 0) && !(decided && token.lower == "would")) view.hedged = true;
        if (classes & Class.links) verb = true;
        if (!acts && i > 0 && (verb || (classes & Class.acts) != 0)) acts = true;
        if (classes & Class.present) view.present = true;
        if (classes & Class.future) view.future = true;
        if (classes & Class.past) view.past = true;
        if (classes & Class.equates) view.equates = true;
        if (classes & Class.negates) view.negative = !view.negative;
        if (classes & Class.relative) view.relative = true;
        if (classes & Class.chooses) view.chosen = true;
        if (classes & Class.role) view.role = true;
      } else if (!acts && i > 0 && verb) acts = true;
      if (this.joins[i] > 0) {
        join = this.joins[i];
        located = join <= 2;
      } else {
        if (!token.word && this.taken[i] < 0 || verb && (classes & Class.copula) != 0) join = 0;
        located = located && token.capital;
      }
      if (!withOld && this.old[i]) continue;
      if (this.taken[i] >= 0) {
        const value = this.values.typed[this.taken[i]];
        if (!view.typed.includes(value)) {
          view.typed.push(value);
          view.typedJoins.push(join);
          view.kinds |= 1 << <i32> value.kind;
        }
        // A number with its noun: the noun is a word of the sentence, too.
        if (!(value.kind == Kind.number && token.word && !token.digits && value.unit.length > 0)) continue;
      }
      if (!this.contentAt(i)) continue;
      const form = this.formAt(i);
      if (!holds(view.words, form)) {
        view.words.push(form);
        view.wordJoins.push(join);
        if (!acts) view.heads.push(form);
      }
      view.mask |= maskOf(form);
      if (i == 0) view.first = form;
      if (isName(token) && !(token.capital && this.opensSentence(i)) && !holds(view.names, form)) {
        view.names.push(form);
        if (!verb && !located) view.headNames.push(form);
        if (this.numbered[i]) {
          view.nouns.push(this.formAt(i - 1));
          view.numbered.push(form);
        }
      }
    }
    return view;
  }

  /** What stands behind a negation, or before "is off", "is gone": up to four content words. */
  private findGone(): void {
    const tokens = this.tokens, sketch = this.sketch;
    for (let i = 0; i < tokens.length; i++) {
      const word = this.at(i);
      const over = (word == "off" || word == "dead" || word == "gone" || word == "over" || word == "scrapped" || word == "cancelled" || word == "canceled" || word == "out") && i > 1 && (copulas.has(this.at(i - 1)) || turns.has(this.at(i - 1)));
      if (over) {
        for (let j = i - 2, left = 4; j >= 0 && left > 0 && this.clause[j] == this.clause[i]; j--) left -= this.takeGone(j);
        continue;
      }
      if (!negations.has(word) && word != "against" && word != "scrap" && word != "dropped" && word != "drop" && word != "longer" && word != "stopped") continue;
      for (let j = i + 1, left = 4; j < tokens.length && left > 0; j++) {
        if (!tokens[j].word && this.taken[j] < 0 || clauseEnds.has(this.at(j)) || this.at(j) == "but") break;
        left -= this.takeGone(j);
      }
    }
    for (let i = 0; i < sketch.oldWords.length; i++) if (!holds(sketch.denied, sketch.oldWords[i])) sketch.denied.push(sketch.oldWords[i]);
    for (let i = 0; i < sketch.oldTyped.length; i++) if (!sketch.deniedTyped.includes(sketch.oldTyped[i])) sketch.deniedTyped.push(sketch.oldTyped[i]);
    for (let i = 0; i < sketch.deniedTyped.length; i++) sketch.deniedValues.push(valueForm(sketch.deniedTyped[i]));
  }

  private takeGone(j: i32): i32 {
    if (this.taken[j] >= 0) {
      const value = this.values.typed[this.taken[j]];
      if (this.sketch.deniedTyped.includes(value)) return 0;
      this.sketch.deniedTyped.push(value);
      return 1;
    }
    if (!this.contentAt(j)) return 0;
    if (!holds(this.sketch.denied, this.formAt(j))) this.sketch.denied.push(this.formAt(j));
    return 1;
  }

  /** A capital there says nothing, unless another capital follows. */
  private opensSentence(i: i32): bool {
    if (i > 0 && this.tokens[i - 1].text == ":" && this.tokens.length - i <= 3 && this.clause[i] == 1) return false;
    if (i > 0 && this.tokens[i - 1].text != ":" || this.tokens[i].possessive) return false;
    return !(i + 1 < this.tokens.length && this.tokens[i + 1].word && (this.tokens[i + 1].capital || saying.has(this.at(i + 1))));
  }

  private takeSubject(clause: i32): void {
    const tokens = this.tokens;
    for (let i = 1; i < tokens.length; i++) {
      if (this.clause[i] != clause || this.old[i] || this.taken[i] >= 0 || !this.contentAt(i) || !isName(tokens[i])) continue;
      const before = this.at(i - 1), two = this.at(i - 2);
      const owned = before == "of" || before == "for" || two == "of" || two == "for";
      if (owned || this.numbered[i]) this.sketch.subjectNames.push(this.formAt(i));
    }
  }

  private takeKeys(): void {
    const found: i32[] = [];
    const seen: u64[] = [];
    for (let i = 0; i < this.tokens.length; i++) {
      if (this.taken[i] >= 0 && !this.tokens[i].word || this.taken[i] >= 0 && this.tokens[i].digits || !this.contentAt(i)) continue;
      const form = this.formAt(i);
      if (holds(seen, form)) continue;
      seen.push(form);
      found.push(i);
    }
    const keys = this.sketch.keys;
    for (let n = 0; n < 3 && n < found.length; n++) {
      let best = -1;
      for (let k = 0; k < found.length; k++) {
        if (holds(keys, seen[k])) continue;
        if (best < 0 || longer(this.tokens[found[k]].lower, this.tokens[found[best]].lower)) best = k;
      }
      if (best >= 0) keys.push(seen[best]);
    }
  }

  /** The clause begins with it, she, there …: it speaks of what was said before. */
  private goesOn(clause: i32): bool {
    for (let i = 0; i < this.tokens.length; i++) {
      if (this.clause[i] != clause && !(clause == 0 && i == 0)) continue;
      if (!this.tokens[i].word || clauseEnds.has(this.at(i))) continue;
      const lower = this.at(i);
      return lower == "it" || lower == "he" || lower == "she" || lower == "they" || lower == "this" || lower == "that" || lower == "there";
    }
    return false;
  }

  private wordsOf(tokens: Token[], into: u64[]): void {
    for (let i = 0; i < tokens.length; i++) {
      if (!isContent(tokens[i])) continue;
      const form = formOf(tokens[i]);
      if (!holds(into, form)) into.push(form);
    }
  }
}

function sharesKind(a: Value[], b: Value[]): bool {
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) if (a[i].kind == b[j].kind && a[i].unit == b[j].unit && !a[i].equals(b[j])) return true;
  }
  return false;
}

function longer(a: string, b: string): bool {
  return a.length != b.length ? a.length > b.length : a < b;
}

function isContent(token: Token): bool {
  if (!token.word || token.digits && token.text.length == 1) return false;
  const lower = bare(token.lower);
  return !light.has(lower) && !stops.has(lower) && !pronouns.has(lower) && !determiners.has(lower) && !adverbs.has(lower) &&
    !auxiliaries.has(lower) && !turns.has(lower);
}
