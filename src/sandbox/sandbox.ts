/**
 * The sandbox: runs steps of agents in workers, in parallel, and serves their host calls on the calling thread.
 *
 * Owns: which worker holds which agent, the run of a batch of steps, settling, eviction, fencing.
 * Does not own: what a host call does (the `serve` given to run), what becomes of outcomes (kernel.settle).
 *
 * Invariants:
 * 1. Synchronous: every method blocks its thread (never the main thread of a host) and returns with the work done.
 * 2. Results stand in the order of the steps, and do not depend on the number of workers or on who was faster.
 * 3. After any step that is not kept, its agent stands as before it, or is held nowhere.
 * 4. What a fenced worker says is never read; its steps have no outcome.
 */
import type { Prepared } from "../wasm/mod.ts";
import { assert, EngramError } from "../kernel/errors.ts";
import { type HostAnswer, type HostCall, type HostFunctionName, status, type StepPermit } from "./abi.ts";
import { AgentWorker, type HeldAgent, type WorkerSetup } from "./agent_worker.ts";
import { areaBytes, Doorbell } from "./channel.ts";
import { driversMax } from "./drivers.ts";
import { manifestOf } from "./exports.ts";
import { FunctionMap } from "./function_map.ts";
import {
  type Entry,
  type Finished,
  order,
  origin,
  readCall,
  readFinished,
  report,
  writeAnswer,
  writeStep,
} from "./messages.ts";

/** What went wrong with a worker, not with an agent. */
export interface SandboxFault {
  readonly worker: number;
  readonly message: string;
}

/** How a sandbox is set up. Nothing here changes a result. */
export interface SandboxOptions {
  readonly workers: number;
  /** The worker's script, where it is not beside this module (a bundle). */
  readonly workerUrl?: URL;
  /** The most agents a worker holds; lowered where the kernel has fewer memory mappings. Default 4096. */
  readonly instancesPerWorkerMax?: number;
  /** A memory above this many bytes has no copy to be put back from. Default 64 MiB. */
  readonly shadowBytesMax?: number;
  /**
   * A worker in which no guest begins, suspends or ends for this long is fenced, or for longer where the fuel of a step
   * may take longer. Default 30,000.
   */
  readonly pollMsMax?: number;
  /** Size of a channel's areas in bytes. Default 1 MiB. */
  readonly areaBytes?: number;
  /** Modules kept compiled; more only while one run needs more. Agents that are held keep theirs. Default 256. */
  readonly modulesMax?: number;
  readonly onFault?: (fault: SandboxFault) => void;
  /** Called with the image of an agent that had to make room. */
  readonly onEvict?: (agent: string, image: Uint8Array) => void;
}

/** A module as {@link Sandbox.define} takes it. */
export interface SandboxModule {
  /** Names the bytes: the hash of module, policy and instrumenter version. */
  readonly key: string;
  readonly prepared: Prepared;
  /** The stack budget the module was prepared with, in bytes of model frames. */
  readonly stackDepthMax: number;
}

/** One step to run. */
export interface SandboxStep {
  readonly agent: string;
  readonly moduleKey: string;
  readonly entry: Entry;
  /** initialize, query, receive: one; execute: action and params; release: none. */
  readonly args: readonly Uint8Array[];
  readonly fuel: number;
  /** Completed steps of the agent before this one; 0 runs on a fresh instance, its start function first. */
  readonly completedSteps: number;
  /** The agent's image, where {@link Sandbox.holds} was false and `completedSteps` is above 0. */
  readonly image: Uint8Array | null;
  /** What its worker may answer without asking; changes no result. */
  readonly permit?: StepPermit | null;
  /** Whether {@link Sandbox.images} will be asked for its agent if it completes: saves a turn of the channel. */
  readonly tellsImage?: boolean;
}

/** How a step ended. `lost`: the worker failed, there is no outcome. */
export type StepResult =
  & (
    | { readonly kind: "completed"; readonly fuel: number; readonly result: Uint8Array }
    | { readonly kind: "failed"; readonly fuel: number; readonly code: number }
    /** `backtrace`: functions by name and index, innermost first. */
    | { readonly kind: "trapped"; readonly message: string; readonly backtrace: readonly string[] }
    | { readonly kind: "out_of_fuel" }
    | { readonly kind: "ended"; readonly reason: string }
    | { readonly kind: "lost" }
  )
  & {
    readonly executionMs: number;
    readonly memoryBytes: number;
    readonly hostCalls: number;
    /** Host calls that read or write the graph. */
    readonly memoryOperations: number;
  };

