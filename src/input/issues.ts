/** What a schema finds wrong, in the words of our messages. */
import type { z } from "zod";

/** The issue to tell first: an unknown key explains a missing one. */
export function firstIssue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  return issues.find((issue) => issue.code === "unrecognized_keys") ?? issues[0];
}

/** What is wrong, beginning in lower case: `must be text, not a number`. */
export function issueWords(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case "invalid_type":
      return `must be ${wordFor(issue.expected)}`;
    case "invalid_value":
      return `must be ${
        issue.values.map((value) => JSON.stringify(value)).join(", ").replace(/, ([^,]*)$/, " or $1")
      }`;
    case "too_small":
    case "too_big": {
      if (issue.origin !== "number" && issue.origin !== "int") return lowerFirst(issue.message);
      return issue.code === "too_small"
        ? `must be at least ${issue.minimum}`
        : `must be at most ${issue.maximum}`;
    }
    default:
      return lowerFirst(issue?.message ?? "is wrong");
  }
}

function wordFor(type: string): string {
  switch (type) {
    case "string":
      return "text";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "an object";
    case "int":
      return "a whole number";
    case "number":
      return "a number";
    default:
      return type;
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
