/**
 * The kinds of answer a question can expect, and whether a sentence has one.
 *
 * Owns: how a question says what it wants (when, who, how much …), what of a sentence is of that kind.
 * Does not own: whether the sentence speaks of the matter asked about (questions.ts).
 *
 * Invariant: pure; equal inputs give equal results on every machine.
 */
import { eachWord, queryWords, stemOf } from "../../graph/mod.ts";
import {
  causePattern,
  codePattern,
  colourPattern,
  datePattern,
  emailPattern,
  firstPerson,
  moneyPattern,
  numberedPlacePattern,
  numberPattern,
  phonePattern,
  placePattern,
  spanPattern,
  temperaturePattern,
  timePattern,
  urlPattern,
  weakCausePattern,
} from "./question_words.ts";

/** What kind of answer a question expects. */
export type Expected =
  | "time"
  | "person"
  | "place"
  | "money"
  | "number"
  | "count"
  | "cause"
  | "colour"
  | "phone"
  | "email"
  | "url"
  | "code"
  | "temperature"
  | "name"
  | "truth"
  | "any";

/** A sentence and what stands around it. */
export interface Statement {
  readonly text: string;
  readonly lead: string;
  readonly previous: string;
  /** The turn before it in a conversation. */
  readonly before: string;
  readonly title: string;
  readonly speaker: string;
  /** The heads of the columns of a table's row, or "". */
  readonly heads: string;
  readonly open: boolean;
  readonly struck: boolean;
  /** The whole note it stands in, and the note's path. */
  readonly note: string;
  /** Its note has a date that says when things were so: from its name, a heading, front matter or the sender. */
  readonly dated: boolean;
}

/** What is asked, and for what kind of answer. */
interface AskedKind {
  readonly text: string;
  readonly expected: Expected;
}

const kindWords: readonly (readonly [Expected, RegExp])[] = [
  ["phone", /\b(?:phone|telephone|mobile|cell|tel)\b/],
  ["email", /\be-?mail\b/],
  ["url", /\b(?:url|link|web ?site|homepage|web page|repo(?:sitory)?)\b/],
  ["colour", /\bcolou?rs?\b/],
  ["temperature", /\btemperatures?\b/],
  [
    "code",
    /\b(?:code|pin|password|passcode|passphrase|combination|serial|number|version|id|policy|licen[cs]e)\b/,
  ],
  ["money", /\b(?:price|cost|costs|fee|fare|rent|salary|budget|deposit|wage)\b/],
  [
    "number",
    /\b(?:dose|weight|height|size|length|width|depth|amount|percentage|score|age|capacity|speed|efficiency)\b/,
  ],
  ["time", /\b(?:time|day|date|month|year|weekday|evening|morning|deadline|birthday|hours)\b/],
  ["place", /\b(?:address|city|country|town|place|room|building|venue|location)\b/],
  ["name", /\bnames?\b/],
];

const measures =
  /^how (far|old|big|large|heavy|tall|long|high|deep|fast|wide|hot|cold|strong|loud|thick|warm|often|soon|late|early|quickly)\b/;

/** The measure a question asks for after "how" ("wide"), or "". */
export function measureOf(question: string): string {
  return measures.exec(question.toLowerCase().replace(/^.*?\bhow\b/, "how"))?.[1] ?? "";
}

