/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

const SECRET_NAME =
  /pass(word|wd|phrase|key|code|$|[-_])|secret|token|api[-_]?key|private[-_]?key|certificate[-_]?key|credential|ratchet|cookie|authorization|^seed$/i;
// Names, places and fingerprints of secrets are not secret, and a support bundle needs them.
const HARMLESS_NAME = /public|(file|path|dir|id|name|fingerprint|count|mode)$/i;

/** Whether a field, an option or a variable of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}

// Every repetition is bounded: what is cleaned may be hostile, and must not cost quadratic time.
const PATTERNS: ReadonlyArray<readonly [RegExp, string]> = [
  // user:password@ of any URL; a password may hold a slash that nobody escaped
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s?#@"'<>]{1,1024}@/gi, `$1${REDACTED}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  // join tokens, and the records that the agent keeps its keys in
  [/\b(stoa1_)[\w-]{16,2048}/g, `$1${REDACTED}`],
  [/\b(stoa-(?:identity|session|enrolment|candidate)-\d{1,3}) [\w-]{16,8192}/g, `$1 ${REDACTED}`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`],
];

// name=value and name: value inside free text, the value quoted or not.
const PAIR =
  /(?<![\w.-])([\w.-]{1,80})(["']?\s{0,4}[=:]\s{0,4})("[^"]{0,4096}"|'[^']{0,4096}'|[^\s"',;&}]{1,4096})/g;

/** Free text without credentials of URLs, private keys, and the values of options with a secret's name. */
export function redactText(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean.replace(PAIR, (whole, name: string, middle: string, value: string) =>
    isSecretName(name) && !value.startsWith(REDACTED) && !/^(Bearer|Basic)$/i.test(value)
      ? `${name}${middle}${REDACTED}`
      : whole,
  );
}

/** Arguments of a process: `--option=value` and `--option value` alike. */
export function redactArgv(argv: readonly string[]): string[] {
  return argv.map((argument, index) => {
    const previous = argv[index - 1];
    const named = previous !== undefined && /^-[^=]*$/.test(previous) && !argument.startsWith('--');
    return named && isSecretName(previous.replace(/^-+/, '')) ? REDACTED : redactText(argument);
  });
}

/** A copy of JSON-like data: values under a secret's name are replaced, every other string is cleaned. */
export function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redactValue);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const secret = isSecretName(name) && inner !== null && inner !== undefined && inner !== '';
      return [name, secret ? REDACTED : redactValue(inner)];
    }),
  );
}
