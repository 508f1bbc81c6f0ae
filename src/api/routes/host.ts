/**
 * Routes about a host itself, beside the port: its models, its jobs, its checkpoints, its tokens.
 *
 * Owns: what each takes and does. Does not own: the store of models (model), replays and checkpoints (runtime), tokens
 * (tokens/tokens.ts).
 *
 * Invariants:
 * 1. What a token of scope read reaches is given a {@link HostReading}, which has no way to change anything.
 * 2. Nothing here is state, and nothing enters the log.
 * 3. A pull, a replay and a checkpoint are jobs: no request waits for one longer than `jobWaitMsMax`.
 */
import { isAbsolute } from "node:path";
import { z } from "zod";
import { tensorOf } from "../../input/tensors.ts";
import { EngramError } from "../../kernel/mod.ts";
import { checkSteps } from "../../kernel/workflow.ts";
import { type CheckpointView, removeCheckpoint } from "../../runtime/checkpoint/checkpoint.ts";
import type { checkpointBeside } from "../../runtime/checkpoint/client.ts";
import type { DataPaths } from "../../runtime/data_folder.ts";
import type { ListedModel, Models } from "../../runtime/models/models.ts";
import type { ReplayReport } from "../../runtime/port.ts";
import type { ReplayBeside } from "../../runtime/replay/client.ts";
import type { Jobs, JobsRead } from "../host/jobs.ts";
import { apiLimits } from "../limits.ts";
import {
  createToken,
  listTokens,
  replaceToken,
  revokeToken,
  type Scope,
  scopes,
  tokenEnd,
} from "../tokens/tokens.ts";
import { checked, object, text, workflow } from "./schemas.ts";

/** What of a host's own may be read. */
export interface HostReading {
  readonly models: Pick<Models, "list">;
  readonly jobs: JobsRead;
  readonly checkpoints: () => readonly CheckpointView[];
}

/** What a host has beside its port. */
export interface HostOwn {
  readonly models: Models;
  readonly jobs: Jobs;
  readonly paths: DataPaths;
  readonly replay: (options: ReplayBeside) => Promise<ReplayReport>;
  readonly checkpoint: typeof checkpointBeside;
  /** The hub where a pull names none; undefined: the program's default. */
  readonly hub: string | undefined;
}

/** A request as a route gets it. */
export interface Asked<Q, B> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  /** The name of the token that asks. */
  readonly by: string;
  /** Its Idempotency-Key. */
  readonly key: string | undefined;
}

/** A route, by what it is given of the host. */
export interface HostRouteOf<Own> {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly status: 200 | 201 | 202;
  /** The name of its answer's schema in openapi/answers.ts. */
  readonly answer: string;
  readonly query: z.ZodObject;
  /** Null where it takes none. */
  readonly body: z.ZodType | null;
  /** Whether it takes an Idempotency-Key. */
  readonly keyed: boolean;
  /** `query` as its fields' values, `body` as it came. */
  run(own: Own, asked: Asked<unknown, unknown>): Promise<object> | object;
}

/** A route that reads. */
export type HostReadRoute = HostRouteOf<HostReading> & { readonly scope: "read" };
/** A route that may change the host's own. */
export type HostActRoute = HostRouteOf<HostOwn> & { readonly scope: "operate" | "admin" };

type Fields = Readonly<Record<string, z.ZodType>>;
type ValuesOf<F extends Fields> = z.output<z.ZodObject<F, z.core.$strict>>;

interface Given<S extends Scope, Own, Q extends Fields, B> {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly scope: S;
  readonly status?: 201 | 202;
  readonly answer: string;
  readonly query?: Q;
  readonly body?: z.ZodType<B>;
  readonly keyed?: boolean;
  readonly run: (own: Own, asked: Asked<ValuesOf<Q>, B>) => Promise<object> | object;
}

