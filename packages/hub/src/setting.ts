import { DATA_DIRECTORY_RULE, defaultDataDirectory } from './data-directory.ts';
import { HubError } from './error.ts';
import { type PactCall, parsePactCall } from './pact-call.ts';
import { type Place, parsePlace } from './place.ts';

/** What a setting may be, one function a kind. */
export interface Setting<T> {
  readonly env: string;
  readonly doc: string;
  /** As shown in `--help`. */
  readonly fallback: string;
  /** @throws ConfigError for a value that cannot be used. */
  parse(text: string | undefined): T;
}

export class ConfigError extends HubError<'bad_config'> {
  override readonly name = 'ConfigError';
  constructor(setting: string, value: string, expected: string, options: { cause?: unknown } = {}) {
    super('bad_config', `${setting}='${value}' cannot be used: ${expected} expected`, {
      retry: false,
      ...options,
    });
  }
}

export function text(env: string, fallback: string, doc: string): Setting<string> {
  return { env, doc, fallback, parse: (value) => value || fallback };
}

export function optionalText(env: string, shown: string, doc: string): Setting<string | undefined> {
  return { env, doc, fallback: shown, parse: (value) => value || undefined };
}

export function dataDirectory(env: string, doc: string): Setting<string> {
  return { env, doc, fallback: DATA_DIRECTORY_RULE, parse: (value) => value || defaultDataDirectory() };
}

/** What a value has to be. */
interface Form<T> {
  /** As shown in `--help` for what an unset one means. */
  readonly shown: string;
  readonly doc: string;
  readonly expected: string;
  /** Its value may hold a password: an error does not tell it. */
  readonly secret?: true;
  /** @returns undefined for what is not as expected. */
  read(value: string): T | undefined;
}

/** @param unset what it is where it is not set, or empty. */
function parsed<T, U>(env: string, unset: U, form: Form<T>): Setting<T | U> {
  const { shown: fallback, doc, expected, secret, read } = form;
  return {
    env,
    doc,
    fallback,
    parse(value) {
      if (!value) return unset;
      const found = read(value);
      if (found === undefined) throw new ConfigError(env, secret ? '…' : value, expected);
      return found;
    },
  };
}

export function port(env: string, fallback: number, doc: string): Setting<number> {
  return parsed(env, fallback, {
    ...{ shown: String(fallback), doc, expected: 'a port from 0 (any free one) to 65535' },
    read: (value) => integerWithin(value, { from: 0, to: 65_535 }),
  });
}

export function integer(
  env: string,
  fallback: number,
  range: { from: number; to: number; doc: string },
): Setting<number> {
  const { from, to, doc } = range;
  return parsed(env, fallback, {
    ...{ shown: String(fallback), doc, expected: `an integer from ${from} to ${to}` },
    read: (value) => integerWithin(value, range),
  });
}

function integerWithin(value: string, { from, to }: { from: number; to: number }): number | undefined {
  const number = Number(value);
  return Number.isInteger(number) && number >= from && number <= to ? number : undefined;
}

/** A list, parts between commas. @param use turns it into what is needed; its error says what is wrong. */
export function list<T>(
  env: string,
  shown: string,
  by: { doc: string; expected: string; use: (parts: readonly string[]) => T },
): Setting<T> {
  return {
    env,
    doc: by.doc,
    fallback: shown,
    parse(value) {
      const parts = (value ?? '').split(',').map((part) => part.trim());
      try {
        return by.use(parts.filter((part) => part !== ''));
      } catch (cause) {
        throw new ConfigError(env, value ?? '', `${by.expected}, commas between,`, { cause });
      }
    },
  };
}

export function origin(env: string, shown: string, doc: string): Setting<URL | undefined> {
  return parsed(env, undefined, {
    ...{ shown, doc, expected: 'a URL like https://hub.example' },
    read: (value) => urlOf(value, WEB),
  });
}

const WEB = /^https?:$/;

function urlOf(value: string, schemes: RegExp): URL | undefined {
  const url = URL.parse(value);
  return url !== null && schemes.test(url.protocol) ? url : undefined;
}

export function place(env: string, shown: string): Setting<Place | undefined> {
  return parsed(env, undefined, {
    shown,
    doc: 'Where the public map draws this region: latitude,longitude in degrees.',
    expected: 'degrees north and east, like 48.2,16.4',
    read: parsePlace,
  });
}

