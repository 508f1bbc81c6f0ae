/**
 * Workflows: steps of agents with dependencies, and references from one step's params to another's result.
 *
 * Owns: which steps are ready, what stands in the way of running one (cycles), and resolving references.
 * Does not own: reading YAML or JSON (src/input/workflow.ts), starting steps (plan.ts).
 *
 * Invariants:
 * 1. Order is data: ready steps come in the order they are declared.
 * 2. `${steps.ID.result.path}` is the only reference; `$${` stands for the text `${`. Anything else that begins
 *    with `${` is refused, never passed on.
 * 3. A reference that is a whole JSON value keeps its type; inside longer text it is inserted as text.
 * 4. A params text reaches the agent byte for byte, but for its references.
 */
import { EngramError } from "./errors.ts";
import { Payload } from "./payload.ts";
import type { Json } from "./records.ts";

/** A workflow as it is asked for. Every step's dependencies are steps of it, without a cycle. */
export interface Workflow {
  readonly id: string;
  readonly name: string;
  readonly steps: readonly WorkflowStep[];
}

/** A step: an action of an agent. */
export interface WorkflowStep {
  readonly id: string;
  /** The agent's id. */
  readonly agent: string;
  readonly action: string;
  /** A JSON value, or the JSON text that the agent gets; both may hold references. */
  readonly params: Json | string;
  /** Ids of steps that complete before this one begins. */
  readonly dependencies: readonly string[];
}

/** A workflow as it is logged. */
export interface LoggedWorkflow extends Omit<Workflow, "steps"> {
  readonly steps: readonly LoggedStep[];
}

/** A step as it is logged: its params are a payload, which an erasure can remove. Older logs hold them bare. */
export interface LoggedStep extends Omit<WorkflowStep, "params"> {
  readonly params: Json | Payload;
}

/** A workflow to be logged; one of an older log as it would be logged now. */
export function loggedWorkflow({ steps, ...rest }: LoggedWorkflow): LoggedWorkflow {
  const payload = ({ params }: LoggedStep) => params instanceof Payload ? params : Payload.json(params);
  return { ...rest, steps: steps.map((step) => ({ ...step, params: payload(step) })) };
}

/** The params of a logged step; null once erased. */
export function paramsOf({ params }: LoggedStep): Json {
  if (!(params instanceof Payload)) return params;
  if (params.erased) return null;
  const written: Json = JSON.parse(params.text());
  return written;
}

/** Steps that are not done and whose dependencies all are, in the order they are declared. */
export function readySteps<Step extends Pick<WorkflowStep, "id" | "dependencies">>(
  workflow: { readonly steps: readonly Step[] },
  done: ReadonlySet<string>,
): Step[] {
  return workflow.steps.filter((step) => !done.has(step.id) && step.dependencies.every((id) => done.has(id)));
}

/** The ids of a cycle, beginning and ending with the same step (`a, b, a`: a needs b, b needs a), or null. */
export function findCycle(steps: readonly Pick<WorkflowStep, "id" | "dependencies">[]): string[] | null {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const finished = new Set<string>();
  for (const start of steps) {
    const path: { readonly id: string; next: number }[] = [{ id: start.id, next: 0 }];
    const onPath = new Set([start.id]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const needed = byId.get(top.id)?.dependencies[top.next++];
      if (needed === undefined || finished.has(top.id)) {
        finished.add(top.id);
        onPath.delete(top.id);
        path.pop();
      } else if (onPath.has(needed)) {
        const ids = path.map(({ id }) => id);
        return [...ids.slice(ids.indexOf(needed)), needed];
      } else if (!finished.has(needed) && byId.has(needed)) {
        path.push({ id: needed, next: 0 });
        onPath.add(needed);
      }
    }
  }
  return null;
}

/** Refuses (`workflow_invalid`, `workflow_cycle`) steps that could never all run: ids, dependencies, cycles. */
export function checkSteps({ id, steps }: Workflow): void {
  const refuse = (why: string) =>
    new EngramError("workflow_invalid", `Cannot run workflow ${JSON.stringify(id)}: ${why}`);
  const ids = new Set<string>();
  for (const step of steps) {
    if (ids.has(step.id)) throw refuse(`step ${JSON.stringify(step.id)} is declared twice`);
    ids.add(step.id);
  }
  for (const step of steps) {
    const unknown = step.dependencies.find((one) => !ids.has(one));
    if (unknown === undefined) continue;
    throw refuse(
      `step ${JSON.stringify(step.id)} depends on ${JSON.stringify(unknown)}, which is no step of it`,
    );
  }
  const cycle = findCycle(steps);
  if (cycle === null) return;
  throw new EngramError(
    "workflow_cycle",
    `Cannot run workflow ${JSON.stringify(id)}: ${cycle.join(" → ")} is a cycle`,
  );
}

/** A reference to (a part of) another step's result. */
export interface Reference {
  /** As it is written, `${…}`. */
  readonly text: string;
  readonly step: string;
  readonly path: readonly string[];
}

/** A piece of a text: literal, or a reference. */
type Piece = string | Reference;

