/**
 * Session transcripts of assistants read into turns: what the person and the assistant said to each other.
 *
 * Owns: the two formats (Claude Code: ~/.claude/projects/PROJECT/SESSION.jsonl; Codex: ~/.codex/sessions/…/rollout-….jsonl),
 * which lines are turns, their refs.
 * Does not own: finding files, which project a folder is (src/cli/sessions/import.ts).
 *
 * Invariants:
 * 1. Left out: what tools put in and out, thinking, what a program said in the person's or the assistant's name
 *    (reminders, commands, summaries, subagents).
 * 2. The same line gives the same draft, however long the file grew: (source, ref) names a turn.
 * 3. A bad line is a Failure with its number; the other lines go in.
 * 4. A turn that a session took over from the one it was forked from has the same ref in both: Claude Code names the
 *    line it came from; of Codex, which writes old turns anew with new times, a ref is a hash of all that was said up to
 *    the turn since the first session of the family.
 * Neither format is published by its maker: a line of an unknown kind is no turn and no failure.
 */
import { createHash } from "node:crypto";
import type { RefusalCode } from "../kernel/errors.ts";
import { parseTime } from "../kernel/times.ts";
import type { EngramDraft, Failure, InputLimits } from "./drafts.ts";
import { inputLimits, overLimit } from "./drafts.ts";
import { isObject, parseJson } from "./json.ts";
import { eachLine } from "./jsonl.ts";
import { decodeText } from "./text.ts";

/** Programs whose transcripts are read. */
export const transcriptClients = ["claude-code", "codex"] as const;
/** One of {@link transcriptClients}. */
export type TranscriptClient = typeof transcriptClients[number];

/** A turn: a draft without a context, and the folder it was said in. */
export interface Turn {
  readonly draft: EngramDraft;
  readonly cwd: string | null;
}

/** What a piece of a transcript gives. */
export interface ReadTurns {
  readonly turns: readonly Turn[];
  readonly failures: readonly Failure[];
}

/** A line that holds a turn, before it is one. */
interface Said {
  readonly speaker: "user" | "assistant";
  readonly text: string;
  readonly ref: string | null;
  readonly session: string | null;
  readonly time: unknown;
}

type Row = Readonly<Record<string, unknown>>;

/** Reads one transcript, piece after piece; pieces end at line ends. */
export class TranscriptReader {
  readonly #client: TranscriptClient;
  readonly #path: string;
  readonly #limits: InputLimits;
  readonly #seen: Set<string>;
  readonly #rootOf: (session: string) => string;
  #session: string;
  #cwd: string | null = null;
  #head: CodexHead | null = null;
  /** Hash of what was said so far; null before the first turn. */
  #chain: string | null = null;

  /** `path` names the file in failures; its name stands for a session that names none. */
  constructor(
    client: TranscriptClient,
    path: string,
    { seen = new Set(), limits = inputLimits, rootOf = (session) => session }: {
      /** Refs of turns read before, of other files too: a session taken up again is copied to a new file. */
      readonly seen?: Set<string>;
      readonly limits?: InputLimits;
      /** The first session of a Codex session's family, where other files tell more of it. */
      readonly rootOf?: (session: string) => string;
    } = {},
  ) {
    this.#client = client;
    this.#seen = seen;
    this.#path = path;
    this.#limits = limits;
    this.#rootOf = rootOf;
    this.#session = (path.split(/[\\/]/).at(-1) ?? path).replace(/\.jsonl$/, "");
  }

