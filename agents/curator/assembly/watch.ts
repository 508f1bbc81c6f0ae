/**
 * What an agent has not seen yet: at first every engram of some kinds, then what `changes` tells since.
 *
 * Invariants:
 * 1. Where it stands is in the agent's memory: a step that is undone has seen nothing.
 * 2. What the agent wrote itself, and said so by {@link Watch.wrote}, is not told back to it.
 * 3. A step takes up at most what it is told to: the rest waits for the next.
 */
import { changesSince, Engram, getEngram, Json, lastStatus, search, Status } from "../../sdk/assemblyscript/assembly";

const pageHits: i32 = 200;
const pageChanges: i32 = 1000;
/** What was parsed is garbage: during a first reading it is collected now and then. */
const collectHits: i32 = 1000;

export class Watch {
  /** The kinds left to list, and how far the first of them is. */
  private readonly unlisted: string[];
  private cursor: string = "";
  private hits: i32 = pageHits;
  /** Changes from this tick on are unseen; -1: not known yet. */
  private next: i64 = -1;
  private readonly waiting: string[] = [];
  private readonly isWaiting: Set<string> = new Set<string>();
  /** The tick in which an engram was as it was taken. */
  private readonly taken: Map<string, i64> = new Map<string, i64>();
  private readonly own: Set<string> = new Set<string>();
  private ownTick: i64 = -1;

  constructor(kinds: string[]) {
    this.unlisted = kinds;
  }

  /** Nothing waits any more. */
  get done(): bool {
    return this.unlisted.length == 0 && this.waiting.length == 0;
  }
  /** How many are known to wait. */
  get left(): i32 {
    return this.waiting.length + this.unlisted.length;
  }

  /** This step wrote or deleted an engram: its change is no news. */
  wrote(id: string): void {
    if (this.ownTick >= 0) {
      this.own.clear();
      this.ownTick = -1;
    }
    this.own.add(id);
  }

  /** Takes up to `max` engrams; `take` gets each, `drop` the id of each that is gone. False where the host refused. */
  read(max: i32, take: (engram: Engram) => void, drop: (id: string) => void): bool {
    let left = max;
    while (this.unlisted.length > 0 && left > 0) {
      const count = this.list(min(left, this.hits), take);
      if (count < 0) return false;
      left -= count;
    }
    if (this.unlisted.length > 0) return true;
    if (!this.learn()) return false;
    while (this.waiting.length > 0 && left > 0) {
      const id = this.waiting.pop();
      this.isWaiting.delete(id);
      left--;
      const engram = getEngram(id);
      if (engram === null) {
        if (lastStatus() != Status.notFound) return false;
        this.taken.delete(id);
        drop(id);
      } else {
        this.taken.set(id, engram.updatedTick);
        take(engram);
      }
    }
    return true;
  }

  /** One page of the first reading; how many it held, -1 where the host refused. */
  private list(limit: i32, take: (engram: Engram) => void): i32 {
    const criteria = Json.object().setText("kind", this.unlisted[0]).setBool("includeSuperseded", true)
      .setNumber("limit", limit);
    if (this.cursor.length > 0) criteria.setText("cursor", this.cursor);
    const page = search(criteria);
    const status = lastStatus();
    if (status == Status.limitReached && limit > 1) {
      // Their texts are over the bytes of one answer.
      this.hits = limit >> 1;
      return 0;
    }
    if (status < 0) return -1;
    for (let i = 0; i < page.hits.length; i++) {
      const hit = page.hits[i];
      // The newest made comes first: what was made or changed after it is a change to be told.
      if (this.next < 0) this.next = hit.createdTick;
      this.taken.set(hit.id, hit.updatedTick);
      take(hit);
    }
    this.cursor = page.cursor;
    if (this.cursor.length == 0) this.unlisted.shift();
    if (this.taken.size % collectHits < page.hits.length) __collect();
    return page.hits.length;
  }

  /** Learns what changed. */
  private learn(): bool {
    if (this.next < 0) this.next = 0;
    while (true) {
      const page = changesSince(this.next, pageChanges);
      if (page === null) return false;
      for (let i = 0; i < page.changes.length; i++) {
        const change = page.changes[i];
        if (!change.op.startsWith("engram") && !change.op.startsWith("member")) continue;
        if (this.isOwn(change.id, change.tick) || this.isWaiting.has(change.id)) continue;
        if (this.taken.has(change.id) && this.taken.get(change.id) >= change.tick) continue;
        this.isWaiting.add(change.id);
        this.waiting.push(change.id);
      }
      const more = page.changes.length > 0 && page.nextTick > this.next;
      this.next = page.nextTick;
      if (!more) return true;
    }
  }

  /** All that one step wrote has one tick. */
  private isOwn(id: string, tick: i64): bool {
    if (!this.own.has(id) || (this.ownTick >= 0 && this.ownTick != tick)) return false;
    this.ownTick = tick;
    return true;
  }
}
