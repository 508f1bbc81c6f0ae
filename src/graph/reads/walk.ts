/**
 * Walks over connections: neighbours by breadth, simple paths by length.
 *
 * Invariants:
 * 1. Results depend on the rows and the arguments alone; every order ends in ids.
 * 2. Work is bounded by `visitsMax` connections looked at; what was found until then is the answer.
 * 3. A walk never passes through an engram that the scope can't see.
 */
import type { Id } from "../../kernel/ids.ts";
import type { Connected, Path } from "../../kernel/records.ts";
import { build, given, num, Query, type Sqlite, text } from "../file/sqlite.ts";
import type { Reads } from "./reads.ts";
import type { Readable, Scope, Scopes } from "./scope.ts";

/** Bounds of the walks. The build's, and part of the behaviour number: a replay walks again. */
const walkLimits = {
  /** Steps from the start, neighbours and paths alike. */
  depthMax: 8,
  /** Connections looked at by one walk. */
  visitsMax: 100_000,
} as const;

/** Which way a walk may take a connection. */
export type Direction = "out" | "in" | "both";

/** How {@link Walks.neighbors} is asked. */
export interface NeighborOptions {
  readonly type?: string;
  readonly direction?: Direction;
  readonly depth: number;
  readonly limit: number;
  readonly asOf?: number;
  readonly readable?: Readable;
  /** Told of how many connections were looked at. */
  readonly looked?: (count: number) => void;
}

/** How {@link Walks.paths} is asked. */
export interface PathOptions {
  readonly depthMax: number;
  readonly pathsMax: number;
  readonly asOf?: number;
  readonly readable?: Readable;
  /** As of {@link NeighborOptions}. */
  readonly looked?: (count: number) => void;
}

interface Edge {
  readonly id: Id;
  readonly type: string;
  readonly weight: number;
  readonly other: number;
  readonly otherId: Id;
}

const edges = (near: "source" | "target", far: "source" | "target") =>
  new Query(() =>
    build.selectFrom("connection_version as version")
      .innerJoin("connection", "connection.key", "version.connection")
      .innerJoin("engram", "engram.key", `version.${far}`)
      .select(["connection.id", "version.type", "version.weight", "engram.key", "engram.id as other_id"])
      .where(`version.${near}`, "=", given(0))
      .where("version.to_tick", ">", given(1)).where("version.from_tick", "<=", given(1))
      .orderBy("connection.key").limit(given(2))
  );
const edgesOut = edges("source", "target"), edgesIn = edges("target", "source");

const order = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

/** One walk: its bound, and the edges it has read. */
class Walk {
  readonly #db: Sqlite;
  readonly #scopes: Scopes;
  readonly #scope: Scope;
  readonly #edges = new Map<number, readonly Edge[]>();
  readonly #visible = new Map<number, boolean>();
  visitsLeft: number = walkLimits.visitsMax;

  constructor(db: Sqlite, scopes: Scopes, scope: Scope) {
    this.#db = db;
    this.#scopes = scopes;
    this.#scope = scope;
  }

  /** Connections looked at. */
  get visited(): number {
    return walkLimits.visitsMax - this.visitsLeft;
  }

  visible(key: number): boolean {
    let visible = this.#visible.get(key);
    if (visible === undefined) this.#visible.set(key, visible = this.#scopes.visible(key, this.#scope));
    return visible;
  }

  /** Edges to visible engrams, by the other's id, then the connection's. */
  edges(key: number, direction: Direction, type: string | undefined): readonly Edge[] {
    const known = this.#edges.get(key);
    if (known !== undefined) return known;
    const found = new Map<Id, Edge>();
    for (const [query, way] of [[edgesOut, "out"], [edgesIn, "in"]] as const) {
      if (direction !== "both" && direction !== way) continue;
      for (const row of this.#db.all(query, [key, this.#scope.tick, Math.max(0, this.visitsLeft)])) {
        this.visitsLeft--;
        const edge = {
          id: text(row[0]),
          type: text(row[1]),
          weight: num(row[2]),
          other: num(row[3]),
          otherId: text(row[4]),
        };
        if ((type === undefined || edge.type === type) && this.visible(edge.other)) found.set(edge.id, edge);
      }
    }
    const sorted = [...found.values()].sort((a, b) => order(a.otherId, b.otherId) || order(a.id, b.id));
    this.#edges.set(key, sorted);
    return sorted;
  }
}

/** Walks of one graph. */
export class Walks {
  readonly #db: Sqlite;
  readonly #scopes: Scopes;
  readonly #reads: Reads;

  constructor(db: Sqlite, scopes: Scopes, reads: Reads) {
    this.#db = db;
    this.#scopes = scopes;
    this.#reads = reads;
  }

