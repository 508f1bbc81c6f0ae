/**
 * Dates that people write into names and headings.
 *
 * Invariant: only days that exist, never a guess: 03/04/2026 is no date.
 */
import { type ParsedTime, parseTime } from "../kernel/times.ts";

/** A date found in a text, at [start, end) in UTF-16 units. Without a zone it is UTC. */
export interface FoundDate extends ParsedTime {
  readonly start: number;
  readonly end: number;
}

const monthNames = [
  ["january", "jan"],
  ["february", "feb"],
  ["march", "mar"],
  ["april", "apr"],
  ["may"],
  ["june", "jun"],
  ["july", "jul"],
  ["august", "aug"],
  ["september", "sept", "sep"],
  ["october", "oct"],
  ["november", "nov"],
  ["december", "dec"],
];
const months = new Map(monthNames.flatMap((names, index) => names.map((name) => [name, index + 1] as const)));

const before = String.raw`(?<![\p{L}\p{N}]|\d[-./])`;
const after = String.raw`(?![\p{L}\p{N}])`;
const monthName = `(?<month>${[...months.keys()].join("|")})`;
const gap = String.raw`[ _.-]{1,2}`;
const year = String.raw`(?<year>(?:19|20|21)\d{2})`;
const dayNumber = String.raw`(?<day>\d{1,2})`;
const twoDigitDay = String.raw`(?<day>\d{2})`;

const clockText = String.raw`(?<clock>(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)`;

/** Unambiguous ways to write a day: year first, a month in words, or day.month.year with full stops. */
const datePatterns = [
  String
    .raw`${before}${year}(?<sep>[-_./])(?<month>\d{2})\k<sep>${twoDigitDay}(?:(?:[T ]${clockText})?${after}|(?=T\d))`,
  String.raw`${before}${year}(?<month>\d{2})${twoDigitDay}(?:(?=T\d{4})|${after})`,
  String.raw`${before}${dayNumber}(?:st|nd|rd|th)?${gap}(?:of )?${monthName},?${gap}${year}${after}`,
  String.raw`${before}${monthName}${gap}${dayNumber}(?:st|nd|rd|th)?,?${gap}${year}${after}`,
  String.raw`${before}${dayNumber}\.(?<month>\d{1,2})\.${year}${after}`,
].map((source) => new RegExp(source, "giu"));

/**
 * The first date in a text: `2026-03-14` (also with `_`, `.`, `/`, or a clock time behind it), `20260314`,
 * `14 March 2026`, `March 14, 2026`, `14.03.2026`. Valid calendar days of 1900 to 2199 only; `03/04/2026` is none.
 */
export function findDate(text: string): FoundDate | null {
  let first: FoundDate | null = null;
  for (const pattern of datePatterns) {
    for (const match of text.matchAll(pattern)) {
      if (first !== null && match.index >= first.start) break;
      const found = toDate(match);
      if (found === null) continue;
      first = { ...found, start: match.index, end: match.index + match[0].length };
      break;
    }
  }
  return first;
}

/** Words by which a line says when its note was written, sent or last changed. */
const written = String
  .raw`(?:last )?(?:date|sent|posted|received|opened|created|entered|logged|printed|noted|read|written(?: up)?|checked|` +
  String.raw`revised|changed|edited|modified|touched|updated?|check|edit|change|as of)`;
const weekday = String.raw`(?:(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?`;
/** What stands before a day that is its note's own: nothing; a label, or who wrote it. */
const dayOpens = new RegExp(String.raw`^[ \t]*[*_]*[>([]? ?[*_]*${weekday}$`, "iu");
const labelOpens = new RegExp(
  String
    .raw`^[ \t]*[*_]*[>([]? ?[*_]*(?:[^,(]{0,60}[,(] ?(?:[^,(]{0,60}[,(] ?)?)?${written}[*_]*(?: on)?[:,]?[*_]* ?${weekday}$`,
  "iu",
);
const nameOpens =
  /^[ \t]*[*_]*[>([]? ?[*_]*(?:[Bb]y )?\p{Lu}[\p{L}'’.-]*(?: \p{Lu}[\p{L}'’.-]*)?(?:,|,? \(|:? ?[-–—]) ?(?:\p{Lu}\p{Ll}+,? )?$/u;
/** What may stand behind it: the line's end, a clock time, or a new clause. */
const goesOnWith = new RegExp(
  String.raw`^(?:,? (?:at )?\d{1,2}[:.]\d{2}(?: ?[ap]m)?)?[*_)\]]*(?:$|[,.;:|(]| (?:[-–—(]|by |at |UTC))`,
  "iu",
);

/** Words before a day that name what happens on it, where else a name would stand. */
const happens =
  /\b(?:anniversary|appointment|arrival|birth|birthday|ceremony|check-?(?:in|out)|concert|deadline|delivery|departure|dinner|due|end|event|exam|expir(?:es|y)|festival|flight|funeral|holiday|launch|lunch|match|mov(?:e|ing)|opening|party|performance|premi[eè]re|race|release|show|start|trip|visit|wedding)\b/iu;

/** A longer line is prose. */
const writtenLineCharsMax = 200;

/**
 * The day that a line says its note was written, sent or last changed: `Date: 3 May 2026`, `Wednesday 18 March 2026`,
 * `Roz, 8 April 2026`, `(last edited 16 January 2026 by Ines)`. A day that a line is about is none: before it stands such a
 * label, a name of one or two words, or nothing (`alone`), and behind it a new clause begins.
 */
export function writtenOn(line: string): (FoundDate & { readonly alone: boolean }) | null {
  const found = line.length > writtenLineCharsMax ? null : findDate(line);
  if (found === null || !goesOnWith.test(line.slice(found.end))) return null;
  const before = line.slice(0, found.start), alone = dayOpens.test(before);
  const says = alone || labelOpens.test(before) || (nameOpens.test(before) && !happens.test(before));
  return says ? { ...found, alone } : null;
}

function toDate(match: RegExpExecArray): ParsedTime | null {
  const { year, month, day, clock } = match.groups ?? {};
  const monthNumber = months.get((month ?? "").toLowerCase()) ?? Number(month);
  const date = `${year}-${String(monthNumber).padStart(2, "0")}-${(day ?? "").padStart(2, "0")}`;
  return parseTime(clock === undefined ? date : `${date}T${clock}`);
}