/** Serves a host call, or ends the step that made it. */
export type Serve = (stepIndex: number, call: HostCall) => HostAnswer | { readonly end: string };

interface Run {
  readonly steps: readonly SandboxStep[];
  readonly serve: Serve;
  readonly results: (StepResult | undefined)[];
  readonly reasons: (string | undefined)[];
  left: number;
}

interface GuestCall {
  readonly agent: HeldAgent;
  readonly name: HostFunctionName;
  /** Null where a text in it was not UTF-8. */
  readonly call: HostCall | null;
  /** Whether the worker answered it under a permit. */
  readonly isAnswered: boolean;
}

interface DefinedModule {
  readonly number: number;
  readonly manifest: string;
  readonly bytes: Uint8Array;
  readonly imports: number;
  /** Made at the first trap. */
  functions: FunctionMap | null;
  /** The number of the run before which it was last asked for. */
  neededInRun: number;
}

const nothingUsed = { executionMs: 0, memoryBytes: 0, hostCalls: 0, memoryOperations: 0 };
/** Images that travel in one frame. */
export const imagesPerFrameMax = 64;
/** Kernel mappings: of a small memory, and of a suspended stack. */
const mappingsPerInstance = 2;
const mappingsPerDriver = 3;

/** The kernel's limit on mappings of a process, where it says none itself. */
const mappingsDefault = 65_530;

/** The most instances a worker may hold under half of the kernel's limit on mappings (Linux; elsewhere no limit). */
function instancesMax(workers: number, wanted: number): number {
  if (Deno.build.os !== "linux") return wanted;
  let mappings = mappingsDefault;
  try {
    mappings = Number(Deno.readTextFileSync("/proc/sys/vm/max_map_count"));
  } catch (error) {
    // Deno lets only those read there who may do everything, which the executable may not.
    if (!(error instanceof Error)) throw error;
  }
  const share = Math.floor(mappings / 2 / workers) - driversMax * mappingsPerDriver;
  return Math.max(1, Math.min(wanted, Math.floor(share / mappingsPerInstance)));
}

/** Workers that run agents. Use it from a thread that may block. */
export class Sandbox {
  readonly #workers: AgentWorker[];
  readonly #setup: WorkerSetup;
  readonly #instancesMax: number;
  readonly #onFault: (fault: SandboxFault) => void;
  readonly #onEvict: (agent: string, image: Uint8Array) => void;
  /** The one asked for longest ago first. */
  readonly #modules = new Map<string, DefinedModule>();
  readonly #modulesMax: number;
  #modulesDefined = 0;
  readonly #agents = new Map<string, HeldAgent>();
  #run: Run | null = null;
  #runs = 0;
  /** Images that workers gave, until they are taken. */
  readonly #images = new Map<HeldAgent, Uint8Array>();
  /** Agents with a step that was neither kept nor put back. */
  readonly #unsettled = new Set<HeldAgent>();

