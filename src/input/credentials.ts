/**
 * Credentials known by their shape, or by the label in front of them.
 *
 * Owns: the shapes of well-known services, the labels, and what behind a label is no secret (a word of a sentence, a
 * reference to a variable, a mask).
 * Does not own: `<private>`, JSON, counting (redact.ts).
 *
 * Invariants:
 * 1. Pure; patterns have bounded repetitions, or classes that cannot run into each other: time is linear in the text.
 * 2. What replaced a credential is no credential: the same text again finds nothing.
 */

/** Told for each credential found, by what it was and what of the text goes; gives what follows in its place. */
export type Found = (what: string, gone: string) => string;

interface Shape {
  readonly what: string;
  /** A text that holds none of these has none of the kind. */
  readonly hints: readonly string[];
  readonly pattern: RegExp;
}

/** Keys of services by the beginning that is theirs alone, and what follows it. */
const prefixed: readonly Shape[] = ([
  ["New Relic key", "NRAK-", "[A-Z0-9]{27}"],
  ["Pulumi token", "pul-", "[a-f0-9]{40}"],
  ["Doppler token", "dp.", "(?:pt|sa|scim|audit|ct|st(?:\\.[\\w-]{1,64})?)\\.[A-Za-z0-9]{40,44}"],
  ["PlanetScale token", "pscale_", "(?:tkn|pw|oauth)_[\\w.=-]{32,64}"],
  ["Supabase token", "sbp_", "[a-f0-9]{40}"],
  ["Supabase key", "sb_secret_", "[\\w-]{20,64}"],
  ["Fly token", "FlyV1 ", "fm\\d_[\\w+/=,-]{40,4096}"],
  ["Heroku key", "HRKU-", "[\\w-]{36,80}"],
  ["Square token", "sq0", "(?:atp-[\\w-]{22}|csp-[\\w-]{43})"],
  ["Perplexity key", "pplx-", "[A-Za-z0-9]{40,64}"],
  ["Tailscale key", "tskey-", "[a-z]{2,10}-[A-Za-z0-9]{8,32}-[A-Za-z0-9]{20,64}"],
  ["Grafana token", "glsa_", "[A-Za-z0-9]{32}_[a-f0-9]{8}"],
  ["Grafana token", "glc_", "eyJ[\\w+/=]{30,512}"],
  ["RubyGems key", "rubygems_", "[a-f0-9]{48}"],
  ["Clojars token", "CLOJARS_", "[a-z0-9]{60}"],
  ["Contentful token", "CFPAT-", "[\\w-]{43}"],
  ["Postman key", "PMAK-", "[a-f0-9]{24}-[a-f0-9]{34}"],
  ["Airtable token", "pat", "[A-Za-z0-9]{14}\\.[a-f0-9]{64}"],
  ["LangSmith key", "lsv2_", "(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"],
  ["Pinecone key", "pcsk_", "\\w{50,80}"],
  ["NVIDIA key", "nvapi-", "[\\w-]{60,80}"],
  ["1Password token", "ops_", "eyJ[\\w+/=-]{200,4096}"],
  ["Mapbox token", "sk.eyJ", "[\\w-]{20,256}\\.[\\w-]{20,64}"],
  ["Dropbox token", "sl.", "(?=[\\w-]{0,200}\\d)[\\w-]{130,200}"],
  ["Mailgun key", "key-", "[a-f0-9]{32}"],
  ["crates.io token", "cio", "(?=[A-Za-z]{0,31}\\d)[A-Za-z0-9]{32}"],
  ["Hugging Face token", "api_org_", "[A-Za-z0-9]{34}"],
] as const).map(([what, begins, follows]) => ({
  what,
  hints: [begins],
  pattern: new RegExp(`(?<![A-Za-z0-9.-])${begins.replaceAll(".", "\\.")}${follows}(?![A-Za-z0-9])`, "g"),
}));

