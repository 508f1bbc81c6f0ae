/**
 * Metrics: what this process counted since it opened its folder, and what there is now, as a monitoring system reads it.
 *
 * Owns: the names, their kinds and help, counting, the bounds of histograms.
 * Does not own: an agent's own figures (kernel, durations.ts), the text form (api/http/prometheus.ts).
 *
 * Invariants:
 * 1. Nothing here is state: nothing decides by it, and replay and recovery count nothing.
 * 2. The number of series is fixed: labels are outcomes and kinds of this build, never ids or texts.
 * Source of the names beginning with `wasm_`: the MentatLab guide.
 */
import { type Ask, type Entry, type OutcomeKind, outcomeKinds, type StepRecord } from "../kernel/mod.ts";
import type { StatusView } from "./port.ts";

type AskKind = Ask["kind"];

/** One metric with its values. Durations are in seconds, sizes in bytes. */
export type Metric =
  | {
    readonly name: string;
    readonly type: "counter" | "gauge";
    readonly help: string;
    readonly samples: readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly value: number;
    }[];
  }
  | {
    readonly name: string;
    readonly type: "histogram";
    readonly help: string;
    /** Cumulative: how many were at most `le`. Those above the last bound are in `count` alone. */
    readonly buckets: readonly { readonly le: number; readonly count: number }[];
    readonly sum: number;
    readonly count: number;
  };

/** What there is now. */
export interface Gauges extends StatusView {
  readonly instances: number;
  /** Linear memory of the live instances. */
  readonly instanceBytes: number;
  readonly residentBytes: number;
}

/** Upper bounds of the buckets, in seconds: from a tenth of an empty step to a minute. */
const bounds = [1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 5, 10, 60];

class Histogram {
  readonly #counts = bounds.map(() => 0);
  #sum = 0;
  #count = 0;

