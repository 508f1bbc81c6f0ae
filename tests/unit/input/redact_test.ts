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
  ["password", "DB_PASSWORD=", "letmein"],
  ["password", "AWS_SECRET_ACCESS_KEY=", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
  ["password", "MYSQL_PWD=", "letmein"],
  ["password", "PGPASSWORD=", "letmein"],
  ["password", "x-api-key: ", "abcdef0123"],
  ["password", "mysql --password=", "hunter2x"],
  ["password", "cli --token ", "abc123def456"],
  ["password", "The staging password is ", "Tr0ub4dor&3"],
  ["password", "password: ", "ab,cd1234x"],
  ["password", "machine db.example login ann password ", "s3cr3tz"],
  ["password", "curl -u bob:", "hunter22"],
  ["password", "//npm.example.com/:_authToken=", "abcdef12345678901234"],
  ["credentials", "Authorization: Basic ", "dXNlcjpwYXNzd29yZA=="],
  ["bearer token", "AUTHORIZATION: BEARER ", "abcdef0123456789abcdef"],
  ["password in an address", "postgres://app:", "s3cretpass"],
  ["password in an address", "redis://:", "s3cretpass"],
  ["password in an address", "postgres://app:", "s3/cr@et"],
  ["Slack token", "", of("xapp-", "1-A0123456789-abcdefGHIJ")],
  ["GitHub token", "token_", of("ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")],
  ["New Relic key", "", of("NR", "AK-", "A1B2C3D4E5F6G7H8I9J0K1L2M3N")],
  ["Pulumi token", "", of("pul-", "0a1b2c3d4e".repeat(4))],
  ["Doppler token", "", of("dp.", "pt.", "a1B2c3D4e5".repeat(4), "xyz")],
  ["PlanetScale token", "", of("pscale_", "tkn_", "a1B2c3D4e5".repeat(4))],
  ["Supabase token", "", of("sbp_", "0a1b2c3d4e".repeat(4))],
  ["Supabase key", "", of("sb_", "secret_", "a1B2c3D4e5".repeat(3))],
  ["Fly token", "", of("FlyV1 ", "fm2_", "a1B2c3D4e5".repeat(9))],
  ["Heroku key", "", of("HRKU-", "AA", "a1B2c3D4e5".repeat(5))],
  ["Square token", "", of("sq0", "atp-", "a1B2c3D4e5".repeat(2), "xy")],
  ["Perplexity key", "", of("pplx-", "a1B2c3D4e5".repeat(4))],
  ["Tailscale key", "", of("tskey-", "auth-", "a1B2c3D4e5CNTRL-", "a1B2c3D4e5".repeat(3))],
  ["Grafana token", "", of("glsa_", "a1B2c3D4".repeat(4), "_0a1b2c3d")],
  ["Grafana token", "", of("glc_", "eyJ", "a1B2c3D4e5".repeat(4))],
  ["RubyGems key", "", of("rubygems_", "0a1b2c3d".repeat(6))],
  ["Clojars token", "", of("CLOJARS_", "0a1b2c3d4e".repeat(6))],
  ["Contentful token", "", of("CFPAT-", "a1B2c3D4e5".repeat(4), "xyz")],
  ["Postman key", "", of("PMAK-", "0a1b2c3d".repeat(3), "-", "0a1b2c3d".repeat(4), "0a")],
  ["Airtable token", "", of("pat", "a1B2c3D4e5F6g7", ".", "0a1b2c3d".repeat(8))],
  ["LangSmith key", "", of("lsv2_", "pt_", "0a1b2c3d".repeat(4), "_0a1b2c3d4e")],
  ["Pinecone key", "", of("pcsk_", "a1B2c3D4e5".repeat(6))],
  ["NVIDIA key", "", of("nvapi-", "a1B2c3D4e5".repeat(6), "abcd")],
  ["1Password token", "", of("ops_", "eyJ", "a1B2c3D4e5".repeat(25))],
  ["Mapbox token", "", of("sk.", "eyJ", "a1B2c3D4e5".repeat(4), ".", "a1B2c3D4e5".repeat(2))],
  ["Dropbox token", "", of("sl.", "a1B2c3D4e5".repeat(13))],
  ["Mailgun key", "", of("key-", "0a1b2c3d".repeat(4))],
  ["crates.io token", "publish with ", of("cio", "a1B2c3D4".repeat(4))],
  ["Hugging Face token", "", of("api_", "org_", "aBcDeFgHiJ".repeat(3), "kLmN")],
  ["private key", "", of("AGE-SECRET-", "KEY-1", "QZRY9X8GF2".repeat(5), "TVDW0S3J")],
  ["private key", "", of("age-secret-", "key-1", "qzry9x8gf2".repeat(5), "tvdw0s3j")],
  ["Terraform token", "", of("abcdefghijklmn", ".atlasv1.", "a1B2c3D4e5".repeat(6))],
  ["private key", "client-key-data: ", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo="],
  ["cookie", "Cookie: ", "session=0a1b2c3d4e5f6a7b8c9d"],
  ["signature of an address", "https://a.example/f?sv=2022-11-02&sig=", of("a1B2c3D4e5".repeat(4), "xyz%3D")],
  ["password", "Passwort: ", "geheim12"],
  ["password", "mot de passe : ", "secret12"],
  ["password", "contraseña: ", "secreto12"],
  ["password", "пароль: ", "тайна123"],
  ["password", "pw: ", "hunter22!"],
];

for (const [what, before, secret] of secrets) {
  const where = before === ""
    ? `alone, ${secret.slice(0, 5)}…`
    : `after "${before.trim()}", ${secret.slice(0, 4)}…`;
  Deno.test(`redactText() takes out a ${what} ${where}`, () => {
    const after = what === "password in an address"
      ? "@db.example/app"
      : what === "cookie"
      ? ""
      : " and more";
    const found = new Map<string, number>();
    assert.equal(redactText(`${before}${secret}${after}`, found), `${before}[redacted: ${what}]${after}`);
    assert.deepEqual([...found], [[what, 1]]);
  });
}

Deno.test("redactText() takes out what stands between private marks, also unclosed", () => {
  assert.equal(text("a <private>b\nc</private> d <PRIVATE>e"), "a [redacted: private] d [redacted: private]");
});

Deno.test("redactText() takes out nested marks whole, and marks with attributes or blanks", () => {
  assert.equal(text("a <private>b <private>c</private> d</private> e"), "a [redacted: private] e");
  assert.equal(text('a <private reason="x">b</private> c'), "a [redacted: private] c");
  assert.equal(text("a < Private >b< / private > c"), "a [redacted: private] c");
  assert.equal(text("a <privateer>b"), "a <privateer>b");
});

Deno.test("redactText() takes out all before a mark that nothing opened", () => {
  assert.equal(text("its second half</private> and more"), "[redacted: private] and more");
});

Deno.test("redactText() leaves a mark alone that stands between backticks", () => {
  const plain = "Put `<private>` before it and `</private>` behind it.";
  assert.equal(text(plain), plain);
});

Deno.test("redactText() keeps as many line ends as there were, where it is asked to", () => {
  const given = "a\n<private>b\nc\n</private>\nd";
  assert.equal(
    redactText(given, new Map(), { keepLines: true }).split("\n").indexOf("d"),
    given.split("\n").indexOf("d"),
  );
});

Deno.test("redactText() takes out quoted secrets whole, in settings, code and JSON", () => {
  for (
    const [given, left] of [
      [`STRIPE_SECRET='abc def'`, "STRIPE_SECRET='[redacted: password]'"],
      [`dbPassword: "correct horse"`, `dbPassword: "[redacted: password]"`],
      [`{"password":"hunter2","user":"x"}`, `{"password":"[redacted: password]","user":"x"}`],
      [`{\\"password\\":\\"hunter2\\"}`, `{\\"password\\":\\"[redacted: password]\\"}`],
      ["Server=x;Password=Abc123;Encrypt=True", "Server=x;Password=[redacted: password];Encrypt=True"],
      ["https://a.example/?password=letmein&x=1", "https://a.example/?password=[redacted: password]&x=1"],
    ] as const
  ) assert.equal(text(given), left);
});

Deno.test("redactText() takes out Docker's login and what PuTTY keeps of a key", () => {
  assert.equal(
    text('{"auths":{"ghcr.example":{"auth":"YW5uOnMzY3IzdHp6enp6"}}}'),
    '{"auths":{"ghcr.example":{"auth":"[redacted: credentials]"}}}',
  );
  const lines = `${"a1B2".repeat(16)}\n${"c3D4".repeat(5)}\n`;
  assert.equal(
    text(`Public-Lines: 1\nAAAA\nPrivate-Lines: 2\n${lines}Private-MAC: 00`),
    "Public-Lines: 1\nAAAA\nPrivate-Lines: 2\n[redacted: private key]Private-MAC: 00",
  );
});

Deno.test("redactText() leaves what only begins as a key does", () => {
  for (
    const kept of [
      "a cache-key-0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d",
      "credentials: ~/.aws/credentials2",
      "Set-Cookie: theme=dark; Path=/",
      "Cookie: we baked 16 of them=each",
      "pat answers. pulled pork, pplx-online-model-7b, dp.pt. and sl.",
      "Passwort: mindestens zwölf Zeichen",
      'the field "auth": "none" and "auth": "oauth2"',
      "https://a.example/?sig=short&design=0a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0a",
      "we renamed secretKey to signingKey2, and the token to access_token_2",
      of("cio", "abcdefgh".repeat(4)),
      "kilowatt: 12345678, pwm: 12345678, http: 12345678",
    ]
  ) assert.equal(text(kept), kept);
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
      "sk-learn-pipeline-with-custom-transformers",
      "see commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "id 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
      "max_tokens=100000 and token budget: 1500 tokens",
      "pwd: /home/me/proj2",
      "const token = process.env.GITHUB_TOKEN;",
      "password: ${DB_PASSWORD1}",
      "password: string;",
      "connect(user=user, password=password)",
      "The password is SHA256-hashed",
      "password = os.environ['DB_PASSWORD']",
      "https://localhost:8080/@scope/pkg",
      "The token is short-lived (15 min)",
      "API key rotation happened 2026-03-14",
      "foreign_key=user_id_123 primary key: 12345678",
      "tokenizer: bert-base-v2-uncased",
      "TOKEN_LIMIT=4096",
      "password policy: 12 chars",
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
    const piece of [
      "password=",
      "-----BEGIN PRIVATE KEY-----",
      "eyJaaaaaaaa.",
      "<private>",
      "a://b:",
      "sk-",
      "-eyJaaaaa",
      "</private>",
      "a://b:c@",
      "login a password ",
      "curl ",
      '"',
      "password to ",
    ]
  ) {
    const once = text(piece.repeat(Math.ceil(200_000 / piece.length)));
    assert.equal(text(once), once);
  }
});

Deno.test("redactJson() looks at members by name and value", () => {
  const given = {
    password: "correcthorse",
    dbPassword: 12345678,
    apiKey: "abc123",
    token: "hello",
    note: "<private>x</private>",
    list: ["plain", 1, null],
    ok: "fine",
  };
  const found = new Map<string, number>();
  assert.deepEqual(redactJson(given, found), {
    password: "[redacted: password]",
    dbPassword: "[redacted: password]",
    apiKey: "[redacted: password]",
    token: "hello",
    note: "[redacted: private]",
    list: ["plain", 1, null],
    ok: "fine",
  });
  assert.deepEqual([...found].sort(), [["password", 3], ["private", 1]]);
});

Deno.test("redactJson() keeps two members whose names differ in their secrets only", () => {
  const names = ["a", "b"].map((letter) => of("ghp_", letter, "1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"));
  assert.deepEqual(redactJson(Object.fromEntries(names.map((name, at) => [name, at])), new Map()), {
    "[redacted: GitHub token]": 0,
    "[redacted: GitHub token] 2": 1,
  });
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