function route<S extends Scope, Own, Q extends Fields = Record<never, never>, B = undefined>(
  given: Given<S, Own, Q, B>,
): HostRouteOf<Own> & { readonly scope: S } {
  const query = z.strictObject(given.query ?? {} as Q);
  const { method, path, summary, scope, status = 200, answer, keyed = false, run } = given;
  const body: z.ZodType<B> | null = given.body ?? null;
  // "Makes a token for another program; …" as "Cannot make a token for another program".
  const action = summary.replace(/[;:,].*$/, "")
    .replace(/^(\w+?)s?\b/, (_, verb: string) => `Cannot ${verb.toLowerCase()}`);
  return {
    method,
    path,
    summary,
    scope,
    status,
    answer,
    query,
    body,
    keyed,
    run: (own, asked) =>
      run(own, {
        ...asked,
        query: checked(query, asked.query, "Cannot read"),
        body: body === null ? undefined as B : checked(body, asked.body, action),
      }),
  };
}

const read = <Q extends Fields = Record<never, never>, B = undefined>(
  given: Omit<Given<"read", HostReading, Q, B>, "scope">,
): HostReadRoute => route({ ...given, scope: "read" });
const act = <S extends "operate" | "admin", Q extends Fields = Record<never, never>, B = undefined>(
  given: Given<S, HostOwn, Q, B>,
): HostActRoute => route(given);

const page = { limit: z.int().min(1).max(apiLimits.pageMax).exactOptional(), cursor: text.exactOptional() };
const pageDefault = 100;

const keyOf = ({ name, hash }: ListedModel) => `${name}@${hash}`;

/** A page of rows in the order of their keys. */
function pageOf<T>(
  rows: readonly T[],
  key: (row: T) => string,
  { limit = pageDefault, cursor }: { readonly limit?: number; readonly cursor?: string },
): { readonly rows: readonly T[]; readonly cursor: string | null } {
  const sorted = rows.map((row): [string, T] => [key(row), row]).sort(([a], [b]) =>
    a < b ? -1 : a > b ? 1 : 0
  )
    .filter(([one]) => cursor === undefined || one > cursor);
  const taken = sorted.slice(0, limit);
  return {
    rows: taken.map(([, row]) => row),
    cursor: sorted.length > limit ? taken.at(-1)?.[0] ?? null : null,
  };
}

/** Ticks as texts of one length, in whose order they stand. */
const tickKey = ({ tick }: { readonly tick: number }) => String(tick).padStart(15, "0");

/** A tick in a path. */
function tickIn(text: string | undefined): number {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  throw new EngramError("invalid_argument", "Cannot find the checkpoint: its tick is no whole number", {
    field: "tick",
  });
}

/** A tick in a path, or the newest. */
const whichIn = (text: string | undefined): number | "latest" => text === "latest" ? text : tickIn(text);

/** The routes that read. */
export const hostReadRoutes: readonly HostReadRoute[] = [
  read({
    method: "GET",
    path: "/v1/models",
    summary: "The models in the data folder, a row a version, in pages",
    answer: "ModelPage",
    query: page,
    run: ({ models }, { query }) => {
      const { rows, cursor } = pageOf(models.list(), keyOf, query);
      return { models: rows, cursor };
    },
  }),
  read({
    method: "GET",
    path: "/v1/jobs",
    summary:
      "Replays, pulls and checkpoints that run or ran since the host began, the newest first, in pages",
    answer: "JobPage",
    query: page,
    run: ({ jobs }, { query }) => jobs.page(query.limit ?? pageDefault, query.cursor),
  }),
  read({
    method: "GET",
    path: "/v1/jobs/:id",
    summary: "One job: how far it is, and its result; with `waitMs`, when it ended or that time is over",
    answer: "Job",
    query: { waitMs: z.int().min(0).max(apiLimits.jobWaitMsMax).exactOptional() },
    run: ({ jobs }, { params, query }) => jobs.get(params["id"] ?? "", query.waitMs),
  }),
  read({
    method: "POST",
    path: "/v1/workflows/check",
    summary: "Says what is wrong with a workflow; nothing is run",
    answer: "WorkflowChecked",
    body: z.strictObject({ workflow }),
    run: (_own, { body }) => {
      checkSteps(body.workflow);
      return { ok: true, workflow: body.workflow };
    },
  }),
  read({
    method: "GET",
    path: "/v1/checkpoints",
    summary: "The checkpoints in the data folder by tick, and what is wrong with one, in pages",
    answer: "CheckpointPage",
    query: page,
    run: ({ checkpoints }, { query }) => {
      const { rows, cursor } = pageOf(checkpoints(), tickKey, query);
      return { checkpoints: rows, cursor };
    },
  }),
];

