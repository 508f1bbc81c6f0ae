/**
 * Permits: which of a step's next calls its worker may answer by itself, because the host would say the same.
 *
 * Owns: when that is certain. Does not own: how a worker checks a call against it (src/sandbox), which also reports each.
 *
 * Invariants:
 * 1. A permit changes no answer, no fuel and nothing logged: every call it covers is served here all the same, in its
 *    place, and a worker that answered what is refused here is given up.
 * 2. What a permit is guessed from (what the agent did in its last step) is no state: a wrong guess costs a turn of the
 *    channel.
 */
import type { EngramPermit, StepPermit } from "../sandbox/abi.ts";
import { holds, type Id } from "../kernel/mod.ts";
import { byteLength } from "./fields.ts";
import { Denial, type Session } from "./session.ts";

/** What an agent did in its last step, and may do again. */
export interface Habit {
  /** The agent it sent to last. */
  readonly to: string | null;
  /** The engram it got first. */
  readonly engram: Id | null;
}

/** An engram whose JSON is longer is not given in advance. */
const jsonCharactersMax = 8192;

/** What an agent did in a step that was served. */
export function habitOf(session: Session): Habit {
  return { to: session.writes.messages.at(-1)?.to ?? null, engram: session.firstGot };
}

/** How much may be sent to an agent. */
export interface SendLimits {
  readonly sends: number;
  /** Bytes of all of them. */
  readonly bytes: number;
}

/** Why a message to an agent is refused whatever it says, or how much may be sent to it in a step that sent nothing. */
function limitsAtStart(session: Session, to: string): Denial | SendLimits {
  const { config } = session, { peers } = session.options;
  if (!holds(session.grants, "send", [to])) return new Denial(-3, "send");
  const peer = peers.agent(to);
  if (peer === null) return new Denial(-1, "send");
  if (!peer.receives) return new Denial(-8, "send");
  const waiting = peers.mailbox(to);
  const sends = Math.min(config.sendsPerStepMax, config.mailboxMessagesMax - waiting.messages);
  const bytes = (config.mailboxBytesMax ?? Infinity) - waiting.bytes;
  return { sends: peers.mailIsFull ? 0 : sends, bytes };
}

/**
 * Why a message to an agent is refused whatever it says, or how much may be sent to it now. What this step has sent to
 * others counts as if it were in the same mailbox.
 */
export function sendLimits(session: Session, to: string): Denial | SendLimits & { bytesMax: number } {
  if (session.sendsTo?.to !== to) session.sendsTo = { to, limits: limitsAtStart(session, to) };
  const { limits } = session.sendsTo;
  if (limits instanceof Denial) return limits;
  const { messages, messageBytes } = session.writes;
  const bytes = Math.max(0, limits.bytes - messageBytes);
  return {
    sends: Math.max(0, limits.sends - messages.length),
    bytesMax: Math.min(session.config.messageBytesMax, bytes),
    bytes,
  };
}

/** A permit to go on sending to one agent, after a message to it; null where nothing may follow. */
export function sendPermit(session: Session, to: string): StepPermit | null {
  const limits = sendLimits(session, to);
  if (limits instanceof Denial || limits.sends === 0) return null;
  const { bytesMax, sends } = limits;
  const bytes = Math.min(session.stagedBytesLeft, limits.bytes);
  return { calls: sends, bytes, send: { to, bytesMax }, engram: null };
}

/** A permit for a step that begins, guessed from what its agent did in the last one; null where nothing is likely. */
export function firstPermit(session: Session, habit: Habit): StepPermit | null {
  const { config } = session;
  const engram = habit.engram === null ? null : engramPermit(session, habit.engram);
  const limits = habit.to === null || session.options.query ? null : sendLimits(session, habit.to);
  const send = limits === null || limits instanceof Denial || limits.sends === 0 ? null : limits;
  if (engram === null && send === null) return null;
  return {
    calls: Math.min(
      send?.sends ?? config.sendsPerStepMax,
      config.writesPerStepMax - session.writes.size,
      config.hostCallsPerStepMax,
    ),
    bytes: Math.min(session.stagedBytesLeft, send?.bytes ?? Infinity),
    send: send === null || habit.to === null ? null : { to: habit.to, bytesMax: send.bytesMax },
    engram,
  };
}

function engramPermit(session: Session, id: Id): EngramPermit | null {
  const { work } = session;
  const engram = session.peek(id);
  session.work = work; // a guess takes nothing
  if (engram === null) return null;
  const json = session.engramJson(engram);
  if (json.length > jsonCharactersMax) return null;
  const { config } = session;
  // The texts that stay are in this JSON: while all of it is within the limits of each, they are.
  const bytes = byteLength(json);
  const isWithin = bytes <= Math.min(config.nameBytesMax * 4, config.metadataBytesMax);
  const mayChange = !session.options.query && session.engramDenial(engram, "change") === null && isWithin;
  return { id, json, update: mayChange ? { bytesMax: config.contentBytesMax, bytesMore: bytes + 64 } : null };
}
