/**
 * Timeline: what was known about words or of one memory, oldest first.
 *
 * Owns: the order of events, which of them are in a span of time, cursors.
 * Does not own: which memories words find (recall), what is related to a memory (graph).
 *
 * Invariants:
 * 1. Events stand by when they were so (`observedAt`, those without first), then by tick, then by id.
 * 2. Pages that are made of other texts (digests) are no events: what they quote is.
 * 3. A cursor is a place in that order, so a page stays right while others write; with another `about` it is refused.
 */
import { Buffer } from "node:buffer";
import type { Graph } from "../../graph/mod.ts";
import {
  connectionTypes,
  endOf,
  type Engram,
  EngramError,
  formatTime,
  type Id,
  requireTime,
} from "../../kernel/mod.ts";
import { sha256Hex } from "../../log/mod.ts";

/** Bounds of a timeline. */
export const timelineLimits = {
  /** Events of a page where no limit is given, and at most. */
  limitDefault: 100,
  limitMax: 1000,
  /** Memories that words find: the best in the span asked for. */
  hitsMax: 50,
  /** The best one's score by what they score at least: in order of time, merely linked ones would bury the others. */
  hitScoreRatio: 10,
  /** Memories of one chain of `supersedes`, and links from the one asked about. */
  chainMax: 100,
  chainDepthMax: 4,
} as const;

/** Whether a text may be an id or its beginning: what is none is looked for as words. */
export function maybeId(about: string): boolean {
  return about === "@last" || /^e[0-9a-z]+$/.test(about);
}

/** The versions of a memory, of what it superseded and of what superseded it. */
export function chainOf(graph: Graph, id: Id): Engram[] {
  const connected = graph.neighbors(id, {
    type: connectionTypes.supersedes,
    direction: "both",
    depth: timelineLimits.chainDepthMax,
    limit: timelineLimits.chainMax,
  });
  const ids = [id, ...connected.map(({ engram }) => engram.id)];
  return ids.flatMap((one) =>
    // What superseded a version that still holds is known now, not when it was written.
    graph.versions(one).map(({ engram, toTick }) => toTick === null ? graph.engram(one) ?? engram : engram)
  );
}

/** Which events are asked for. */
export interface TimelineSpan {
  /** ISO 8601; a day alone means its beginning. */
  readonly since?: string;
  /** ISO 8601; a day alone means its end. */
  readonly until?: string;
}

/** Whether an event is in a span; one without a time is in none that has an end. Refusal: `invalid_time`. */
export function inSpan({ since, until }: TimelineSpan): (event: Engram) => boolean {
  const from = since === undefined ? "" : formatTime(requireTime(since, "since").ms);
  const to = until === undefined ? null : formatTime(endOf(requireTime(until, "until")));
  return ({ observedAt }) =>
    (observedAt ?? "") >= from && (to === null || (observedAt !== null && observedAt <= to));
}

/** What stands before what: time, tick, id, as one text that sorts. */
function placeOf({ observedAt, updatedTick, id }: Engram): string {
  return `${observedAt ?? ""} ${String(updatedTick).padStart(15, "0")} ${id}`;
}

const digestOf = (about: string) => sha256Hex(new TextEncoder().encode(about)).slice(0, 8);

/** The cursor that goes on after an event. */
export function cursorAfter(event: Engram, about: string): string {
  return Buffer.from(`${digestOf(about)} ${placeOf(event)}`).toString("base64url");
}

function placeIn(cursor: string, about: string): string {
  const text = Buffer.from(cursor.slice(0, 256), "base64url").toString("utf8");
  const [, digest, place] = /^([0-9a-f]{8}) (\S{0,30} \d{15} e[0-9a-z]+)$/.exec(text) ?? [];
  if (place !== undefined && digest === digestOf(about)) return place;
  throw new EngramError(
    "invalid_argument",
    "Cannot go on: the cursor is not one that this timeline gave",
    { field: "cursor" },
    "Ask again without a cursor",
  );
}

/** One page of events in order. Refusal: `invalid_argument` for a limit out of range or a cursor from elsewhere. */
export function timelinePage(
  events: readonly Engram[],
  asked: { readonly about: string; readonly limit?: number; readonly cursor?: string },
): { readonly events: readonly Engram[]; readonly cursor?: string } {
  const { about, limit = timelineLimits.limitDefault, cursor } = asked;
  if (limit < 1 || limit > timelineLimits.limitMax) {
    const message = `Cannot read the timeline: limit ${limit} is not from 1 to ${timelineLimits.limitMax}`;
    throw new EngramError("invalid_argument", message, { field: "limit" });
  }
  const after = cursor === undefined ? "" : placeIn(cursor, about);
  const left = events.map((event) => ({ event, place: placeOf(event) })).filter(({ place }) => place > after)
    .sort((a, b) => a.place < b.place ? -1 : a.place > b.place ? 1 : 0);
  const taken = left.slice(0, limit).map(({ event }) => event), last = taken.at(-1);
  return {
    events: taken,
    ...(left.length > limit && last !== undefined ? { cursor: cursorAfter(last, about) } : {}),
  };
}