  read(bytes: Uint8Array, firstLine = 1): ReadTurns {
    const turns: Turn[] = [], failures: Failure[] = [];
    eachLine(bytes, (slice, index) => {
      const line = firstLine + index;
      const fail = (code: RefusalCode, message: string) =>
        failures.push({ path: this.#path, line, code, message: `Cannot read the line: ${message}` });
      const row = this.#row(slice, fail);
      if (row === null) return;
      const said = this.#client === "codex" ? this.#codex(row) : this.#claude(row);
      if (said === null) return;
      const draft = this.#draft(said, line);
      if (this.#seen.has(draft.ref)) return;
      this.#seen.add(draft.ref);
      const over = overLimit(draft, this.#limits);
      if (over === null) turns.push({ draft, cwd: this.#cwd });
      else fail("payload_too_large", over);
    });
    return { turns, failures };
  }

  #row(bytes: Uint8Array, fail: (code: RefusalCode, message: string) => void): Row | null {
    if (bytes.length > transcriptLineBytesMax) {
      fail("payload_too_large", `its ${bytes.length} bytes are more than ${transcriptLineBytesMax}`);
      return null;
    }
    const decoded = decodeText(bytes);
    if (!("text" in decoded)) {
      fail(decoded.code, decoded.message);
      return null;
    }
    if (decoded.text.trim() === "") return null;
    const parsed = parseJson(decoded.text);
    if (!("value" in parsed)) fail("invalid_json", `${parsed.message}, column ${parsed.column}`);
    else if (isObject(parsed.value)) return parsed.value;
    else fail("invalid_json", "it is not an object");
    return null;
  }

  #claude(row: Row): Said | null {
    this.#cwd = textOf(row["cwd"]) ?? this.#cwd;
    const speaker = row["type"];
    const message = row["message"];
    if (speaker !== "user" && speaker !== "assistant" || !isObject(message)) return null;
    const isNoise =
      ["isMeta", "isSidechain", "isCompactSummary", "isVisibleInTranscriptOnly", "isApiErrorMessage"]
        .some((flag) => row[flag] === true) || message["model"] === "<synthetic>";
    const text = isNoise ? "" : spoken(message["content"], "text");
    if (text === "") return null;
    const origin = isObject(row["forkedFrom"]) ? row["forkedFrom"] : {};
    return {
      speaker,
      text,
      ref: textOf(origin["messageUuid"]) ?? textOf(row["uuid"]),
      session: textOf(origin["sessionId"]) ?? textOf(row["sessionId"]),
      time: row["timestamp"],
    };
  }

  #codex(row: Row): Said | null {
    const payload = isObject(row["payload"]) ? row["payload"] : row;
    const kind = row["type"];
    if (kind === "session_meta" || kind === "turn_context" || kind === undefined) {
      this.#cwd = textOf(payload["cwd"]) ?? this.#cwd;
      if (kind !== "turn_context") this.#begin(payload);
      return null;
    }
    const { role, type } = payload;
    const isMessage = type === "message" && (kind === "response_item" || kind === "message");
    if (!isMessage || role !== "user" && role !== "assistant" || this.#head?.isSubagent === true) return null;
    const text = spoken(payload["content"], role === "user" ? "input_text" : "output_text");
    if (text === "") return null;
    this.#chain = createHash("sha256")
      .update(this.#chain ?? this.#rootOf(this.#head?.family ?? this.#session))
      .update(`\0${role}\0${text}`).digest("hex").slice(0, 32);
    return { speaker: role, text, ref: this.#chain, session: null, time: row["timestamp"] };
  }

  /** Takes a session's head. Those of the sessions it was forked from follow its own, before the first turn. */
  #begin(payload: Row): void {
    const head = codexHead(payload);
    if (head === null) return;
    if (this.#head === null) {
      this.#session = head.id;
      this.#head = head;
    } else if (this.#chain === null && head.id !== this.#session) {
      this.#head = { ...this.#head, family: head.family };
    }
  }

  #draft({ speaker, text, ref, session, time }: Said, line: number): EngramDraft {
    const observedAt = typeof time === "string" ? parseTime(time)?.ms ?? null : null;
    const thread = session ?? this.#session;
    return {
      kind: "note",
      content: text,
      title: null,
      source: this.#client,
      ref: ref ?? `${thread}:${line}`,
      confidence: 1,
      metadata: { speaker, client: this.#client },
      context: null,
      thread,
      // By time, not by line: a session that is taken up again is copied to other lines of another file.
      position: observedAt ?? line,
      observedAt,
      timeSource: observedAt === null ? "none" : "given",
      validFrom: null,
      validTo: null,
      line,
    };
  }
}

/** What the first line of a Codex transcript tells of its session. */
export interface CodexHead {
  readonly id: string;
  /** The session it was forked from, as far back as the line tells; itself where it was not. */
  readonly family: string;
  /** Whether a program began it: what stands in it as the person's was said by an agent. */
  readonly isSubagent: boolean;
}

function codexHead(payload: Row): CodexHead | null {
  const id = textOf(payload["id"]);
  if (id === null) return null;
  const { source } = payload;
  const isSubagent = payload["thread_source"] === "subagent" ||
    isObject(source) && ["subagent", "subAgent", "internal"].some((kind) => Object.hasOwn(source, kind));
  return { id, family: textOf(payload["forked_from_id"]) ?? id, isSubagent };
}

/** The head of a Codex transcript, from its first line; null where that is none. */
export function readCodexHead(firstLine: Uint8Array): CodexHead | null {
  const decoded = decodeText(firstLine);
  const parsed = "text" in decoded ? parseJson(decoded.text) : {};
  if (!("value" in parsed) || !isObject(parsed.value)) return null;
  const { type, payload } = parsed.value;
  if (type === "session_meta" && isObject(payload)) return codexHead(payload);
  return type === undefined ? codexHead(parsed.value) : null;
}

/** Bytes of a line: what tools gave stands in one line too, and is left out. */
const transcriptLineBytesMax = 64 * 1024 * 1024;

const textOf = (value: unknown): string | null => typeof value === "string" && value !== "" ? value : null;

/** What was said in a message: its text, or its blocks of text, without what a program put there. */
function spoken(content: unknown, block: string): string {
  const parts = typeof content === "string"
    ? [content]
    : Array.isArray(content)
    ? content.flatMap((item: unknown) => {
      const text = isObject(item) && item["type"] === block ? item["text"] : null;
      return typeof text === "string" ? [text] : [];
    })
    : [];
  return parts.map(withoutNoise).filter((part) => part !== "").join("\n\n");
}

/** Blocks that programs put into a person's message. */
const blocks =
  /<(system-reminder|task-notification|local-command-caveat|ide_opened_file|ide_selection)>[\s\S]*?<\/\1>/g;
/** Messages that no person wrote. */
const programs = new RegExp(
  "^(?:<(?:command-(?:name|message|args)|local-command-(?:stdout|stderr)|bash-(?:input|stdout|stderr)|" +
    "environment_context|user_instructions|permissions instructions|turn_aborted|INSTRUCTIONS|skill|" +
    "user_shell_command|subagent_notification)>|# AGENTS\\.md instructions|\\[Request interrupted by user|" +
    "Caveat: The messages below were generated by the user while running local commands|" +
    "This session is being continued from a previous conversation)",
);

function withoutNoise(text: string): string {
  const rest = text.replace(blocks, "").trim();
  return programs.test(rest) ? "" : rest.toWellFormed();
}