/** Where a path is given, it must be whole: the host has no folder that its callers know. */
function localPath(path: string): string {
  if (isAbsolute(path)) return path;
  if (/^(\.{1,2}($|[\\/])|[\\~])/.test(path) || /\.onnx$/i.test(path)) {
    throw new EngramError("invalid_argument", "Cannot pull the model: a path must be absolute", {
      field: "name",
    });
  }
  return ""; // a hub's name, whatever lies in the folder the host was started in
}

const modelRoutes: readonly HostActRoute[] = [
  act({
    method: "POST",
    path: "/v1/models",
    summary: "Pulls a model, from a hub, a URL or an absolute path of this machine: a job",
    scope: "admin",
    status: 202,
    answer: "Job",
    keyed: true,
    body: z.strictObject({ name: text, endpoint: text.exactOptional(), sha256: text.exactOptional() }),
    run: async ({ models, jobs, hub }, { body, by, key }) => {
      const { name, endpoint = hub, sha256 } = body;
      const from = { endpoint, sha256, resolve: localPath };
      await models.check(name, from);
      const work: Parameters<Jobs["start"]>[0]["work"] = (onProgress, signal) =>
        models.pull(name, {
          ...from,
          signal,
          onProgress: ({ file, done, total }) =>
            onProgress({ done, total: total ?? done, what: `bytes of ${file}` }),
        });
      return jobs.start({ kind: "model_pull", asked: { ...body }, by, key, work });
    },
  }),
  act({
    method: "POST",
    path: "/v1/models/:name/load",
    summary: "Opens a model now, and whenever a host starts; a / of its name is sent as %2F",
    scope: "admin",
    answer: "Model",
    run: ({ models }, { params }) => models.load(params["name"] ?? ""),
  }),
  act({
    method: "POST",
    path: "/v1/models/:name/unload",
    summary: "Closes a model, and no longer opens it when a host starts",
    scope: "admin",
    answer: "Model",
    run: ({ models }, { params }) => models.unload(params["name"] ?? ""),
  }),
  act({
    method: "POST",
    path: "/v1/models/:name/run",
    summary: "Runs a model on a text, or on inputs: nested lists of numbers by name",
    scope: "operate",
    answer: "ModelRun",
    body: z.strictObject({ text: text.exactOptional(), inputs: object.exactOptional() }),
    run: async ({ models }, { params, body }) => {
      const { text: given, inputs } = body;
      if ((given === undefined) === (inputs === undefined)) {
        throw new EngramError(
          "invalid_argument",
          "Cannot run the model: give text or inputs, one of the two",
        );
      }
      const tensors = Object.entries(inputs ?? {}).map(([name, value]) =>
        [name, tensorOf(name, value)] as const
      );
      return await models.run(
        params["name"] ?? "",
        given === undefined ? { tensors: Object.fromEntries(tensors) } : { text: given },
      );
    },
  }),
  act({
    method: "DELETE",
    path: "/v1/models/:name",
    summary: "Removes a model, or NAME@HASH one version of it, and forgets its recorded hash",
    scope: "admin",
    answer: "ModelRemoved",
    run: ({ models }, { params }) => models.remove(params["name"] ?? ""),
  }),
];

