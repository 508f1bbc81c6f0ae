/**
 * Links as a recall walks them: ends and types by the keys of engrams, many at once.
 *
 * Owns: four statements without texts. Does not own: what may be seen (the caller asks for each end).
 *
 * Invariant: answers are in the order of the connections' making.
 */
import { sql } from "kysely";
import { connectionTypes } from "../kernel/records.ts";
import { build, given, num, Query, type Sqlite, type Value } from "./sqlite.ts";

const keysGiven = sql<number>`(select value from json_each(${given<string>(1)}))`;

/** Links that are not walked: proposals and doubts lead nowhere. */
const unwalked = ["proposed", connectionTypes.duplicates, connectionTypes.contradicts];

/** The first connections of one side of each engram as one text, `end:connection:walked` by commas: a row costs more. */
const side = (own: "source" | "target", other: "source" | "target") =>
  sql<string | null>`(select group_concat(one) from (
    select ${sql.ref(other)} || ':' || connection || ':' || (type not in (${
    sql.join(unwalked.map((type) => sql.lit(type)))
  })) as one
    from connection_version where ${sql.ref(own)} = asked.value
      and to_tick > ${given(0)} and from_tick <= ${given(0)} order by connection limit ${given(2)}))`;
const ends = new Query(() =>
  build.selectFrom(sql<{ value: number }>`json_each(${given<string>(1)})`.as("asked"))
    .select(["asked.value", side("source", "target").as("out"), side("target", "source").as("into")])
);
const origins = new Query(() =>
  build.selectFrom("connection_version").select(["source", "target"]).where("source", "in", keysGiven)
    .where("type", "=", sql.lit(connectionTypes.from))
    .where("to_tick", ">", given(0)).where("from_tick", "<=", given(0)).orderBy("connection")
);
const versions = new Query(() =>
  build.selectFrom("engram_version").select(["engram", "rid"]).where("engram", "in", keysGiven)
    .where("to_tick", ">", given(0)).where("from_tick", "<=", given(0))
);

/** The other ends, by key, of the first `limit` connections of each engram at a tick, both ways, but for those not walked. */
export function endsOf(
  db: Sqlite,
  keys: readonly number[],
  tick: number,
  limit: number,
): Map<number, readonly number[]> {
  const rows = db.all(ends, [tick, JSON.stringify(keys), limit]);
  return new Map(rows.map(([key, out, into]) => {
    const links = [...linksIn(out), ...linksIn(into)].sort((one, other) => one.connection - other.connection);
    return [num(key), links.slice(0, limit).flatMap(({ end, walked }) => walked ? end : [])];
  }));
}

function linksIn(list: Value | undefined): { end: number; connection: number; walked: boolean }[] {
  if (typeof list !== "string") return [];
  return list.split(",").map((link) => {
    const [end, connection, walked] = link.split(":");
    return { end: Number(end), connection: Number(connection), walked: walked === "1" };
  });
}

/** What each of these facts was taken from first. */
export function originsOf(db: Sqlite, keys: readonly number[], tick: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const [source, target] of db.all(origins, [tick, JSON.stringify(keys)])) {
    if (!found.has(num(source))) found.set(num(source), num(target));
  }
  return found;
}

/** The row of each engram's version at a tick. */
export function versionsOf(db: Sqlite, keys: readonly number[], tick: number): Map<number, number> {
  const rows = db.all(versions, [tick, JSON.stringify(keys)]);
  return new Map(rows.map(([engram, rid]) => [num(engram), num(rid)]));
}
