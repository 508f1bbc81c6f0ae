/**
 * Who speaks in a pasted chat or mail, line by line.
 *
 * Owns: which lines are heads ("From: …", "Ada  9:31 AM"), where behind a speaker's name what was said begins.
 * Does not own: sentences (sentences.ts); chats imported turn by turn, which know their speakers.
 *
 * Invariant: pure; a label that no line repeats and that has no stamp is no speaker ("Butter: 2 kg").
 */

/** What a line is in a chat or a mail. */
export interface Spoken {
  /** Who says it, or "". */
  readonly speaker: string;
  /** UTF-16 units of the stamp and the name before what is said. */
  readonly skip: number;
  /** It tells only who speaks, when, or to whom: nothing is said in it. */
  readonly head: boolean;
}

const stamp = String
  .raw`(?:\[[\d][\d./:,\sapmAPM-]{1,24}\]|\d+[./-]\d[\d./:,\sapmAPM]{1,22}\s[-–]|\[?\d{1,2}:\d\d(?::\d\d)?\]?)`;
const name = String.raw`\p{L}[\p{L}\p{M}’'.-]*(?:[ ]\p{L}[\p{L}\p{M}’'.-]*){0,2}`;
const labelled = new RegExp(String.raw`^\s*(?<stamp>${stamp}\s+)?(?<name>${name}):\s+(?=\S)`, "u");
/** A line of its own before what is said: `Ada Quist  9:31 AM`. */
const nameAndTime = new RegExp(
  String.raw`^\s*(?<name>${name})\s+[[(]?\d{1,2}:\d\d(?:\s?[AaPp]\.?[Mm]\.?)?[\])]?$`,
  "u",
);
/** Names of the lines at the top of a mail. */
const mailHead = /^(?:from|to|cc|bcc|sent|date|reply-to|subject):\s*(.*)$/iu;
/** Lines in which a mail's head is looked for, and heads that make one. */
const headLinesMax = 12, headsMin = 2;

/** Who says each line of a text. */
export function spokenOf(lines: readonly string[]): Spoken[] {
  const labels = new Map<string, number>();
  for (const line of lines) {
    const found = line.includes(":") ? labelled.exec(line)?.groups : undefined;
    if (found?.name === undefined) continue;
    const label = found.name.toLowerCase();
    labels.set(label, (labels.get(label) ?? 0) + (found.stamp === undefined ? 1 : 2));
  }
  const heads = headsOf(lines), sender = senderOf(lines, heads);
  let speaker = "", isChat = false;
  return lines.map((line, at) => {
    if (heads.has(at)) return { speaker: "", skip: 0, head: true };
    if (line.trim() === "") {
      speaker = "";
      isChat = false;
      return { speaker: "", skip: 0, head: false };
    }
    if (!line.includes(":")) return { speaker: speaker === "" ? sender : speaker, skip: 0, head: false };
    const alone = nameAndTime.exec(line)?.groups?.name;
    if (alone !== undefined) {
      speaker = alone;
      return { speaker, skip: 0, head: true };
    }
    const found = labelled.exec(line), label = found?.groups?.name ?? "";
    const repeated = (labels.get(label.toLowerCase()) ?? 0) > 1;
    if (found !== null && (repeated || isChat)) {
      speaker = label;
      isChat = true;
      return { speaker, skip: found[0].length, head: false };
    }
    return { speaker: speaker === "" ? sender : speaker, skip: 0, head: false };
  });
}

/** The lines of a mail's head. */
function headsOf(lines: readonly string[]): Set<number> {
  const found = new Set<number>();
  lines.slice(0, headLinesMax).forEach((line, at) => {
    if (line.includes(":") && mailHead.test(line)) found.add(at);
  });
  return found.size >= headsMin ? found : new Set();
}

function senderOf(lines: readonly string[], heads: ReadonlySet<number>): string {
  for (const at of heads) {
    const sender = /^from:\s*([^<(]*)/iu.exec(lines[at] ?? "")?.[1]?.trim();
    if (sender !== undefined) return sender;
  }
  return "";
}

/** What a mail is about, or "". */
export function subjectOf(lines: readonly string[]): string {
  for (const at of headsOf(lines)) {
    const subject = /^subject:\s*(.*)$/iu.exec(lines[at] ?? "")?.[1];
    if (subject !== undefined) return subject.trim();
  }
  return "";
}