  observe(seconds: number): void {
    this.#sum += seconds;
    this.#count++;
    const at = bounds.findIndex((bound) => seconds <= bound);
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  metric(name: string, help: string): Metric {
    let count = 0;
    const buckets = bounds.map((le, at) => ({ le, count: count += this.#counts[at] ?? 0 }));
    return { name, type: "histogram", help, buckets, sum: this.#sum, count: this.#count };
  }
}

function count<Name extends string>(counts: Map<Name, number>, name: Name, more = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + more);
}

/** Counts for one runtime. */
export class Metrics {
  readonly #startedMs: number;
  readonly #executions = new Histogram();
  readonly #compilations = new Histogram();
  readonly #outcomes = new Map<OutcomeKind, number>(
    outcomeKinds.filter((kind) => kind !== "carried").map((kind) => [kind, 0]),
  );
  readonly #commands = new Map<AskKind, number>();
  #ticks = 0;
  #fuel = 0;
  #droppedFuel = 0;
  #messages = 0;
  #memoryOperations = 0;
  #workerFaults = 0;
  #rested = 0;
  #compileFailures = 0;

  /** `startedMs`: when counting begins, since 1970. */
  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  /** A tick was logged, with these commands. */
  ticked(commands: Entry["commands"]): void {
    this.#ticks++;
    for (const { command } of commands) count(this.#commands, command.ask.kind);
  }

  /** A step ended; `executionMs` is null where no wasm ran. */
  ended(record: StepRecord, executionMs: number | null): void {
    if (record.agent === null) return;
    count(this.#outcomes, record.outcome);
    this.#fuel += record.fuel;
    this.#messages += record.messages.length;
    this.#memoryOperations += record.memoryOperations;
    if (executionMs !== null) this.#executions.observe(executionMs / 1000);
  }

  /** An agent that used so much fuel is unloaded. */
  dropped(fuel: number): void {
    this.#droppedFuel += fuel;
  }

  /** A module was read, checked, metered and validated in so many ms; null: it was refused. */
  prepared(ms: number | null): void {
    if (ms === null) this.#compileFailures++;
    else this.#compilations.observe(ms / 1000);
  }

  /** A worker was lost, or failed in a step. */
  workerFault(): void {
    this.#workerFaults++;
  }

  /** So many idle agents gave their memory back. */
  rested(agents: number): void {
    this.#rested += agents;
  }

  /** All of them, always in the same order. */
  list(now: Gauges): readonly Metric[] {
    const one = (type: "counter" | "gauge", name: string, help: string, value: number): Metric => ({
      name,
      type,
      help,
      samples: [{ labels: {}, value }],
    });
    const by = (
      type: "counter" | "gauge",
      name: string,
      help: string,
      label: string,
      values: Iterable<readonly [string, number]>,
    ): Metric => ({
      name,
      type,
      help,
      samples: [...values].map(([key, value]) => ({ labels: { [label]: key }, value }))
        .sort((a, b) => (a.labels[label] ?? "") < (b.labels[label] ?? "") ? -1 : 1),
    });
    const instances = [["active", now.instances], [
      "parked",
      Math.max(0, now.agents - now.instances),
    ]] as const;
    return [
      this.#executions.metric("wasm_execution_duration_seconds", "How long a step of an agent took."),
      one("counter", "wasm_fuel_consumed_total", "Fuel of all steps of agents.", this.#fuel),
      one(
        "counter",
        "wasm_fuel_total_consumed",
        "Fuel that agents used, in all their life, which were unloaded since.",
        this.#droppedFuel,
      ),
      this.#compilations.metric(
        "wasm_compile_duration_seconds",
        "How long a module took to be read, checked, metered and validated.",
      ),
      one("counter", "wasm_compile_failures_total", "Modules that were refused.", this.#compileFailures),
      by(
        "gauge",
        "wasm_instances_total",
        "Agents with a live instance, and without one.",
        "status",
        instances,
      ),
      one("gauge", "wasm_memory_usage_bytes", "Linear memory of the live instances.", now.instanceBytes),
      one(
        "counter",
        "wasm_memory_shrink_total",
        "Instances let go because their agents were idle.",
        this.#rested,
      ),
      by(
        "counter",
        "engramlt_steps_total",
        "Steps of agents that ended, by outcome.",
        "outcome",
        this.#outcomes,
      ),
      by("counter", "engramlt_commands_total", "Commands that were logged, by kind.", "kind", this.#commands),
      one("counter", "engramlt_ticks_total", "Ticks that were logged.", this.#ticks),
      one("counter", "engramlt_messages_total", "Messages that agents sent.", this.#messages),
      one(
        "counter",
        "engramlt_memory_operations_total",
        "Host calls of agents that read or write memories.",
        this.#memoryOperations,
      ),
      one(
        "counter",
        "engramlt_worker_faults_total",
        "Agent workers lost, or failed in a step.",
        this.#workerFaults,
      ),
      one("gauge", "engramlt_tick", "The last tick.", now.tick),
      one("gauge", "engramlt_agents", "Loaded agents.", now.agents),
      one(
        "gauge",
        "engramlt_agent_memory_bytes",
        "Linear memory of all agents, live or parked.",
        now.memoryBytes,
      ),
      one("gauge", "engramlt_workers", "Agent workers.", now.workers),
      one("gauge", "engramlt_inbox_commands", "Commands that wait for a tick.", now.inbox),
      one("gauge", "engramlt_waiting_messages", "Messages that wait in mailboxes.", now.waitingMessages),
      one("gauge", "engramlt_engrams", "Memories.", now.engrams),
      one("gauge", "engramlt_connections", "Links between memories.", now.connections),
      one("gauge", "engramlt_contexts", "Contexts.", now.contexts),
      by("gauge", "engramlt_build_info", "The version that runs.", "version", [[now.version, 1]]),
      one("gauge", "process_resident_memory_bytes", "Resident memory of the process.", now.residentBytes),
      one(
        "gauge",
        "process_start_time_seconds",
        "When the folder was opened, since 1970.",
        this.#startedMs / 1000,
      ),
    ];
  }
}
