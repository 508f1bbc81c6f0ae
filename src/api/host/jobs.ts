/**
 * Jobs: long work of a host that its asker looks after from outside: replays, pulls of models, checkpoints.
 *
 * Owns: how many there are, how far each is, how it ended. Does not own: what a job does.
 *
 * Invariants:
 * 1. At most `jobsRunningMax` run and `jobsKeptMax` are known; beyond the first a start is refused, beyond the second
 *    the oldest that ended is forgotten.
 * 2. A job ends once: done with a result, failed with a refusal or the word that there was a fault, or stopped.
 * 3. They are the host's and end with it: nothing of them is state, and none is in the log.
 */
import { EngramError, formatTime } from "../../kernel/mod.ts";
import type { Progress } from "../../runtime/port.ts";
import type { ApiLimits } from "../limits.ts";

/** What jobs do. */
export const jobKinds = ["replay", "model_pull", "checkpoint", "checkpoint_verify"] as const;
/** One of {@link jobKinds}. */
export type JobKind = typeof jobKinds[number];

/** How far a job is. */
export const jobStates = ["running", "done", "failed", "stopped"] as const;

/** A job as clients see it. */
export interface JobView {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: typeof jobStates[number];
  /** What it was asked to do. */
  readonly asked: Readonly<Record<string, unknown>>;
  /** The name of the token that asked. */
  readonly by: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** The newest word; null before the first. */
  readonly progress: Progress | null;
  /** Once it is done. */
  readonly result: unknown;
  /** Once it failed: code, message, hint, and facts of the code. */
  readonly error: Readonly<Record<string, unknown>> | null;
}

/** What is to be done. */
export interface JobStart {
  readonly kind: JobKind;
  readonly asked: Readonly<Record<string, unknown>>;
  readonly by: string;
  /** The asker's own key: the same again is the same job. */
  readonly key: string | undefined;
  readonly work: (onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<unknown>;
}

/** The half of {@link Jobs} that changes nothing. */
export interface JobsRead {
  /** Newest first, from before the job of a cursor on. */
  page(limit: number, cursor: string | undefined): {
    readonly jobs: readonly JobView[];
    readonly cursor: string | null;
  };
  /** One of them, at once, or when it ended or `waitMs` are over. Errors: `job_not_found`. */
  get(id: string, waitMs?: number): Promise<JobView>;
}

interface Job {
  view: JobView;
  readonly number: number;
  readonly key: string | undefined;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

type Limits = Pick<ApiLimits, "jobsRunningMax" | "jobsKeptMax">;

/** The jobs of a host. */
export class Jobs implements JobsRead {
  readonly #limits: Limits;
  readonly #onFault: (error: unknown) => void;
  readonly #hold: () => () => void;
  readonly #jobs = new Map<string, Job>();
  /** Ids of this start of the host: those of an earlier one are not found, never mistaken. */
  readonly #start = crypto.getRandomValues(new Uint8Array(4)).toHex();
  #numbers = 0;

  /** `hold` is called as a job begins; what it gives, as it ends. */
  constructor(limits: Limits, onFault: (error: unknown) => void, hold: () => () => void) {
    this.#limits = limits;
    this.#onFault = onFault;
    this.#hold = hold;
  }

  /** How many have not ended. */
  get running(): number {
    return [...this.#jobs.values()].filter(({ view }) => view.state === "running").length;
  }

  /** Starts a job. Errors: `limit_reached`; `command_id_reused` where the key was another job's. */
  start(given: JobStart): JobView {
    const { kind, asked, by, key } = given;
    const known = key === undefined
      ? undefined
      : [...this.#jobs.values()].find((one) => one.key === `${by} ${key}`);
    if (known !== undefined) {
      if (known.view.kind === kind && JSON.stringify(known.view.asked) === JSON.stringify(asked)) {
        return known.view;
      }
      throw new EngramError(
        "command_id_reused",
        `Cannot start the job: its key was that of ${known.view.id}`,
      );
    }
    const { running } = this;
    if (running >= this.#limits.jobsRunningMax) {
      throw new EngramError("limit_reached", `Cannot start the job: ${running} are running (jobsRunningMax)`);
    }
    const number = ++this.#numbers;
    const id = `j${number}-${this.#start}`;
    const stop = new AbortController();
    const view: JobView = {
      id,
      kind,
      state: "running",
      asked,
      by,
      startedAt: formatTime(Date.now()),
      endedAt: null,
      progress: null,
      result: null,
      error: null,
    };
    const done = Promise.withResolvers<void>();
    const job: Job = {
      view,
      number,
      key: key === undefined ? undefined : `${by} ${key}`,
      stop,
      ended: done.promise,
    };
    this.#jobs.set(id, job);
    this.#forget();
    const over = this.#hold();
    this.#run(job, given).finally(() => {
      over();
      done.resolve();
    });
    return view;
  }

  async #run(job: Job, { work }: JobStart): Promise<void> {
    const isRunning = () => job.view.state === "running";
    const onProgress = (progress: Progress) => {
      if (isRunning()) job.view = { ...job.view, progress };
    };
    const end = (how: Partial<JobView>) => {
      if (isRunning()) job.view = { ...job.view, endedAt: formatTime(Date.now()), ...how };
    };
    try {
      end({ state: "done", result: await work(onProgress, job.stop.signal) });
    } catch (error) {
      if (job.stop.signal.aborted) return end({ state: "stopped" });
      if (error instanceof EngramError) return end({ state: "failed", error: error.toJSON() });
      this.#onFault(error);
      const message = "Fault: the host met an error of its own; see its output";
      end({ state: "failed", error: { code: "fault", message } });
    }
  }

  /** Of those that ended, the oldest goes where there are too many. */
  #forget(): void {
    for (const [id, { view }] of this.#jobs) {
      if (this.#jobs.size <= this.#limits.jobsKeptMax) return;
      if (view.state !== "running") this.#jobs.delete(id);
    }
  }

  page(limit: number, cursor: string | undefined): { jobs: readonly JobView[]; cursor: string | null } {
    const before = cursor === undefined ? Infinity : this.#numberOf(cursor);
    const found = [...this.#jobs.values()].reverse().filter(({ number }) => number < before);
    const jobs = found.slice(0, limit).map(({ view }) => view);
    return { jobs, cursor: found.length > limit ? jobs.at(-1)?.id ?? null : null };
  }

  #numberOf(cursor: string): number {
    const [, number, start] = /^j(\d{1,15})-([0-9a-f]{8})$/.exec(cursor) ?? [];
    if (number !== undefined && start === this.#start) return Number(number);
    throw new EngramError("invalid_argument", "Cannot list the jobs: the cursor is none of this host's", {
      field: "cursor",
    });
  }

  async get(id: string, waitMs = 0): Promise<JobView> {
    const job = this.#find(id);
    if (waitMs > 0 && job.view.state === "running") {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, waitMs));
      await Promise.race([job.ended, late]).finally(() => clearTimeout(timer));
    }
    return job.view;
  }

  /** Tells a job to stop, and waits up to `waitMs` for its end; one that ended stays as it is. Errors: `job_not_found`. */
  async stop(id: string, waitMs: number): Promise<JobView> {
    this.#find(id).stop.abort();
    return await this.get(id, waitMs);
  }

  #find(id: string): Job {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    throw new EngramError("job_not_found", `Cannot find job ${JSON.stringify(id)}: there is none`);
  }

  /** Tells all to stop. */
  close(): void {
    for (const { stop } of this.#jobs.values()) stop.abort();
  }
}