/** The kind of answer a question expects, and the word by which it says so. */
export function expectedOf(question: string): { expected: Expected; kindWord: string } {
  const text = question.toLowerCase().replace(/[’]/g, "'");
  const plain = (expected: Expected, kindWord = "") => ({ expected, kindWord });
  if (/\bhow (?:long|often|soon|late|early)\b/.test(text)) return plain("time", measureOf(text));
  if (/\bhow many\b/.test(text)) return plain("count");
  if (/\bwhat (?:do|does|did|will|would)\b.*\bcost\b/.test(text)) return plain("money", "cost");
  if (/\bhow much\b/.test(text)) {
    const priced =
      /\b(?:cost|costs|price|charge[ds]?|fee|pay|paid|rent|spend|spent|expensive|earn|owe|worth|deposit|budget)\b/;
    const bare = /\bhow much (?:is|are|was|were|for|does|do|did|will|would)\b/;
    const word = priced.exec(text)?.[0];
    if (word !== undefined) return plain("money", word);
    return plain(bare.test(text) && !/weigh|measure|contain|hold/.test(text) ? "money" : "number");
  }
  const measure = measureOf(text);
  if (measure !== "") return plain("number", measure);
  if (
    /^(?:\S+ )?(?:when|what time|since when|until when)\b|\bwhen (?:is|was|does|do|did|will|are)\b/.test(text)
  ) {
    return plain("time", "time");
  }
  if (/\bwhy\b|\bwhat (?:is|was) the reason\b|\bhow come\b/.test(text)) return plain("cause", "reason");
  if (/\bwhere\b/.test(text)) return plain("place");
  if (/\b(?:who|whom|whose)\b/.test(text)) return plain("person");
  const asked = /\b(?:what|which)(?:'s| is| are| was| were)?\b(.*)$/.exec(text)?.[1];
  if (asked !== undefined) {
    // The head of "what is the name of our dog", "which day does …", "what is Mina's phone number": before "of", a verb.
    const head = (asked.split(
      /\b(?:of|does|do|did|is|are|was|were|has|have|for|in|on|at|to|from|must|should|can|will)\b/,
    )
      .find((part) => part.trim() !== "" && !/^\s*(?:the|a|an|our|my)?\s*$/.test(part)) ?? asked).replace(
        /[?]/g,
        "",
      );
    return kindIn(head);
  }
  if (/^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must|am)\b/.test(text)) {
    return plain("truth");
  }
  // Words without a question ("launch date Heron").
  return kindIn(text);
}

function kindIn(text: string): { expected: Expected; kindWord: string } {
  for (const [expected, pattern] of kindWords) {
    const kindWord = pattern.exec(text)?.[0];
    if (kindWord !== undefined) return { expected, kindWord };
  }
  return { expected: "any", kindWord: "" };
}

const matchesOf = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([match]) => match.toLowerCase());

/** What in a sentence is of the kind asked for, and not in the question. */
export function valuesOf({ expected, text: question }: AskedKind, { text }: Statement): string[] {
  const pattern = patterns[expected];
  if (pattern === undefined) return [];
  if (expected === "place") return placesIn(text, question);
  const asked = new Set(matchesOf(question, pattern)), words = question.toLowerCase();
  const found = expected === "person" || expected === "name"
    ? namesIn(text)
    : matchesOf(expected === "code" ? text.replace(datePattern, " ") : text, pattern).map((one) =>
      one.replace(/[.,:;]+$/, "")
    );
  return [...new Set(found)].filter((one) => !asked.has(one) && !words.includes(one)).sort();
}

/** Places that the question does not name; "in October" is none. */
function placesIn(text: string, question: string): string[] {
  const words = new Set(question.toLowerCase().match(/[\p{L}\d]+/gu));
  const found = [...matchesOf(text, placePattern), ...matchesOf(text, numberedPlacePattern)];
  return [...new Set(found)].filter((one) => {
    const named = one.match(/[\p{L}\d]+/gu)?.at(-1) ?? "";
    return !words.has(named) && one.match(timePattern) === null && !/^(?:from|at|in|on|to|with) \d/.test(one);
  }).sort();
}

