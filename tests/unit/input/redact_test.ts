import assert from "node:assert/strict";
import { redactJson, redactJsonText, redactText } from "../../../src/input/redact.ts";

const text = (given: string) => redactText(given, new Map());

// Made up here from parts, so that no scanner of repositories takes them for real ones.
const of = (...parts: string[]) => parts.join("");
const secrets: readonly (readonly [string, string, string])[] = [
  ["GitHub token", "ci uses ", of("ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")],
  ["GitHub token", "", of("github_pat_", "11ABCDEFG0a1B2c3D4e5F6_g7H8i9J0k1L2m3N4o5P6q7R8s9T0")],
  ["GitLab token", "push with ", of("glpat-", "aB3dE5fG7hI9jK1lM3nO")],
  ["Anthropic key", "", of("sk-ant-", "api03-a1B2c3D4e5F6g7H8i9J0k1L2")],
  ["OpenAI key", "key ", of("sk-proj-", "a1B2c3D4e5F6g7H8i9J0k1L2")],
  ["Stripe key", "pay with ", of("sk_live_", "a1B2c3D4e5F6g7H8")],
  ["Slack token", "", of("xoxb-", "1234567890-abcdefGHIJ")],
  ["AWS access key", "the id is ", of("AKIA", "IOSFODNN7EXAMPLE")],
  ["Google key", "", of("AIza", "SyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v")],
  ["npm token", "", of("npm_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")],
  ["Hugging Face token", "", of("hf_", "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH")],
  [
    "web token",
    "",
    of("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0", ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
  ],
  ["bearer token", "Authorization: Bearer ", "abcdef0123456789abcdef"],
  ["password", "password: ", "hunter2!"],
  ["password", "API_KEY=", "0123456789abcdef"],
  ["password in an address", "postgres://app:", "s3cretpass"],
];

for (const [what, before, secret] of secrets) {
  Deno.test(`redactText() takes out a ${what} ${before === "" ? "alone" : `after "${before.trim()}"`}`, () => {
    const after = what === "password in an address" ? "@db.example/app" : " and more";
    const found = new Map<string, number>();
    assert.equal(redactText(`${before}${secret}${after}`, found), `${before}[redacted: ${what}]${after}`);
    assert.deepEqual([...found], [[what, 1]]);
  });
}

Deno.test("redactText() takes out what stands between private marks, also unclosed", () => {
  assert.equal(text("a <private>b\nc</private> d <PRIVATE>e"), "a [redacted: private] d [redacted: private]");
});

Deno.test("redactText() takes out a private key over several lines", () => {
  const key = ["-----BEGIN RSA PRIVATE ", "KEY-----\nMIIEpA\nQJB\n-----END RSA PRIVATE KEY-----"].join("");
  assert.equal(text(`see\n${key}\nend`), "see\n[redacted: private key]\nend");
});

Deno.test("redactText() leaves sentences and names as they are", () => {
  for (
    const plain of [
      "The password is in the safe.",
      "Password: see the safe",
      "We moved the api key rotation to May.",
      "secret: nobody knows",
      "sk-learn is a library; risk-based",
      "https://example.com/a:b@c",
      "Heron launches on 12 May.",
      "The bearer of this letter is Ann",
    ]
  ) assert.equal(text(plain), plain);
});

Deno.test("redactText() changes nothing the second time", () => {
  for (const [, before, secret] of secrets) {
    const once = text(`${before}${secret}@x <private>y`);
    assert.equal(text(once), once);
  }
});

Deno.test("redactText() comes to an end on a text made to be slow", () => {
  for (
    const piece of ["password=", "-----BEGIN PRIVATE KEY-----", "eyJaaaaaaaa.", "<private>", "a://b:", "sk-"]
  ) {
    const once = text(piece.repeat(Math.ceil(200_000 / piece.length)));
    assert.equal(text(once), once);
  }
});

Deno.test("redactJson() looks at members by name and value", () => {
  const given = { password: "hunter2!", note: "<private>x</private>", list: ["plain", 1, null], ok: "fine" };
  const found = new Map<string, number>();
  assert.deepEqual(redactJson(given, found), {
    password: "[redacted: password]",
    note: "[redacted: private]",
    list: ["plain", 1, null],
    ok: "fine",
  });
  assert.deepEqual([...found].sort(), [["password", 1], ["private", 1]]);
});

Deno.test("redactJsonText() passes bytes unchanged where nothing is private", () => {
  const given = '{ "a" : 1.0,\n "b": ["x"] }';
  assert.equal(redactJsonText(given, new Map()), given);
  assert.equal(redactJsonText('{"t": "<private>x"}', new Map()), '{"t":"[redacted: private]"}');
});

Deno.test("redactJsonText() looks through JSON that is too deep to be walked", () => {
  const deep = (text: string) => `${"[".repeat(100_000)}${JSON.stringify(text)}${"]".repeat(100_000)}`;
  assert.equal(redactJsonText(deep("plain"), new Map()), deep("plain"));
  assert.equal(
    redactJsonText(deep("<private>x</private>"), new Map()),
    deep("[redacted: private]"),
  );
});