  constructor(options: SandboxOptions) {
    assert(options.workers >= 1, "a sandbox has at least one worker");
    this.#setup = {
      url: options.workerUrl ?? new URL("./worker.ts", import.meta.url),
      doorbell: new Doorbell(),
      shadowBytesMax: options.shadowBytesMax ?? 64 * 1024 * 1024,
      pollMsMax: options.pollMsMax ?? 30_000,
      areaBytes: options.areaBytes ?? areaBytes,
      onError: (worker, message) => this.#fence(worker, message),
    };
    this.#instancesMax = instancesMax(options.workers, options.instancesPerWorkerMax ?? 4096);
    this.#modulesMax = options.modulesMax ?? 256;
    this.#onFault = options.onFault ?? (() => {});
    this.#onEvict = options.onEvict ?? (() => {});
    this.#workers = Array.from({ length: options.workers }, (_, i) => new AgentWorker(i, this.#setup));
  }

  /** The most steps one run may have. */
  get stepsMax(): number {
    return this.#instancesMax * this.#workers.length;
  }

  /**
   * Makes a module known for the next run; each worker gets its bytes when it first needs them. The one not asked for
   * longest is forgotten for it, where there are too many.
   */
  define(module: SandboxModule): void {
    const known = this.#modules.get(module.key);
    if (known !== undefined) {
      if (known.neededInRun === this.#runs) return;
      known.neededInRun = this.#runs;
      this.#modules.delete(module.key);
      this.#modules.set(module.key, known);
      return;
    }
    this.#forgetModules();
    this.#modules.set(module.key, {
      number: this.#modulesDefined++,
      manifest: JSON.stringify(manifestOf(module.prepared, module.stackDepthMax)),
      bytes: module.prepared.bytes,
      imports: module.prepared.imports.length,
      functions: null,
      neededInRun: this.#runs,
    });
  }

  /** Makes room for one more, but for those that the next run needs. */
  #forgetModules(): void {
    for (const [key, module] of this.#modules) {
      if (this.#modules.size < this.#modulesMax || module.neededInRun === this.#runs) return;
      this.#modules.delete(key);
      for (const worker of this.#workers) {
        if (!worker.modules.delete(module.number)) continue;
        worker.out.u8(order.forget);
        worker.out.u32(module.number);
      }
    }
  }

  /**
   * Runs steps, at most one an agent, and serves their host calls here until all have ended. Steps of an earlier run
   * that were not settled are put back first. `meanwhile` is called once, when the workers have something to do and this
   * thread has not. Throws what `serve` and `meanwhile` throw, EngramError limit_reached when the steps are more than
   * the workers may hold.
   */
  run(steps: readonly SandboxStep[], serve: Serve, meanwhile: () => void = () => {}): StepResult[] {
    this.#putBackUnsettled();
    this.#runs++;
    this.#images.clear();
    const run: Run = { steps, serve, results: [], reasons: [], left: steps.length };
    this.#run = run;
    try {
      this.#place(steps);
      steps.forEach((step, i) => this.#begin(step, i));
      for (const worker of this.#workers) if (worker.running > 0) this.#send(worker);
      meanwhile();
      while (run.left > 0) this.#turn();
    } catch (error) {
      for (const worker of this.#workers) if (worker.running > 0) this.#replace(worker);
      throw error;
    } finally {
      this.#run = null;
    }
    return run.results.map((result) => result ?? { kind: "lost", ...nothingUsed });
  }

  /** Finds a place for each step's agent, making room where needed. */
  #place(steps: readonly SandboxStep[]): void {
    if (steps.length > this.stepsMax) {
      throw new EngramError(
        "limit_reached",
        `Cannot run ${steps.length} steps at once: the limit is ${this.stepsMax}`,
      );
    }
    for (const step of steps) {
      const held = this.#agents.get(step.agent);
      assert(held?.usedInRun !== this.#runs, `agent "${step.agent}" has two steps in one run`);
      if (held === undefined) continue;
      if (step.completedSteps > 0 && this.holds(step.agent, step.completedSteps)) held.usedInRun = this.#runs;
      else this.#unseat(held);
    }
    for (const { agent, completedSteps, image } of steps) {
      if (this.#agents.has(agent)) continue;
      assert(completedSteps === 0 || image !== null, `agent "${agent}" is held nowhere and has no image`);
      const held = this.#room().seat(agent, completedSteps);
      held.usedInRun = this.#runs;
      this.#agents.set(agent, held);
    }
  }

  /** The worker with the fewest agents that has or can make room. */
  #room(): AgentWorker {
    const workers = [...this.#workers].sort((a, b) => a.agents.size - b.agents.size || a.index - b.index);
    const spacious = workers.find((worker) => worker.agents.size < this.#instancesMax);
    if (spacious !== undefined) return spacious;
    const idle = [...this.#agents.values()].filter((agent) => agent.usedInRun !== this.#runs);
    const [oldest] = idle.sort((a, b) => a.usedInRun - b.usedInRun);
    assert(oldest !== undefined, "workers are full of agents of this run");
    const image = this.image(oldest.id);
    // A worker lost meanwhile has been replaced by one with room.
    if (image === null) return this.#room();
    this.#onEvict(oldest.id, image);
    this.#unseat(oldest);
    return oldest.worker;
  }

  #begin(step: SandboxStep, index: number): void {
    const held = this.#agents.get(step.agent);
    const module = this.#modules.get(step.moduleKey);
    assert(module !== undefined, `module "${step.moduleKey}" was not defined`);
    assert(held !== undefined, `agent "${step.agent}" has no seat`);
    assert(
      Number.isSafeInteger(step.fuel) && step.fuel >= 0,
      `a step of "${step.agent}" has ${step.fuel} fuel`,
    );
    const { worker, seat } = held;
    if (!worker.modules.has(module.number)) {
      worker.modules.add(module.number);
      worker.out.u8(order.define);
      worker.out.u32(module.number);
      worker.out.text(module.manifest);
      worker.out.blob(module.bytes);
    }
    const source = held.begun ? origin.live : step.completedSteps === 0 ? origin.fresh : origin.image;
    const image = source === origin.image ? step.image : null;
    writeStep(worker.out, { ...step, seat, module: module.number, origin: source, image });
    held.begun = true;
    held.step = index;
    worker.expect(step.fuel);
  }

  /** Sends a worker its orders, after what it was still busy with. */
  #send(worker: AgentWorker): void {
    if (worker.busy) this.#wait(worker);
    if (this.#workers[worker.index] === worker) worker.send();
  }

  /** Handles every worker that has handed over; sleeps when none has. */
  #turn(): void {
    const { doorbell } = this.#setup;
    const seen = doorbell.rings;
    let handled = false;
    for (const worker of this.#workers) {
      if (!worker.busy || !worker.poll()) continue;
      handled = true;
      this.#handle(worker);
      if (worker.running > 0 && this.#workers[worker.index] === worker) worker.send();
    }
    const patience = this.#patience();
    assert(
      patience < Infinity || handled || this.#run?.left === 0,
      "no worker has the turn, and steps are left",
    );
    if (!handled && patience > 0) doorbell.wait(seen, patience);
  }

  /** The shortest time a busy worker may still be silent, in ms; fences those whose time is over. */
  #patience(): number {
    const now = performance.now();
    let shortest = Infinity;
    for (const worker of this.#workers) {
      if (!worker.busy) continue;
      const patience = worker.patienceMs(now);
      if (patience === 0) this.#fenceSilent(worker);
      shortest = Math.min(shortest, patience);
    }
    return shortest;
  }

  /** Waits until one worker has handed over, or is fenced. */
  #wait(worker: AgentWorker): void {
    while (this.#workers[worker.index] === worker && worker.busy) {
      const seen = this.#setup.doorbell.rings;
      if (worker.poll()) return this.#handle(worker);
      const patience = worker.patienceMs(performance.now());
      if (patience === 0) this.#fenceSilent(worker);
      else this.#setup.doorbell.wait(seen, patience);
    }
  }

  #fenceSilent(worker: AgentWorker): void {
    this.#fence(worker, `no answer within ${worker.silenceMsMax} ms`);
  }

  /** Carries out what a worker reports; one that writes nonsense is fenced. */
  #handle(worker: AgentWorker): void {
    while (!worker.frame.done) {
      let call: GuestCall | null;
      try {
        call = this.#read(worker);
      } catch (error) {
        return this.#fence(worker, error instanceof Error ? error.message : String(error));
      }
      if (call !== null && !this.#serve(call)) {
        return this.#fence(worker, `it answered a ${call.name} that the host refuses`);
      }
    }
  }

  /** Reads one report and carries it out, unless it is a host call. Throws on anything a worker may not say. */
  #read({ frame, seated }: AgentWorker): GuestCall | null {
    const kind = frame.u8();
    if (kind === report.fault) throw new Error(frame.text());
    const agent = seated[frame.u32()];
    assert(agent !== undefined, "a report of an agent nobody seated");
    if (kind === report.image) this.#images.set(agent, frame.blob().slice());
    else {
      assert(agent.step >= 0 && this.#run !== null, "a report of a step nobody began");
      const isAnswered = kind === report.answered;
      if (kind === report.call || isAnswered) {
        const { name, call } = readCall(frame, isAnswered);
        return { agent, isAnswered, name, call };
      }
      assert(kind === report.finished, `report ${kind} is not known`);
      this.#finished(agent, readFinished(frame), this.#run);
    }
    return null;
  }

  /** Serves a call; false where the worker had no right to answer it. */
  #serve({ agent, name, call, isAnswered }: GuestCall): boolean {
    const run = this.#run;
    assert(run !== null, "a host call outside a run");
    const answer = call === null ? { status: status.invalidArgument } : run.serve(agent.step, call);
    if (isAnswered) return mayAnswer(name, answer);
    if ("end" in answer) run.reasons[agent.step] = answer.end;
    writeAnswer(agent.worker.out, agent.seat, name, answer);
    return true;
  }

  #finished(agent: HeldAgent, step: Finished, run: Run): void {
    const index = agent.step;
    agent.step = -1;
    agent.worker.running--;
    agent.memoryBytes = step.memoryBytes;
    run.left--;
    run.results[index] = resultOf(step, run.reasons[index] ?? "", this.#backtrace(run.steps[index], step));
    if (step.kind === "lost") {
      this.#onFault({ worker: agent.worker.index, message: step.message });
      this.#unseat(agent);
    } else {
      agent.unsettled = { completed: step.kind === "completed", restorable: step.restorable };
      this.#unsettled.add(agent);
    }
  }

  /** The frames of a trapped step by the names of its module. */
  #backtrace(step: SandboxStep | undefined, { backtrace }: Finished): string[] {
    const module = this.#modules.get(step?.moduleKey ?? "");
    if (backtrace.length === 0 || module === undefined) return [];
    const functions = module.functions ??= new FunctionMap(module.bytes, module.imports);
    return backtrace.map(({ name, offset }) => functions.frame(name, offset));
  }

  /** Keeps what steps of the last run did, or puts their agents back; only a completed step can be kept. */
  settle(decisions: readonly { readonly agent: string; readonly keep: boolean }[]): void {
    for (const { agent, keep } of decisions) {
      const held = this.#agents.get(agent);
      if (held?.unsettled !== null && held?.unsettled !== undefined) this.#settleOne(held, keep);
    }
    this.#putBackUnsettled();
  }

  #putBackUnsettled(): void {
    for (const agent of this.#unsettled) this.#settleOne(agent, false);
  }

  #settleOne(agent: HeldAgent, keep: boolean): void {
    const { unsettled, worker } = agent;
    assert(unsettled !== null && (!keep || unsettled.completed), `a step of "${agent.id}" cannot be kept`);
    agent.unsettled = null;
    this.#unsettled.delete(agent);
    if (!keep) this.#images.delete(agent);
    if (!keep && !unsettled.restorable) return this.#unseat(agent);
    worker.out.u8(order.settle);
    worker.out.u32(agent.seat);
    worker.out.u8(keep ? 1 : 0);
    if (keep) agent.completedSteps++;
  }

  /** The agent's image as it stands, an unsettled completed step included; null if no worker holds it. */
  image(agent: string): Uint8Array | null {
    return this.images([agent])[0] ?? null;
  }

  /** {@link image} of several agents, with few turns of the channel. */
  images(agents: readonly string[]): (Uint8Array | null)[] {
    const found: (Uint8Array | null)[] = [];
    for (let at = 0; at < agents.length; at += imagesPerFrameMax) {
      found.push(...this.#imagesOf(agents.slice(at, at + imagesPerFrameMax)));
    }
    return found;
  }

  #imagesOf(agents: readonly string[]): (Uint8Array | null)[] {
    const asked = new Set<AgentWorker>();
    const wanted = agents.map((agent) => {
      const held = this.#agents.get(agent);
      if (held === undefined) return null;
      if (held.unsettled?.completed === false) this.#settleOne(held, false);
      if (this.#agents.get(agent) !== held) return null;
      if (this.#images.has(held)) return held;
      held.worker.out.u8(order.image);
      held.worker.out.u32(held.seat);
      asked.add(held.worker);
      return held;
    });
    for (const worker of asked) this.#send(worker);
    for (const worker of asked) this.#wait(worker);
    const images = wanted.map((held) => held === null ? null : this.#images.get(held) ?? null);
    for (const held of wanted) if (held !== null) this.#images.delete(held);
    return images.map((image) => image === null || image.length === 0 ? null : image);
  }

  /** Whether a worker holds the agent at exactly this number of completed steps, with none unsettled. */
  holds(agent: string, completedSteps: number): boolean {
    const held = this.#agents.get(agent);
    return held !== undefined && held.begun && held.unsettled === null &&
      held.completedSteps === completedSteps;
  }

  /** Lets an agent's instance go. */
  drop(agent: string): void {
    const held = this.#agents.get(agent);
    if (held === undefined) return;
    this.#unseat(held);
    if (!held.worker.busy) held.worker.send();
  }

  /** How many runs there were. */
  get runs(): number {
    return this.#runs;
  }

  /** Agents that are held and had no step after a run, `max` at most. */
  idleSince(run: number, max: number): string[] {
    const idle: string[] = [];
    for (const { id, usedInRun } of this.#agents.values()) {
      if (idle.length === max) break;
      if (usedInRun <= run) idle.push(id);
    }
    return idle;
  }

  /**
   * Ends the threads that hold no agent: what a thread at rest does not collect goes back to the system with it. They
   * start again when they have something to do.
   */
  rest(): void {
    assert(this.#run === null, "a sandbox rests between runs");
    for (const worker of this.#workers) {
      if (worker.isStarted && worker.agents.size === 0) this.#replace(worker);
    }
  }

  #unseat(agent: HeldAgent): void {
    this.#unsettled.delete(agent);
    this.#images.delete(agent);
    agent.worker.unseat(agent);
    this.#agents.delete(agent.id);
  }

  #fence(worker: AgentWorker, message: string): void {
    if (this.#workers[worker.index] !== worker) return;
    this.#replace(worker);
    this.#onFault({ worker: worker.index, message });
  }

  /** Puts a new worker in the place of one that is given up; its steps are lost, its agents held nowhere. */
  #replace(worker: AgentWorker): void {
    worker.stop();
    this.#workers[worker.index] = new AgentWorker(worker.index, this.#setup);
    for (const agent of worker.agents.values()) {
      this.#unsettled.delete(agent);
      this.#agents.delete(agent.id);
      if (agent.step < 0 || this.#run === null) continue;
      this.#run.results[agent.step] = { kind: "lost", ...nothingUsed };
      this.#run.left--;
    }
  }

  /** Workers, live instances, and their linear memory in bytes as of each agent's last step. */
  stats(): { workers: number; instances: number; memoryBytes: number } {
    let memoryBytes = 0;
    for (const agent of this.#agents.values()) memoryBytes += agent.memoryBytes;
    return { workers: this.#workers.length, instances: this.#agents.size, memoryBytes };
  }

  /** Ends all workers; returns at once. */
  close(): void {
    for (const worker of this.#workers) worker.stop();
    this.#agents.clear();
  }
}

/** Whether a worker may have answered a call by itself that the host answers so. */
function mayAnswer(name: HostFunctionName, answer: HostAnswer | { readonly end: string }): boolean {
  if (name === "engram_get") return "json" in answer;
  return (name === "send_message" || name === "engram_update") && "status" in answer &&
    answer.status === status.done;
}

function resultOf(step: Finished, reason: string, backtrace: readonly string[]): StepResult {
  const { executionMs, memoryBytes, hostCalls, memoryOperations } = step;
  const used = { executionMs, memoryBytes, hostCalls, memoryOperations };
  switch (step.kind) {
    case "completed":
      return { kind: "completed", fuel: step.fuel, result: step.result, ...used };
    case "failed":
      return { kind: "failed", fuel: step.fuel, code: step.code, ...used };
    case "trapped":
      return { kind: "trapped", message: step.message, backtrace, ...used };
    case "out_of_fuel":
      return { kind: "out_of_fuel", ...used };
    case "ended":
      return { kind: "ended", reason, ...used };
    case "lost":
      return { kind: "lost", ...used };
  }
  step.kind satisfies never;
}

/** Opens a sandbox; threads start when they first have something to do. */
export function openSandbox(options: SandboxOptions): Sandbox {
  return new Sandbox(options);
}