const namePattern = /\p{Lu}[\p{L}’'-]+/gu;
const patterns: Partial<Record<Expected, RegExp>> = {
  time: timePattern,
  money: moneyPattern,
  number: numberPattern,
  count: numberPattern,
  place: placePattern,
  colour: colourPattern,
  email: emailPattern,
  url: urlPattern,
  phone: phonePattern,
  temperature: temperaturePattern,
  code: codePattern,
  person: namePattern,
  name: namePattern,
};

/** Words with a capital that are names as far as can be seen; at the start of a sentence only if no common word. */
function namesIn(text: string): string[] {
  const found: string[] = [];
  for (const { 0: name, index } of text.matchAll(namePattern)) {
    const initial = index === 0 || /(?:[.!?:|]|^[\s"“'(*_]*)\s*$/.test(text.slice(0, index));
    const lower = name.toLowerCase();
    if (notNames.has(lower) || name.match(timePattern) !== null) continue;
    if (isFunctionWord(lower) || (initial && commonStart.has(stemOf(lower)))) continue;
    found.push(lower);
  }
  return found;
}

/** Beside another word, a function word is no word of a query. */
const isFunctionWord = (word: string) => queryWords(`${word} word`).length === (word === "word" ? 0 : 1);

const notNames = new Set("i i'm i've i'll i'd ok tv pdf api url usb gps id mr mrs ms dr prof".split(" "));
/** Words that often open a sentence and are no names. */
const commonStart = new Set(
  `call called contact ask agreed decided met meeting moved new old first last present added fixed found bought ordered
  planned weekly daily note notes todo task please thanks yes no today tomorrow store closed open next prior main total
  price cost delivery order questions team weather still everyone someone somebody nobody dinner lunch breakfast
  minutes summary update reminder blood hotel flight train plumber teacher doctor customer supplier manager`
    .split(/\s+/)
    .map(stemOf),
);

const roleWords =
  /\b(?:my|our|his|her|their|the) (?:\p{L}+ )?(?:brother|sister|mother|father|mum|mom|dad|son|daughter|wife|husband|partner|uncle|aunt|cousin|neighbou?r|teacher|doctor|boss|manager|landlord|plumber|technician|captain|team|group|committee|council|board)\b|\b(?:grandpa|grandma|mum|mom|dad|we|everyone|nobody)\b|\b(?:club|company|firm|school|college|agency|society|association|neighbou?rs?|brothers|sisters|parents|students|volunteers)\b/iu;

/** 0 to 1: whether the sentence has an answer of the kind asked for. */
export function kindFactor(asked: AskedKind, statement: Statement, values: readonly string[]): number {
  const { text } = statement;
  switch (asked.expected) {
    case "time":
      // How long something takes does not say when it is.
      if (
        values.length > 0 && !asksSpan.test(asked.text) &&
        text.replace(spanPattern, "").match(timePattern) === null
      ) {
        return 0.7;
      }
      if (values.length > 0) return /\bhow long\b/iu.test(asked.text) && !lastsPattern.test(text) ? 0.6 : 1;
      if (matchesOf(statement.lead, timePattern).length > 0) return 0.85;
      return statement.dated && pastPattern.test(asked.text) ? 0.75 : 0.5;
    case "person":
      if (values.length > 0) return 1;
      if (statement.speaker !== "" && firstPerson.test(text)) return 1;
      return roleWords.test(text) ? 0.9 : 0.5;
    case "name":
      return values.length === 0 ? 0.45 : /\b(?:names?|named|called|is)\b|:/iu.test(text) ? 1 : 0.85;
    case "place":
      return values.length > 0 ? 1 : /^[^.]{2,40}:\s/u.test(text) ? 0.9 : 0.6;
    case "money":
      if (values.length > 0) return 1;
      return /\d/.test(text) && pricedWords.test(text) ? 0.95 : 0.45;
    case "number":
      return values.length > 0 ? 1 : 0.45;
    case "count":
      return countFactor(asked, text, values);
    case "cause":
      return causePattern.test(text)
        ? 1
        : weakCausePattern.test(text.replace(/^[^:]{1,20}:/, ""))
        ? 0.85
        : 0.5;
    case "code":
      if (/\bversion\b/iu.test(asked.text)) return versionPattern.test(text) ? 1 : 0.45;
      return values.length > 0 || /\b(?:code|pin|password|passcode)\b\s*(?:is|:|=)\s*\S+/iu.test(text)
        ? 1
        : 0.45;
    case "url":
    case "email":
    case "phone":
    case "colour":
    case "temperature":
      return values.length > 0 ? 1 : 0.45;
    case "truth":
    case "any":
      return 1;
    default:
      asked.expected satisfies never;
      return 1;
  }
}

const asksSpan = /\bhow\b/iu;
/** How long something is, in time or space. */
const lastsPattern = new RegExp(
  `${spanPattern.source}|\\b(?:until|till?|since|for|from .+ to|between .+ and)\\b|\\d\\s?(?:[-–]\\s?\\d|[kc]?m\\b|[hd]\\b|miles?\\b|min)`,
  "iu",
);
const versionPattern = /(?<![\d.,])v?\d+(?:\.\d+)+(?![\d.]*\s?%)|\bversions?\s+v?\d/iu;
const pastPattern = /\bwhen (?:did|was|were|had|has)\b/iu;
const pricedWords =
  /\b(?:costs?|prices?|charges?|charged|fees?|pays?|paid|rent|fare|salary|budget|deposit|worth|each)\b/iu;

/** How many X: a number close before X counts most. */
function countFactor(asked: AskedKind, text: string, values: readonly string[]): number {
  if (values.length === 0) return /\b(?:no|none|a|an|several|only)\b/iu.test(text) ? 0.6 : 0.45;
  const counted = /how many (?:of (?:the|our|my) )?((?:\p{L}+[ ]?){1,3})/iu.exec(asked.text)?.[1] ?? "";
  const heads = queryWords(counted).map(({ stem }) => stem);
  let closest = Infinity, at = 0, number = -Infinity;
  eachWord(text, (stem, _start, _end, word) => {
    if (/\d/.test(word) || word.match(numberPattern) !== null) number = at;
    if (heads.includes(stem)) closest = Math.min(closest, at - number);
    at++;
  });
  return closest <= 3 ? 1 : 0.85;
}

/** Kinds whose values can be told apart surely. */
export const comparable: ReadonlySet<Expected> = new Set<Expected>([
  "time",
  "money",
  "number",
  "count",
  "code",
  "phone",
  "email",
  "temperature",
  "colour",
]);

/** Questions that want a certain form of answer, and what has that form: an age, a weight, a time of day. */
const subkinds: readonly (readonly [RegExp, RegExp])[] = [
  [
    /\bhow old\b|\bage\b/i,
    /\b\d+\s*(?:years?|yrs?|months?|weeks?|days?|y\.?o)\b|\bold\b|\bage[ds]?\b|\bborn\b|\bturn(?:s|ed|ing)?\b|\bbirthday\b|\b(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b|,\s\d{1,2},/i,
  ],
  [
    /\baddress\b/i,
    /@|\b(?:road|street|lane|avenue|square|str|rue|way|gate|place|close|hill|row|court|terrace)\b|\p{L}+(?:stra(?:ss|ß)e|straat|weg|laan|gasse)\b|\baddress\b|https?:/iu,
  ],
  [
    /\b(?:what|which) time\b/i,
    /\d{1,2}[:.]\d{2}|\b\d{1,2}\s?(?:am|pm|o'clock|h)\b|\b(?:noon|midnight|half past|quarter)\b|\b(?:at|from|until|till|to|by|for) (?:half )?(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b/i,
  ],
  [
    /\b(?:what|which) (?:day|days|evening|evenings|morning|weekday|afternoon)\b/i,
    /\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:mon|tue|wed|thu|fri|sat|sun)\b|\b\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\b\d{1,2}(?:st|nd|rd|th)\b|\d-\d\d|weekend/i,
  ],
  [
    /\b(?:what|which) (?:date)\b/i,
    /\b\d{1,2}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\p{L}*\.?\s+\d|\b\d{1,2}(?:st|nd|rd|th)\b|\d-\d\d|\d\/\d|\d\.\d\d?\./iu,
  ],
  [
    /\bhow long\b/i,
    /\b(?:\d[\d.,]*|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|half)(?:[ -]|(?=[a-z]))(?:an? )?(?:seconds?|s|minutes?|mins?|hours?|h|days?|nights?|weeks?|months?|years?|fortnight|met(?:er|re)s?|m|cm|mm|km|miles?|feet|pages)\b|\buntil\b|\btill\b/i,
  ],
  [
    /\bhow often\b/i,
    /\bevery\b|\beach\b|\b(?:daily|weekly|monthly|yearly|hourly|nightly|quarterly|fortnightly)\b|\b(?:once|twice|times)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days\b|\b(?:a|per) (?:day|week|month|year)\b/i,
  ],
  [
    /\bhow (?:heavy|much does .* weigh)\b|\bweigh/i,
    /\d\s?(?:[kmµ]?g|lbs?|oz|t|tons?|tonnes?|grams?|kilos?|kilograms?|pounds?|stone)\b/i,
  ],
  [
    /\bhow (?:big|large|wide|high|tall|deep|thick)\b|\bsize\b/i,
    /\d\s?(?:x|by|×)\s?\d|\d\s?(?:m²|sqm|m2|cm|mm|m|km|ha|acres?|square|litres?|l|inch(?:es)?|feet|ft|["″]|gb|mb|tb|percent|%|people|pages)/i,
  ],
  [/\bphone|telephone|mobile\b/i, /\d[\d\s()/.-]{4,}\d/],
];

/** What an answer to the question looks like, where that can be told. */
export function subkindOf(question: string): RegExp | null {
  return subkinds.find(([asks]) => asks.test(question))?.[1] ?? null;
}
