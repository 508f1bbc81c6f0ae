/** How memories are shown to people: where they come from, when, and their text. */
import type { Engram } from "../../kernel/records.ts";
import type { Port, ViewResults } from "../../runtime/port.ts";
import { type Column, count, duration, oneLine, printable, type Screen } from "./screen.ts";

/** Where a memory comes from: `notes/plan.md:7`, else its ref or source. */
export function placeOf(engram: Pick<Engram, "metadata" | "ref" | "source">): string {
  const { file, line } = engram.metadata;
  if (typeof file === "string") return typeof line === "number" ? `${file}:${line}` : file;
  return engram.ref ?? engram.source ?? "";
}

/** The day of a time. */
export function day(time: string | null | undefined): string {
  return time === null || time === undefined ? "" : time.slice(0, 10);
}

const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** A day in words: `14 March`, with the year where it is not `year`. */
export function dayWords(time: string, year: string): string {
  const month = months[Number(time.slice(5, 7)) - 1] ?? "";
  const words = `${Number(time.slice(8, 10))} ${month}`;
  return time.slice(0, 4) === year ? words : `${words} ${time.slice(0, 4)}`;
}

/** How long agents have run. No log keeps durations: a graph made again from it knows none, and then nothing is said. */
export function timeRows(executionMs: number): [string, string][] {
  return executionMs === 0 ? [] : [["running time", duration(executionMs)]];
}

/** What opening did where the memory graph was missing. */
export function restoredWords({ tick, passedOver }: NonNullable<ViewResults["status"]["restored"]>): string {
  const over = passedOver.map((one) => `that of tick ${count(one.tick)} was passed over: ${one.why}`);
  const from = tick === null ? "the first entry of the log" : `the checkpoint of tick ${count(tick)}`;
  return [`the memory graph was missing and is made again from ${from}`, ...over].join("; ");
}

/** A minute of a time, in UTC. */
export function minute(time: string | null): string {
  return time === null ? "" : `${time.slice(0, 10)} ${time.slice(11, 16)}`;
}

/** Columns of a list of memories. `text` says what stands for one. */
export function memoryColumns<Row extends Engram>(text: (row: Row) => string): Column<Row>[] {
  return [
    { title: "ID", text: (row) => row.id },
    { title: "MEMORY", text, fills: true },
    { title: "FROM", text: placeOf, yields: true },
    { title: "WHEN", text: (row) => day(row.observedAt) },
  ];
}

/** Prints one memory whole. */
export async function showEngram(screen: Screen, engram: Engram, port: Port): Promise<void> {
  const { contexts } = await port.view({ view: "contexts" });
  const nameOf = (id: string) => contexts.find((one) => one.id === id)?.name ?? id;
  if (engram.title !== null && engram.title !== "") screen.line(screen.paint("bold", oneLine(engram.title)));
  screen.line(printable(engram.content));
  screen.line();
  const by = engram.by.agent ?? engram.by.client ?? "the program";
  const facts: [string, string][] = [
    ["id", engram.id],
    ["kind", engram.kind],
    ["from", placeOf(engram)],
    [
      "time",
      engram.observedAt === null ? "" : `${engram.observedAt} (${engram.timeSource.replace("_", " ")})`,
    ],
    ["holds", [engram.validFrom, engram.validTo].map(day).join(" to ").replace(/^ to $/, "")],
    ["confidence", String(engram.confidence)],
    ["project", engram.contexts.map(nameOf).join(", ")],
    ["thread", engram.thread === null ? "" : `${engram.thread}, ${engram.position ?? ""}`],
    ["metadata", Object.keys(engram.metadata).length === 0 ? "" : JSON.stringify(engram.metadata)],
    ["written by", `${by} at tick ${engram.updatedTick}`],
    ["superseded by", engram.supersededBy ?? ""],
  ];
  screen.facts(facts.filter(([, value]) => value !== ""));
}