  /** Engrams within `depth` steps, nearest first, then by id; the start is not among them. */
  neighbors(id: Id, options: NeighborOptions): Connected[] {
    const scope = this.#scopes.make(options.asOf, options.readable);
    const start = this.#reads.stored(id, scope);
    if (start === null || !this.#scopes.visible(start.key, scope)) return [];
    const walk = new Walk(this.#db, this.#scopes, scope);
    const seen = new Set([start.key]);
    const found: Connected[] = [];
    let frontier: { key: number; id: Id }[] = [{ key: start.key, id }];
    const depthMax = Math.min(options.depth, walkLimits.depthMax);
    for (let depth = 1; depth <= depthMax && frontier.length > 0 && found.length < options.limit; depth++) {
      const reached = new Map<number, { id: Id; edge: Edge; from: Id }>();
      for (const near of frontier) {
        for (const edge of walk.edges(near.key, options.direction ?? "both", options.type)) {
          if (!seen.has(edge.other) && !reached.has(edge.other)) {
            reached.set(edge.other, { id: edge.otherId, edge, from: near.id });
          }
        }
        if (walk.visitsLeft <= 0) break;
      }
      const sorted = [...reached].sort((a, b) => order(a[1].id, b[1].id));
      for (const [key, { id: reachedId, edge, from }] of sorted) {
        seen.add(key);
        const engram = this.#reads.cut(this.#reads.stored(reachedId, scope), scope);
        if (engram !== null) found.push({ engram, depth, via: { id: edge.id, type: edge.type, from } });
        if (found.length >= options.limit) break;
      }
      frontier = sorted.map(([key, { id: reachedId }]) => ({ key, id: reachedId }));
      if (walk.visitsLeft <= 0) break;
    }
    options.looked?.(walk.visited);
    return found;
  }

  /** Simple paths, taking connections in both directions: shortest first, then larger weight, then ids. */
  paths(source: Id, target: Id, options: PathOptions): Path[] {
    const scope = this.#scopes.make(options.asOf, options.readable);
    const from = this.#reads.stored(source, scope), to = this.#reads.stored(target, scope);
    if (from === null || to === null || from.key === to.key) return [];
    const walk = new Walk(this.#db, this.#scopes, scope);
    if (!walk.visible(from.key) || !walk.visible(to.key)) return [];
    const depthMax = Math.min(options.depthMax, walkLimits.depthMax);
    const distances = distancesTo(walk, to.key, from.key, depthMax);
    const shortest = distances.get(from.key);
    const found: Path[] = [];
    if (shortest === undefined) {
      options.looked?.(walk.visited);
      return found;
    }
    let visitsLeft: number = walkLimits.visitsMax;
    for (let length = shortest; length <= depthMax && found.length < options.pathsMax; length++) {
      const paths: Path[] = [];
      const engrams: Id[] = [source], keys = new Set([from.key]), taken: Edge[] = [];
      const extend = (key: number): void => {
        const left = length - taken.length;
        for (const edge of walk.edges(key, "both", undefined)) {
          if (visitsLeft-- <= 0) return;
          const distance = distances.get(edge.other);
          if (keys.has(edge.other) || (left === 1 ? edge.other !== to.key : edge.other === to.key)) continue;
          // Distances end at depthMax or where the bound was met: an unknown one may be anything above.
          if (distance === undefined || distance > left - 1) continue;
          taken.push(edge);
          engrams.push(edge.otherId);
          if (left === 1) paths.push(pathOf(engrams, taken));
          else {
            keys.add(edge.other);
            extend(edge.other);
            keys.delete(edge.other);
          }
          taken.pop();
          engrams.pop();
        }
      };
      extend(from.key);
      found.push(...paths.sort(comparePaths));
      if (visitsLeft <= 0) break;
    }
    options.looked?.(walk.visited + walkLimits.visitsMax - visitsLeft);
    return found.slice(0, options.pathsMax);
  }
}

function distancesTo(walk: Walk, target: number, source: number, depthMax: number): Map<number, number> {
  const distances = new Map([[target, 0]]);
  let frontier = [target];
  for (let depth = 1; depth <= depthMax && frontier.length > 0 && walk.visitsLeft > 0; depth++) {
    const next: number[] = [];
    for (const key of frontier) {
      if (key === source) continue;
      for (const edge of walk.edges(key, "both", undefined)) {
        if (distances.has(edge.other)) continue;
        distances.set(edge.other, depth);
        next.push(edge.other);
      }
      if (walk.visitsLeft <= 0) break;
    }
    frontier = next;
  }
  return distances;
}

function pathOf(engrams: readonly Id[], taken: readonly Edge[]): Path {
  return {
    engrams: [...engrams],
    connections: taken.map(({ id, type, weight }) => ({ id, type, weight })),
    weight: taken.reduce((sum, edge) => sum + edge.weight, 0),
  };
}

function comparePaths(a: Path, b: Path): number {
  if (a.weight !== b.weight) return b.weight - a.weight;
  const ends = (path: Path) => [...path.engrams, ...path.connections.map((connection) => connection.id)];
  const left = ends(a), right = ends(b);
  for (let at = 0; at < left.length; at++) {
    const sign = order(left[at] ?? "", right[at] ?? "");
    if (sign !== 0) return sign;
  }
  return 0;
}
