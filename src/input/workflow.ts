/**
 * A workflow file (JSON or YAML) read and checked, every refusal with file, line and column.
 *
 * Owns: the shape (id, name, steps of id, agent_id, action, params, dependencies), and what must hold before
 * anything runs: known keys and types, unique ids, known dependencies, references that are references, no cycle.
 * Does not own: whether an agent is loaded (the caller asks {@link WorkflowFile.placeOf} for the line).
 *
 * Invariants:
 * 1. A step that refers to another's result depends on it, also where `dependencies` does not say so.
 * 2. A params text is kept byte for byte.
 * Source: Engram-Lite seed §6.3.
 */
import { isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { z } from "zod";
import { EngramError, type RefusalCode } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/records.ts";
import {
  checkParams,
  findCycle,
  referencesOf,
  type Workflow,
  type WorkflowStep,
} from "../kernel/workflow.ts";
import { type InputLimits, inputLimits } from "./drafts.ts";
import { isReadError, nestsDeeper } from "./front_matter.ts";
import { firstIssue, issueWords } from "./issues.ts";
import { isObject, parseJson, toJson } from "./json.ts";
import { utf8Length } from "./text.ts";

/** A place in the file, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A workflow, and where its steps stand. */
export interface WorkflowFile {
  readonly workflow: Workflow;
  readonly path: string;
  /** Where a step's agent, or its action, is named. */
  placeOf(stepId: string, key?: "agent_id" | "action"): Place;
}

const idText = z.string().regex(
  /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/,
  "must be 1 to 64 letters, digits, _ or -",
);
const name = z.string().min(1, "must not be empty").max(200, "must be at most 200 characters");

const stepSchema = z.strictObject({
  id: idText.describe("Names the step: letters, digits, _ and -"),
  agent_id: name.describe("The agent that runs it"),
  action: name.describe("The action of that agent"),
  params: z.union([z.record(z.string(), z.json()), z.array(z.json()), z.string()]).optional()
    .describe(
      "An object, or the JSON text the agent gets; ${steps.ID.result.path} refers to another step's result",
    ),
  dependencies: z.array(idText).optional().describe("Steps that complete before this one begins"),
});

/** The shape of a workflow file. */
export const workflowSchema = z.strictObject({
  $schema: z.string().optional(),
  id: name.describe("Names the workflow"),
  name: name.optional().describe("For people; the id where absent"),
  description: z.string().optional(),
  steps: z.array(stepSchema).min(1, "must hold at least one step"),
});

/**
 * Reads a workflow; `.json` must be JSON, everything else is YAML. Refuses with `workflow_invalid` or
 * `workflow_cycle`, data `{path, line, column}`, and `payload_too_large` above `workflowBytesMax`.
 */
export function readWorkflow(text: string, path: string, limits: InputLimits = inputLimits): WorkflowFile {
  if (utf8Length(text) > limits.workflowBytesMax) {
    const message =
      `Cannot read workflow ${path}: it is larger than workflowBytesMax, ${limits.workflowBytesMax} bytes`;
    throw new EngramError("payload_too_large", message, { path });
  }
  const source = new Source(text, path, limits);
  const value = source.value;
  const parsed = workflowSchema.safeParse(value);
  if (!parsed.success) throw source.invalid(parsed.error.issues, value);
  const { id, name, steps } = parsed.data;
  if (steps.length > limits.stepsPerWorkflowMax) {
    const most = `stepsPerWorkflowMax, ${limits.stepsPerWorkflowMax}`;
    throw source.refuse(["steps"], `it has ${steps.length} steps, more than ${most}`);
  }
  const ids = new Map<string, number>();
  steps.forEach((step, index) => {
    const other = ids.get(step.id);
    if (other !== undefined) {
      const { line } = source.place(["steps", other, "id"]);
      throw source.refuse(["steps", index, "id"], `step "${step.id}" is there already, on line ${line}`);
    }
    ids.set(step.id, index);
  });
  const read = steps.map((step, index) => readStep(source, step, paramsOf(value, index), index, ids));
  const cycle = findCycle(read);
  if (cycle !== null) {
    const where = ["steps", ids.get(cycle[0] ?? "") ?? 0, "dependencies"];
    throw source.refuse(where, `its steps need each other: ${cycle.join(" → ")}`, "workflow_cycle");
  }
  return {
    workflow: { id, name: name ?? id, steps: read },
    path,
    placeOf: (stepId, key = "agent_id") => source.place(["steps", ids.get(stepId) ?? 0, key]),
  };
}

/** A step's params as the file has them: the schema's copy lacks the key `__proto__`. */
function paramsOf(value: Json, index: number): Json {
  const steps = isJsonObject(value) ? value["steps"] : undefined;
  const step: Json | undefined = Array.isArray(steps) ? steps[index] : undefined;
  return step !== undefined && isJsonObject(step) ? step["params"] ?? {} : {};
}

const isJsonObject = (value: Json): value is JsonObject => isObject(value);

function readStep(
  source: Source,
  step: z.infer<typeof stepSchema>,
  params: Json,
  index: number,
  ids: ReadonlyMap<string, number>,
): WorkflowStep {
  const dependencies = step.dependencies ?? [];
  dependencies.forEach((id, at) => {
    if (!ids.has(id)) {
      const where = ["steps", index, "dependencies", at];
      throw source.refuse(where, `step "${step.id}" depends on "${id}", which is no step of it`);
    }
  });
  const where = ["steps", index, "params"];
  try {
    checkParams(params);
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    throw source.refuse(where, `step "${step.id}": ${lowerFirst(error.message)}`);
  }
  const referred = referencesOf(params);
  for (const reference of referred) {
    if (!ids.has(reference.step)) {
      throw source.refuse(where, `step "${step.id}" refers to ${reference.text}, and there is no such step`);
    }
  }
  return {
    id: step.id,
    agent: step.agent_id,
    action: step.action,
    params,
    dependencies: [...new Set([...dependencies, ...referred.map((reference) => reference.step)])],
  };
}

/** The refusal of a step whose agent is not loaded, with the line where it is named. */
export function unknownAgent(file: WorkflowFile, stepId: string): EngramError {
  const place = file.placeOf(stepId);
  const agent = file.workflow.steps.find((step) => step.id === stepId)?.agent ?? "";
  const message =
    `Cannot run workflow ${file.path}:${place.line}:${place.column}: step "${stepId}" names agent "${agent}", which is not loaded`;
  return new EngramError("workflow_unknown_agent", message, {
    path: file.path,
    ...place,
    step: stepId,
    agent,
  });
}

/** The refusal of a step whose agent has no such action, with the line where it is named. */
export function unknownAction(file: WorkflowFile, stepId: string, actions: readonly string[]): EngramError {
  const place = file.placeOf(stepId, "action");
  const { agent = "", action = "" } = file.workflow.steps.find((step) => step.id === stepId) ?? {};
  const known = actions.map((name) => JSON.stringify(name)).join(", ");
  const message =
    `Cannot run workflow ${file.path}:${place.line}:${place.column}: step "${stepId}" names action "${action}", ` +
    `agent "${agent}" has ${known || "no actions"}`;
  return new EngramError("action_unknown", message, {
    path: file.path,
    ...place,
    step: stepId,
    agent,
    action,
  });
}

type Path = readonly (string | number)[];

/** The parsed file, with the place of every part of it. */
class Source {
  readonly value: Json;
  readonly #path: string;
  readonly #lines = new LineCounter();
  readonly #document;

  constructor(text: string, path: string, limits: InputLimits) {
    this.#path = path;
    if (/\.json$/i.test(path)) this.#requireJson(text);
    if (nestsDeeper(text, limits.jsonDepthMax * 4)) {
      throw this.#at({ line: 1, column: 1 }, "it nests too deep");
    }
    // A silent parser would pass over every document after the first.
    const options = { lineCounter: this.#lines, prettyErrors: false, logLevel: "error" } as const;
    this.#document = parseDocument(text.replace(/^\uFEFF/, ""), options);
    const [error] = this.#document.errors;
    if (error !== undefined) {
      const several = error.code === "MULTIPLE_DOCS";
      const what = several ? "a second document begins; a file holds one workflow" : error.message;
      throw this.#at(this.#placeAt(error.pos[0]), what);
    }
    try {
      this.value = toJson(this.#document.toJS(), limits.jsonDepthMax);
    } catch (error) {
      // A ReferenceError is yaml's answer to too many aliases, a RangeError to too deep a tree.
      if (!isReadError(error)) throw error;
      throw this.#at(
        { line: 1, column: 1 },
        error instanceof RangeError ? "it nests too deep" : error.message,
      );
    }
  }

  /** The place of the part at `path`, or of the nearest part around it that is there. */
  place(path: Path): Place {
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = length === 0
        ? this.#document.contents
        : this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.#placeAt(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  refuse(path: Path, what: string, code: RefusalCode = "workflow_invalid"): EngramError {
    return this.#at(this.place(path), what, code);
  }

  /** The first thing that is wrong with the shape. */
  invalid(issues: readonly z.core.$ZodIssue[], value: Json): EngramError {
    const issue = firstIssue(issues);
    const path = (issue?.path ?? []).map((part) => typeof part === "symbol" ? String(part) : part);
    if (issue?.code === "unrecognized_keys") {
      const [key = ""] = issue.keys;
      return this.#at(
        this.#keyPlace(path, key),
        `${nameOf(path, value)} has an unknown key "${key}"${meant(key)}`,
      );
    }
    const missing = issue?.code === "invalid_type" && this.#document.getIn(path) === undefined &&
      path.length > 0;
    if (missing) {
      return this.refuse(path, `${nameOf(path.slice(0, -1), value)} has no "${String(path.at(-1))}"`);
    }
    const message = issue?.code === "invalid_union" ? "must be an object or a JSON text" : issueWords(issue);
    const owner = path.length === 0 ? "it" : ownerOf(path, value);
    return this.refuse(path, `${owner} ${message}`);
  }

  #keyPlace(path: Path, key: string): Place {
    const map: unknown = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    if (isNode(map) && "items" in map && Array.isArray(map.items)) {
      for (const pair of map.items) {
        if (!isPair(pair)) continue;
        const node = pair.key as Node | null;
        if (isScalar(node) && String(node.value) === key && node.range) return this.#placeAt(node.range[0]);
      }
    }
    return this.place(path);
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #at(place: Place, what: string, code: RefusalCode = "workflow_invalid"): EngramError {
    const where = `${this.#path}:${place.line}:${place.column}`;
    return new EngramError(code, `Cannot read workflow ${where}: ${what}`, { path: this.#path, ...place });
  }

  #requireJson(text: string): void {
    const read = parseJson(text.replace(/^\uFEFF/, ""));
    if (!("value" in read)) throw this.#at({ line: read.line, column: read.column }, read.message);
  }
}

/** `step "a"` for a path below a step that says its id, else `it`, `step 3`. */
function nameOf(path: Path, value: Json): string {
  const [first, index] = path;
  if (first !== "steps" || typeof index !== "number") return "it";
  const steps: unknown = isObject(value) ? value["steps"] : undefined;
  const step: unknown = Array.isArray(steps) ? steps[index] : undefined;
  const id = isObject(step) ? step["id"] : undefined;
  return typeof id === "string" ? `step ${JSON.stringify(id)}` : `step ${index + 1}`;
}

/** `"action" of step "a"`. */
function ownerOf(path: Path, value: Json): string {
  const key = typeof path.at(-1) === "number" ? path.at(-2) ?? "steps" : path.at(-1);
  const item = typeof path.at(-1) === "number" ? `item ${Number(path.at(-1)) + 1} of ` : "";
  const of = nameOf(path.slice(0, path.length - (item === "" ? 1 : 2)), value);
  return `${item}"${String(key)}"${of === "it" ? "" : ` of ${of}`}`;
}

/** Keys that other programs use for ours. */
const others: Readonly<Record<string, string>> = {
  agent: "agent_id",
  agentId: "agent_id",
  needs: "dependencies",
  depends_on: "dependencies",
  dependsOn: "dependencies",
  input: "params",
  args: "params",
  parameters: "params",
};

function meant(key: string): string {
  return Object.hasOwn(others, key) ? `; write "${others[key]}"` : "";
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
