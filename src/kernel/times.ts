/**
 * Times: strict ISO 8601 to milliseconds since 1970 and back.
 *
 * Invariants:
 * 1. Pure arithmetic on the proleptic Gregorian calendar; no clock, no time zone of the machine. Without a zone: UTC.
 * 2. Only days that exist; never a guess: 03/04/2026 is no date.
 */
import { EngramError } from "./errors.ts";

const dayMs = 86_400_000;

/** A time as read. `dayOnly`: only a day was given; `ms` is its start, in UTC. */
export interface ParsedTime {
  readonly ms: number;
  readonly dayOnly: boolean;
}

const clock = String.raw`([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?`;
const zone = String.raw`(Z|z|[+-](?:0\d|1[0-4]):?(?:[0-5]\d)?)`;
const isoPattern = new RegExp(String.raw`^(\d{4})-(\d{2})-(\d{2})(?:[Tt ]${clock}(?: ?${zone})?)?$`);

/**
 * Reads ISO 8601: `2026-03-14`, `2026-03-14T09:30`, `2026-03-14 09:30:15.250+02:00`. Without a zone it is UTC.
 * Fractions beyond a millisecond are cut. Returns null for anything else.
 */
export function parseTime(text: string): ParsedTime | null {
  const match = isoPattern.exec(text.trim());
  if (match === null) return null;
  const [, year, month, day, hours, minutes, seconds, fraction, offset] = match;
  const date = dayOf(Number(year), Number(month), Number(day));
  if (date === null) return null;
  if (hours === undefined) return { ms: date, dayOnly: true };
  const millis = Number((fraction ?? "").slice(0, 3).padEnd(3, "0"));
  const time = (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds ?? 0) * 1000 + millis;
  return { ms: date + time - offsetMs(offset), dayOnly: false };
}

/** Like {@link parseTime}; refuses with `invalid_time`, naming `what`. */
export function requireTime(text: string, what: string): ParsedTime {
  const time = parseTime(text);
  if (time === null) {
    throw new EngramError("invalid_time", `Cannot read ${what}: ${JSON.stringify(text)} is not ISO 8601`);
  }
  return time;
}

/** The last millisecond of the time meant: the end of a day that stands alone, else the time itself. */
export function endOf(time: ParsedTime): number {
  return time.dayOnly ? time.ms + dayMs - 1 : time.ms;
}

/** ISO 8601 in UTC with milliseconds, as `Date.prototype.toISOString` writes it, for the years 0 to 9999. */
export function formatTime(ms: number): string {
  const days = Math.floor(ms / dayMs);
  const rest = Math.floor(ms - days * dayMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = two(Math.floor(rest / 3_600_000));
  const minutes = two(Math.floor(rest / 60_000) % 60);
  const seconds = two(Math.floor(rest / 1000) % 60);
  return `${formatDay(ms)}T${hours}:${minutes}:${seconds}.${String(rest % 1000).padStart(3, "0")}Z`;
}

/** The day alone: `2026-03-14`, in UTC. */
export function formatDay(ms: number): string {
  // Howard Hinnant's civil_from_days: years begin in March, eras of 400 years.
  const shifted = Math.floor(ms / dayMs) + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** Start of a day in ms, or null where the calendar has no such day. */
function dayOf(year: number, month: number, day: number): number | null {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  // Howard Hinnant's days_from_civil.
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const shiftedMonth = month > 2 ? month - 3 : month + 9;
  const dayOfYear = Math.floor((153 * shiftedMonth + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146_097 + dayOfEra - 719_468) * dayMs;
}

function offsetMs(offset: string | undefined): number {
  if (offset === undefined || offset.toUpperCase() === "Z") return 0;
  const sign = offset.startsWith("-") ? -1 : 1;
  const digits = offset.slice(1).replace(":", "");
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4) || 0)) * 60_000;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
