/**
 * Walks over the snapshot with a step's staged connections on top: used only where a step staged some,
 * because the graph's own walks are faster and see the snapshot alone. The same orders, the same bounds.
 *
 * Invariant: neighbours by breadth and then id; paths by length, then weight, then ids; work is bounded.
 */
import type { Connected, Connection, Engram, Id, Path } from "../kernel/mod.ts";
import type { Session } from "./session.ts";
import { lookWork } from "./work.ts";

/** Connections looked at by one walk. */
const visitsMax = 100_000;

class Walker {
  readonly #session: Session;
  readonly #touched: ReadonlySet<Id>;
  visits = 0;

  constructor(session: Session) {
    this.#session = session;
    this.#touched = session.writes.touchedConnections();
  }

  engram(id: Id): Engram | null {
    return this.#session.peek(id);
  }

  edges(id: Id, type: string | null): Connection[] {
    const stored = this.#session.snapshot.connectionsOf(id, "both", type).filter((one) =>
      !this.#touched.has(one.id)
    );
    const all = this.#session.writes.connectionsOf(id);
    const staged = all.filter((one) => type === null || one.type === type);
    this.visits += stored.length + staged.length;
    this.#session.work += (stored.length + all.length) * lookWork;
    return [...stored, ...staged].sort((a, b) => a.id < b.id ? -1 : 1);
  }
}

const other = (edge: Connection, id: Id): Id => edge.source === id ? edge.target : edge.source;

/** Engrams within `depth` connections, nearest first, ties by id. */
export function connectedWith(
  session: Session,
  start: Id,
  depth: number,
  type: string | null,
  limit: number,
): Connected[] {
  const walker = new Walker(session);
  const seen = new Set<Id>([start]);
  const found: Connected[] = [];
  let front: Id[] = [start];
  for (let level = 1; level <= depth && front.length > 0 && found.length < limit; level++) {
    const next = new Map<Id, Connected>();
    for (const from of front) {
      if (walker.visits > visitsMax) break;
      for (const edge of walker.edges(from, type)) {
        const to = other(edge, from);
        if (seen.has(to) || next.has(to)) continue;
        const engram = walker.engram(to);
        if (engram !== null) {
          next.set(to, { engram, depth: level, via: { id: edge.id, type: edge.type, from } });
        }
      }
    }
    front = [...next.keys()].sort();
    for (const id of front) {
      seen.add(id);
      const one = next.get(id);
      if (one !== undefined) found.push(one);
    }
  }
  return found.slice(0, limit);
}

const namesOf = (path: Path): string =>
  [...path.engrams, ...path.connections.map((connection) => connection.id)].join();

/** Simple paths from one engram to another, shortest first, then heavier, then by ids. */
export function pathsWith(
  session: Session,
  source: Id,
  target: Id,
  depthMax: number,
  pathsMax: number,
): Path[] {
  const walker = new Walker(session);
  if (walker.engram(source) === null || walker.engram(target) === null) return [];
  let front: Path[] = [{ engrams: [source], connections: [], weight: 0 }];
  const found: Path[] = [];
  for (let depth = 1; depth <= depthMax && found.length < pathsMax && walker.visits <= visitsMax; depth++) {
    const next: Path[] = [];
    for (const path of front) {
      const end = path.engrams[path.engrams.length - 1] ?? source;
      if (end === target || walker.visits > visitsMax) continue;
      for (const edge of walker.edges(end, null)) {
        const to = other(edge, end);
        if (path.engrams.includes(to) || walker.engram(to) === null) continue;
        const { id, type, weight } = edge;
        next.push({
          engrams: [...path.engrams, to],
          connections: [...path.connections, { id, type, weight }],
          weight: path.weight + weight,
        });
      }
    }
    const arrived = next.filter((path) => path.engrams[path.engrams.length - 1] === target);
    arrived.sort((a, b) => b.weight - a.weight || (namesOf(a) < namesOf(b) ? -1 : 1));
    found.push(...arrived);
    front = next.slice(0, visitsMax);
  }
  return found.slice(0, pathsMax);
}