const jobRoutes: readonly HostActRoute[] = [
  act({
    method: "POST",
    path: "/v1/replay",
    summary: "Runs every step of the log again and compares every tick, beside the engine: a job",
    scope: "operate",
    status: 202,
    answer: "Job",
    keyed: true,
    body: z.strictObject({
      workers: z.int().min(1).max(apiLimits.replayWorkersMax).exactOptional(),
      from: z.union([z.int().min(0), z.literal("latest")]).exactOptional(),
    }),
    run: ({ jobs, replay, paths }, { body, by, key }) =>
      jobs.start({
        kind: "replay",
        asked: { ...body },
        by,
        key,
        work: (onProgress, signal) =>
          replay({
            data: paths.root,
            workers: body.workers ?? 1,
            ...(body.from === undefined ? {} : { from: body.from }),
            onProgress,
            signal,
          }),
      }),
  }),
  act({
    method: "DELETE",
    path: "/v1/jobs/:id",
    summary: "Stops a job; one that ended stays as it is",
    scope: "operate",
    answer: "Job",
    run: ({ jobs }, { params }) => jobs.stop(params["id"] ?? "", stopWaitMs),
  }),
];

const checkpointRoutes: readonly HostActRoute[] = [
  act({
    method: "POST",
    path: "/v1/checkpoints",
    summary: "Makes a checkpoint of the memory graph as it stands, beside the engine: a job",
    scope: "operate",
    status: 202,
    answer: "Job",
    keyed: true,
    run: ({ jobs, checkpoint, paths }, { by, key }) =>
      jobs.start({
        kind: "checkpoint",
        asked: {},
        by,
        key,
        work: (_, signal) => checkpoint({ call: "make", data: paths.root }, signal),
      }),
  }),
  act({
    method: "POST",
    path: "/v1/checkpoints/:tick/verify",
    summary: "Reads a checkpoint, by tick or `latest`, and compares the memory graph with it: a job",
    scope: "operate",
    status: 202,
    answer: "Job",
    keyed: true,
    run: ({ jobs, checkpoint, paths }, { params, by, key }) => {
      const which = whichIn(params["tick"]);
      return jobs.start({
        kind: "checkpoint_verify",
        asked: { checkpoint: which },
        by,
        key,
        work: (_, signal) => checkpoint({ call: "verify", data: paths.root, which }, signal),
      });
    },
  }),
  act({
    method: "DELETE",
    path: "/v1/checkpoints/:tick",
    summary: "Removes a checkpoint; the log has everything that is in it",
    scope: "operate",
    answer: "CheckpointRemoved",
    run: ({ paths }, { params }) => removeCheckpoint(paths, tickIn(params["tick"]), 0),
  }),
];

/** For a job to end once it is told to, in ms; the answer shows it as it is then. */
const stopWaitMs = 2000;

const tokenRoutes: readonly HostActRoute[] = [
  act({
    method: "GET",
    path: "/v1/tokens",
    summary: "The tokens beside the host's own, never what is sent, in pages",
    scope: "admin",
    answer: "TokenPage",
    query: page,
    run: ({ paths }, { query }) => {
      const { rows, cursor } = pageOf(listTokens(paths), ({ id }) => id, query);
      return { tokens: rows, cursor };
    },
  }),
  act({
    method: "POST",
    path: "/v1/tokens",
    summary: "Makes a token for another program; it is shown once and stored hashed",
    scope: "admin",
    status: 201,
    answer: "TokenMade",
    body: z.strictObject({ name: text, scope: z.enum(scopes), expires: text.nullable().exactOptional() }),
    run: ({ paths }, { body: { name, scope, expires = null } }) =>
      createToken(paths, { name, scope, expires: tokenEnd(expires, "expires") }),
  }),
  act({
    method: "POST",
    path: "/v1/tokens/:id/rotate",
    summary: "Replaces a token, by id or name, with a new one of the same name, scope and end",
    scope: "admin",
    answer: "TokenMade",
    run: ({ paths }, { params }) => replaceToken(paths, params["id"] ?? ""),
  }),
  act({
    method: "DELETE",
    path: "/v1/tokens/:id",
    summary: "Takes a token back, by id or name: it holds for no request after this",
    scope: "admin",
    answer: "Token",
    run: ({ paths }, { params }) => revokeToken(paths, params["id"] ?? ""),
  }),
];

/** The routes that act. */
export const hostActRoutes: readonly HostActRoute[] = [
  ...modelRoutes,
  ...jobRoutes,
  ...checkpointRoutes,
  ...tokenRoutes,
];
