/** A worker for tests of its main thread's end: answers "echo", refuses, faults, or ends by an uncaught error. */
import { EngramError } from "../../src/kernel/mod.ts";
import { answerCalls, tellFault } from "../../src/runtime/worker_calls.ts";

/** What it can be asked. */
export type FailingCall = "echo" | "refuse" | "fault" | "die" | "give up" | "never";

answerCalls((call: FailingCall): unknown => {
  switch (call) {
    case "echo":
      return call;
    case "refuse":
      throw new EngramError("inbox_full", "Cannot take it: the inbox is full", { waiting: 3 });
    case "fault":
      throw new Error("Fault: this call's own");
    case "die":
      setTimeout(() => {
        throw new Error("uncaught");
      });
      return new Promise(() => {});
    case "give up":
      tellFault(new Error("Fault: it cannot go on"));
      return null;
    case "never":
      return new Promise(() => {});
    default:
      return call satisfies never;
  }
});