const referencePattern = /^\$\{steps\.([A-Za-z0-9_-]+)\.result((?:\.[^.[\]{}$"\\\s]+|\[\d+\])*)\}/;

/** Cuts a text at its references. Refuses (`workflow_invalid`) a `${` that begins none. */
function cut(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  let literal = "";
  for (let at = text.indexOf("${"); at >= 0; at = text.indexOf("${", from)) {
    if (at > from && text[at - 1] === "$") {
      literal += `${text.slice(from, at - 1)}\${`;
      from = at + 2;
      continue;
    }
    const match = referencePattern.exec(text.slice(at, at + 1000));
    if (match === null) {
      const shown = JSON.stringify(text.slice(at, at + 40));
      const message =
        `Cannot read params: ${shown} is no reference; write \${steps.ID.result.path}, or $\${ for the text \${`;
      throw new EngramError("workflow_invalid", message);
    }
    literal += text.slice(from, at);
    const path = (match[2] ?? "").split(/[.[\]]/).filter((part) => part !== "");
    pieces.push(literal, { text: match[0], step: match[1] ?? "", path });
    literal = "";
    from = at + match[0].length;
  }
  pieces.push(literal + text.slice(from));
  return pieces.filter((piece) => piece !== "");
}

/** The references of params, in order of appearance. Refuses (`workflow_invalid`) what only looks like one. */
export function referencesOf(params: Json | string): Reference[] {
  if (typeof params === "string") return cut(params).filter((piece) => typeof piece !== "string");
  if (Array.isArray(params)) return params.flatMap((item: Json) => referencesOf(item));
  if (params === null || typeof params !== "object") return [];
  return Object.values(params).flatMap((item: Json) => referencesOf(item));
}

/**
 * The JSON text given to the agent: references replaced by the results of other steps (by id, parsed where they
 * are JSON). Refuses (`workflow_invalid`), naming the reference, where a result has no such part.
 */
export function resolveParams(params: Json | string, results: ReadonlyMap<string, Json>): string {
  if (typeof params === "string") return resolveText(params, results);
  return JSON.stringify(resolveValue(params, results));
}

/**
 * Refuses (`workflow_invalid`) a params text that is not JSON once its references have values. An object or a
 * list needs no such check.
 */
export function checkParams(params: Json | string): void {
  referencesOf(params);
  if (typeof params !== "string") return;
  const text = resolveText(params, null);
  try {
    JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new EngramError("workflow_invalid", `Cannot read params: the text is not JSON (${error.message})`);
  }
}

function resolveValue(value: Json, results: ReadonlyMap<string, Json>): Json {
  if (typeof value === "string") {
    const pieces = cut(value);
    const [only] = pieces;
    if (pieces.length === 1 && typeof only === "object") return lookUp(only, results);
    return pieces.map((piece) => typeof piece === "string" ? piece : asText(lookUp(piece, results))).join("");
  }
  if (Array.isArray(value)) return value.map((item: Json) => resolveValue(item, results));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, Json]) => [key, resolveValue(item, results)]),
  );
}

/**
 * References in a JSON text: outside quotes as JSON; a whole quoted one too; inside longer quoted text as text.
 * Without results every reference is null.
 */
function resolveText(text: string, results: ReadonlyMap<string, Json> | null): string {
  const pieces = cut(text);
  const value = (reference: Reference) => results === null ? null : lookUp(reference, results);
  let out = "";
  let quoted = false;
  pieces.forEach((piece, index) => {
    if (typeof piece === "string") {
      // A reference that is a whole quoted string takes its quotes with it.
      const from = wholeBefore(pieces, index - 1, quoted) ? 1 : 0;
      const quotedAfter = endsQuoted(piece, quoted);
      const to = quotedAfter && wholeBefore(pieces, index + 1, quotedAfter) ? piece.length - 1 : piece.length;
      out += piece.slice(from, to);
      quoted = quotedAfter;
    } else if (quoted && !wholeBefore(pieces, index, quoted)) {
      out += JSON.stringify(asText(value(piece))).slice(1, -1);
    } else out += JSON.stringify(value(piece));
  });
  return out;
}

/** Whether the piece at `index` is a reference that is a whole quoted string; `quoted`: it stands inside quotes. */
function wholeBefore(pieces: readonly Piece[], index: number, quoted: boolean): boolean {
  const before = pieces[index - 1];
  const after = pieces[index + 1];
  return quoted && typeof pieces[index] === "object" && typeof before === "string" &&
    typeof after === "string" &&
    opensLast(before) && after.startsWith('"');
}

/** Whether a text's last character is a quote that is not escaped. */
function opensLast(text: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*"$/.test(text);
}

/** Whether a JSON text stands inside a string after `piece`. */
function endsQuoted(piece: string, quoted: boolean): boolean {
  let inside = quoted;
  for (let at = 0; at < piece.length; at++) {
    if (inside && piece[at] === "\\") at++;
    else if (piece[at] === '"') inside = !inside;
  }
  return inside;
}

function lookUp(reference: Reference, results: ReadonlyMap<string, Json>): Json {
  const missing = (what: string) =>
    new EngramError("workflow_invalid", `Cannot resolve ${reference.text}: ${what}`, {
      reference: reference.text,
      step: reference.step,
    });
  let value = results.get(reference.step);
  if (value === undefined) throw missing(`step "${reference.step}" has no result`);
  for (const key of reference.path) {
    if (Array.isArray(value)) value = /^\d{1,9}$/.test(key) ? value[Number(key)] : undefined;
    else if (typeof value === "object" && value !== null) {
      value = Object.hasOwn(value, key) ? (value as Readonly<Record<string, Json>>)[key] : undefined;
    } else value = undefined;
    if (value === undefined) throw missing(`the result has no ${JSON.stringify(key)}`);
  }
  return value;
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