/** The longer and more certain come first. A group `keep` stays in front. */
const shapes: readonly Shape[] = [
  {
    what: "private key",
    hints: ["PRIVATE KEY"],
    pattern:
      /-{4,5} ?BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}(?:[^]{0,16384}?-{4,5} ?END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}|[^]{0,16384})/g,
  },
  {
    what: "private key",
    hints: ["Private-Lines:"],
    pattern: /(?<keep>\bPrivate-Lines: \d{1,3}\r?\n)(?:[A-Za-z0-9+/=]{1,76}(?:\r?\n|$)){1,99}/g,
  },
  {
    what: "private key",
    hints: ["client-key-data"],
    pattern: /(?<keep>\bclient-key-data["']?\s{0,4}:\s{0,4}["']?)[A-Za-z0-9+/=]{40,16384}/g,
  },
  {
    what: "private key",
    hints: ["AGE-SECRET-KEY-1", "age-secret-key-1"],
    pattern: /\b(?:AGE-SECRET-KEY-1[A-Z0-9]{50,64}|age-secret-key-1[a-z0-9]{50,64})\b/g,
  },
  {
    what: "GitHub token",
    hints: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
    pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{40,255})/g,
  },
  {
    what: "GitLab token",
    hints: ["glpat-", "glptt-", "glrt-", "gldt-", "glcbt-", "glsoat-", "glft-"],
    pattern: /\bgl(?:pat|ptt|rt|dt|cbt|soat|ft)-[\w-]{20,64}/g,
  },
  { what: "Anthropic key", hints: ["sk-ant-"], pattern: /(?<![A-Za-z0-9])sk-ant-[\w-]{20,255}/g },
  // Without one of its prefixes a key has no dash: names such as sk-learn-pipelines-with-notes have.
  {
    what: "OpenAI key",
    hints: ["sk-"],
    pattern:
      /(?<![A-Za-z0-9])sk-(?:(?:proj|svcacct|admin|None|or-v1)-(?=[\w-]{0,255}\d)[\w-]{20,255}|[A-Za-z0-9]{20,255})/g,
  },
  {
    what: "Stripe key",
    hints: ["k_live_", "k_test_"],
    pattern: /(?<![A-Za-z0-9])[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}/g,
  },
  { what: "webhook secret", hints: ["whsec_"], pattern: /(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=]{24,128}/g },
  { what: "Slack token", hints: ["xox", "xapp-"], pattern: /\b(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,255}/g },
  {
    what: "Slack webhook",
    hints: ["hooks.slack.com/"],
    pattern: /https:\/\/hooks\.slack\.com\/(?:services|workflows)\/[\w/]{20,128}/g,
  },
  {
    what: "Discord webhook",
    hints: ["/api/webhooks/"],
    pattern: /https:\/\/(?:\w{1,16}\.)?discord(?:app)?\.com\/api\/webhooks\/\d{10,20}\/[\w-]{40,100}/g,
  },
  { what: "Discord token", hints: ["."], pattern: /\b[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,40}/g },
  {
    what: "AWS access key",
    hints: ["AKIA", "ASIA", "ABIA", "ACCA"],
    pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g,
  },
  { what: "Google key", hints: ["AIza"], pattern: /\bAIza[\w-]{35}/g },
  { what: "Google secret", hints: ["GOCSPX-"], pattern: /\bGOCSPX-[\w-]{20,64}/g },
  {
    what: "Google token",
    hints: ["ya29.", "1//0"],
    pattern: /\b(?:ya29\.[\w-]{20,512}|1\/\/0[\w-]{30,512})/g,
  },
  { what: "npm token", hints: ["npm_"], pattern: /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}\b/g },
  { what: "PyPI token", hints: ["pypi-AgE"], pattern: /\bpypi-AgE[\w-]{50,512}/g },
  { what: "Hugging Face token", hints: ["hf_"], pattern: /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,64}\b/g },
  { what: "Groq key", hints: ["gsk_"], pattern: /(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{40,80}\b/g },
  { what: "xAI key", hints: ["xai-"], pattern: /\bxai-[A-Za-z0-9]{60,100}\b/g },
  { what: "Replicate token", hints: ["r8_"], pattern: /(?<![A-Za-z0-9])r8_[A-Za-z0-9]{37}\b/g },
  {
    what: "Notion token",
    hints: ["secret_", "ntn_"],
    pattern: /(?<![A-Za-z0-9])(?:secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,60})\b/g,
  },
  { what: "Linear key", hints: ["lin_"], pattern: /(?<![A-Za-z0-9])lin_(?:api|oauth)_[A-Za-z0-9]{40,64}\b/g },
  { what: "Atlassian token", hints: ["ATATT3"], pattern: /\bATATT3[\w=-]{60,255}/g },
  { what: "DigitalOcean token", hints: ["_v1_"], pattern: /(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{64}\b/g },
  {
    what: "Shopify token",
    hints: ["shpat_", "shpca_", "shppa_", "shpss_"],
    pattern: /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/g,
  },
  { what: "Databricks token", hints: ["dapi"], pattern: /\bdapi[a-f0-9]{32}(?:-\d)?\b/g },
  { what: "Vault token", hints: ["hvs.", "hvb.", "hvr."], pattern: /\bhv[sbr]\.[\w-]{24,255}/g },
  { what: "Figma token", hints: ["figd_"], pattern: /(?<![A-Za-z0-9])figd_[\w-]{40,64}/g },
  { what: "SendGrid key", hints: ["SG."], pattern: /\bSG\.[\w-]{16,64}\.[\w-]{16,128}/g },
  { what: "Telegram token", hints: [":AA"], pattern: /\b\d{8,10}:AA[\w-]{33}/g },
  ...prefixed,
  // At most one beginning in a run of its own characters, so that no run is read over and over.
  {
    what: "web token",
    hints: ["eyJ"],
    pattern: /(?<!\w|[\w-]{2})eyJ[\w-]{8,4096}\.eyJ[\w-]{8,8192}\.[\w-]{8,4096}/g,
  },
  {
    what: "bearer token",
    hints: ["earer", "EARER"],
    pattern: /(?<keep>\bbearer\s{1,4})(?=[\w.~+/-]{0,4096}\d)[\w.~+/-]{20,4096}={0,2}/gi,
  },
  {
    what: "credentials",
    hints: ["uthorization", "UTHORIZATION"],
    pattern:
      /(?<keep>\bauthorization\\{0,4}["']?\s{0,4}[:=]\s{0,4}\\{0,4}["']?(?:basic|bearer|token|digest|apikey|bot)\s{1,4})(?!\[redacted: )[^\s"'\\]{6,4096}/gi,
  },
  {
    what: "Terraform token",
    hints: [".atlasv1."],
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,80}/g,
  },
  // What Docker keeps of a login: name and password in base64.
  {
    what: "credentials",
    hints: ['auth"', "auth\\"],
    pattern: /(?<keep>"auth\\{0,4}"\s{0,4}:\s{0,4}\\{0,4}")[A-Za-z0-9+/]{12,4096}={0,2}(?=\\{0,4}")/g,
  },
  {
    what: "cookie",
    hints: ["ookie:", "ookie\\", 'ookie"', "OOKIE:"],
    pattern:
      /(?<keep>\b(?:set-)?cookie\\{0,4}["']?\s{0,4}:\s{0,4}\\{0,4}["']?)(?=[\w.-]{1,64}=[^\s;"'\\]{16})(?!\[redacted: )[^\n"'\\]{16,8192}/gi,
  },
  {
    what: "signature of an address",
    hints: ["sig=", "ignature="],
    pattern: /(?<keep>[?&](?:sig|X-Amz-Signature|X-Goog-Signature)=)[\w%+/=-]{40,1024}/g,
  },
  {
    what: "password in an address",
    hints: ["://"],
    // Of a name, a colon and a number the number is a port, not a password.
    pattern:
      /(?<keep>\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'<>]{0,128}:)(?!\d{1,5}[/?#]|\[redacted: )[^\s@"'<>]{1,256}(?:@[^\s/@"'<>?#]{1,256}){0,4}(?=@)/gi,
  },
  {
    what: "password",
    hints: ["curl"],
    pattern:
      /(?<keep>\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]{1,2}["']?[^\s:"']{1,128}:)(?!\[redacted: )[^\s"']{1,256}/g,
  },
];

const strong = "pass(?:word|wd|phrase|code|wort)|(?<![a-z0-9])pwd?|(?<=[_-])pass|" +
  "kennwort|contrase[ñn]a|mot de passe|(?<![a-z0-9])senha|wachtwoord|пароль|密码|パスワード";
const keys = "(?:api|access|secret|private|account|encryption|signing|master|sharedaccess)[ _-]?key|apikey";
const weak = `${keys}|secret|(?<token>token|credentials?)`;
const suffix = "(?:[_-]?\\d{1,2}|[_-](?:base|prod|dev|test|live|staging|root|admin))?";
const quoted = "(?<open>\\\\{0,4}(?<quote>[\"'`]))(?<quoted>[^\\n]{1,512}?)(?=\\\\{0,4}\\k<quote>)";

/** A label, a sign, and what may be a secret: `DB_PASSWORD=…`, `"apiKey": "…"`, `password: …`. */
const assigned = new RegExp(
  `(?<label>(?:(?<strong>${strong})|${weak})${suffix})` +
    "(?<sign>\\\\{0,4}[\"'`]?\\s{0,4}(?::=|=>|->|[:=])\\s{0,4})" +
    `(?:${quoted}|(?<mark>["'\`]?)(?<plain>[^\\s"'\`]{1,512}))`,
  "gi",
);

/** The same in a sentence or on a command line: `the password is …`, `--token …`, `login ann password …`. */
const spoken = new RegExp(
  `(?<label>(?:(?<strong>${strong})|${weak})(?:[ \\t]{1,4}(?:is now|is|was|to)|(?<=--?[a-z-]{1,30})|` +
    `(?<=login\\s{1,4}\\S{1,128}\\s{1,4}password)))(?<sign>[ \\t]{1,4})` +
    `(?:${quoted}|(?<mark>["'\`]?)(?<plain>[^\\s"'\`]{1,512}))`,
  "gi",
);

/** What stands for a secret and is none: variables, templates, lookups, masks, and what this file left. */
const reference = new RegExp(
  "^(?:~/|\\.{1,2}/|\\$[{(]|\\$[A-Za-z_]\\w*$|%\\w+%|\\{\\{|<|\\[redacted:|" +
    "(?:process\\.env|import\\.meta|os\\.(?:environ|getenv)|getenv|(?:deno|std::)\\.?env|env|settings|config|secrets?|" +
    "vault|vars?|self|this|args|options|request|req|props)[.([:]|" +
    "[*x•.…#_-]+$|(?:null|none|nil|undefined|true|false|string|str|number|required|optional|redacted|hidden)[,;)}\\]]*$)",
  "i",
);

/** Words with digits in them that sentences say of secrets. */
const termOfCraft = new RegExp(
  "^(?:sha-?\\d|base-?\\d|md5|argon2|pbkdf2|aes|rsa-?\\d|utf-?\\d|oauth|https?:|v\\d|\\d{4}-\\d\\d|" +
    "\\d+[-–]?(?:bit|byte|char|digit|word|day|hour|minute|month|week|year)|\\d+(?:st|nd|rd|th)\\b|1password\\b)",
  "i",
);

/** A name in a program, such as the one a key is renamed to. */
const nameOfKey = /^[A-Za-z_-]{0,40}(?:key|token|secret)s?[_-]?\d{1,2}$/i;

interface Labelled {
  readonly label: string;
  readonly isStrong: boolean;
  /** A bare "token" or "credentials", of which much is said that is no secret. */
  readonly isBare: boolean;
  readonly isQuoted: boolean;
  /** Written without blanks, as settings are: `LABEL=value`. */
  readonly isTight: boolean;
}

/** Whether what stands behind a label is a secret, as far as its form tells. */
function isSecret(value: string, { label, isStrong, isBare, isQuoted, isTight }: Labelled): boolean {
  if (reference.test(value) || value.toLowerCase() === label.toLowerCase()) return false;
  if (/^pwd$/i.test(label) && /^(?:[/~.]|[A-Za-z]:[\\/])/.test(value)) return false; // the working folder
  if (isStrong && isQuoted && isTight) return true;
  const hasDigit = /\d/.test(value), hasSign = /[!@#$%^&*+=?~_]/.test(value);
  const isSetting = isTight && /^[A-Z0-9_]+$/.test(label);
  if (isSetting) return isStrong || !/^\d{1,7}$/.test(value);
  if (isTight && isStrong) return value.length >= 4 && !/[()]/.test(value);
  if (termOfCraft.test(value)) return false;
  if (isStrong) return value.length >= 6 && (hasDigit || hasSign) && !/^\w+\(.*\)$/.test(value);
  if (/\s/.test(value) || !hasDigit || nameOfKey.test(value)) return false;
  return value.length >= (isBare ? 12 : 6);
}

function withoutLabelled(text: string, pattern: RegExp, isSentence: boolean, found: Found): string {
  return text.replace(pattern, (...match) => {
    const whole = String(match[0]);
    const groups = match.at(-1) as Readonly<Record<string, string | undefined>>;
    const { label = "", sign = "", open = "", quoted, mark = "", plain = "" } = groups;
    // Of `a=b&c=d` and `A=b;C=d` the value ends before the next name; signs that end a clause are not part of it.
    const bare = plain.replace(/(?:&|;)(?=[\w .-]{1,40}=).*$/, "").replace(/[,;)\]}.]+$/, "");
    const value = quoted ?? bare;
    const isTight = !isSentence && (quoted !== undefined || !/\s/.test(sign) && sign.includes("="));
    const known = {
      label,
      isStrong: groups["strong"] !== undefined,
      isBare: groups["token"] !== undefined,
      isQuoted: quoted !== undefined,
      isTight,
    };
    if (value === "" || !isSecret(value, known)) return whole;
    if (isSentence && !(/\d/.test(value) && /[A-Za-z!@#$%^&*+=?~]/.test(value))) return whole;
    return `${label}${sign}${open}${mark}[redacted: password]${found("password", value)}${
      quoted === undefined ? plain.slice(bare.length) : ""
    }`;
  });
}

/** A text without one of these has no label. */
const mayBeLabelled =
  /pass|pw|secret|token|key|credential|kennwort|contrase|senha|wachtwoord|пароль|密码|パスワード/i;

/** The text without credentials. */
export function withoutCredentials(text: string, found: Found): string {
  let left = text;
  for (const { what, hints, pattern } of shapes) {
    if (!hints.some((hint) => left.includes(hint))) continue;
    left = left.replace(pattern, (...match) => {
      const groups: unknown = match.at(-1);
      const keep = typeof groups === "object" && groups !== null && "keep" in groups ? groups.keep : "";
      const kept = typeof keep === "string" ? keep : "";
      return `${kept}[redacted: ${what}]${found(what, String(match[0]).slice(kept.length))}`;
    });
  }
  if (!mayBeLabelled.test(left)) return left;
  left = withoutLabelled(left, assigned, false, found);
  return withoutLabelled(left, spoken, true, found);
}

const nameOfSecret = new RegExp(`(?:(?<strong>${strong})|${weak})${suffix}$`, "i");

/** Whether the text of a member called `name` is a secret: both together have a shape that neither has alone. */
export function isNamedSecret(name: string, value: string): boolean {
  const match = nameOfSecret.exec(name);
  if (match === null || value === "" || value.length > 4096) return false;
  return isSecret(value, {
    label: match[0],
    isStrong: match.groups?.["strong"] !== undefined,
    isBare: match.groups?.["token"] !== undefined,
    isQuoted: true,
    isTight: true,
  });
}
