/**
 * Errors over HTTP: problem details (RFC 9457) with the code of the error table.
 *
 * Invariants:
 * 1. Every refusal has this form, on every route; {@link refusalIn} makes the same refusal of it again.
 * 2. A fault tells nothing of the host but that there was one.
 */
import { EngramError } from "../../kernel/errors.ts";

/** What an error answer holds, with the refusal's own facts beside it. */
export interface Problem {
  /** Names the code's row in docs/errors.md. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** The refusal's message. */
  readonly detail: string;
  readonly code: string;
  readonly hint: string;
  /** The id of the request, as in the header X-Request-Id. */
  readonly requestId: string;
  readonly [fact: string]: unknown;
}

/** The media type of error answers. */
export const problemType = "application/problem+json";

const titles: Readonly<Record<number, string>> = {
  207: "Not everything went in",
  400: "The request cannot be read",
  401: "A token is needed",
  403: "Not allowed",
  404: "Not found",
  405: "The route has no such method",
  408: "The request took too long",
  409: "It conflicts with what is there",
  413: "Too large",
  415: "The body is not JSON",
  422: "A value was refused",
  429: "A limit is reached",
  499: "Stopped on request",
  501: "Not available",
  503: "The host cannot do it now",
  507: "The disk is full",
};

/** The problem that tells a refusal. */
export function problemOf(error: EngramError, requestId: string): Problem {
  const { code, message, hint, data } = error;
  return {
    ...data,
    type: `urn:engramlt:error:${code}`,
    title: titles[error.httpStatus] ?? "The host has a problem",
    status: error.httpStatus,
    detail: message,
    code,
    hint,
    requestId,
  };
}

/** The problem that tells a fault. */
export function faultProblem(requestId: string): Problem {
  return {
    type: "urn:engramlt:error:fault",
    title: "The host met an error of its own",
    status: 500,
    detail: "Fault: the host met an error of its own; see its output",
    code: "fault",
    hint: "The host's output names this request by its id",
    requestId,
  };
}

/** The refusal, or the fault, that a problem tells; null where a value is no problem. */
export function refusalIn(value: unknown): Error | null {
  if (typeof value !== "object" || value === null || !("code" in value) || !("detail" in value)) return null;
  const { type: _type, title: _title, status: _status, detail, code, hint, requestId: _id, ...data } =
    value as Record<string, unknown>;
  if (code === "fault") return new Error(String(detail));
  return EngramError.fromJSON({ ...data, code, message: detail, hint });
}