export function pactCall(env: string, shown: string, doc: string): Setting<PactCall | undefined> {
  const expected = 'a chain and a function, like 0:namespace.module.function,';
  return parsed(env, undefined, { shown, doc, expected, read: parsePactCall });
}

/** A contract with its hash: `namespace.module@HASH`. */
export function contract(env: string, shown: string, doc: string): Setting<PinnedContract | undefined> {
  const expected = 'namespace.module@HASH, as `stoa-hub mint contract` prints it,';
  return parsed(env, undefined, { shown, doc, expected, read: parsePinned });
}

export interface PinnedContract {
  readonly namespace: string;
  readonly module: string;
  /** Base64url, 43 characters. */
  readonly moduleHash: string;
}

function parsePinned(value: string): PinnedContract | undefined {
  const [, namespace, module, moduleHash] = /^([\w-]+)\.([\w-]+)@([\w-]{43})$/.exec(value) ?? [];
  if (namespace === undefined || module === undefined || moduleHash === undefined) return undefined;
  return { namespace, module, moduleHash };
}

/** `a:5432,b,[::1]:5433`. */
export function hosts(env: string, doc: string): Setting<string | undefined> {
  const host = /^(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i;
  return parsed(env, undefined, {
    ...{ shown: 'none', doc, expected: 'hosts like db-2,db-3:5433' },
    read: (value) => (value.split(',').every((one) => host.test(one)) ? value : undefined),
  });
}

/** The public key of a `k:` account, hex. */
export function keyAccount(env: string, shown: string, doc: string): Setting<string | undefined> {
  return parsed(env, undefined, {
    ...{ shown, doc, expected: 'k: and 64 hex digits' },
    read: (value) => /^k:([0-9a-f]{64})$/.exec(value)?.[1],
  });
}

/** An address with a place for a transaction's request key, `{key}`, and one for its chain, `{chain}`. */
export function transactionUrl(env: string, doc: string): Setting<string | undefined> {
  return parsed(env, undefined, {
    ...{ shown: 'none: transactions are shown without a link', doc },
    expected: 'an http(s) address with {key} in it, and {chain} where it takes one,',
    read: (value) => (urlOf(value, WEB) && value.includes('{key}') ? value : undefined),
  });
}

/** The first choice is the default. */
export function choice<const T extends string>(
  env: string,
  choices: readonly [T, ...T[]],
  doc: string,
): Setting<T> {
  const [first] = choices;
  return parsed(env, first, {
    ...{ shown: first, doc, expected: choices.join(' or ') },
    read: (value) => choices.find((each) => each === value),
  });
}

export function email(env: string, fallback: string, doc: string): Setting<string> {
  return {
    env,
    doc,
    fallback,
    parse(value) {
      const address = (value || fallback).trim().toLowerCase();
      if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address))
        throw new ConfigError(env, address, 'an e-mail address, like name@example.org,');
      return address;
    },
  };
}

export function smtpUrl(env: string, shown: string, doc: string): Setting<string | undefined> {
  const schemes = /^smtps?:$/;
  return secretUrl(env, shown, { doc, schemes, like: 'smtp://user:password@mail.example:587' });
}

export function redisUrl(env: string, shown: string, doc: string): Setting<string | undefined> {
  const schemes = /^rediss?:$/;
  return secretUrl(env, shown, { doc, schemes, like: 'redis://:password@redis.example:6379' });
}

function secretUrl(
  env: string,
  shown: string,
  { doc, schemes, like }: { doc: string; schemes: RegExp; like: string },
): Setting<string | undefined> {
  return parsed(env, undefined, {
    ...{ shown, doc, expected: `a URL like ${like}`, secret: true },
    read: (value) => urlOf(value, schemes) && value,
  });
}

export function publicOrigin(env: string, shown: string, doc: string): Setting<URL | undefined> {
  const setting = origin(env, shown, doc);
  return {
    ...setting,
    parse(value) {
      const url = setting.parse(value);
      if (url !== undefined && url.href !== `${url.origin}/`)
        throw new ConfigError(env, value ?? '', 'scheme, name and port alone, like https://hub.example,');
      return url;
    },
  };
}
