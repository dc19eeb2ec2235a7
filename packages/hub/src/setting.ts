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

export function port(env: string, fallback: number, doc: string): Setting<number> {
  return {
    env,
    doc,
    fallback: String(fallback),
    parse(value) {
      if (!value) return fallback;
      const number = Number(value);
      if (!Number.isInteger(number) || number < 0 || number > 65_535)
        throw new ConfigError(env, value, 'a port from 0 (any free one) to 65535');
      return number;
    },
  };
}

export function integer(
  env: string,
  fallback: number,
  range: { from: number; to: number; doc: string },
): Setting<number> {
  return {
    env,
    doc: range.doc,
    fallback: String(fallback),
    parse(value) {
      if (!value) return fallback;
      const number = Number(value);
      if (!Number.isInteger(number) || number < range.from || number > range.to)
        throw new ConfigError(env, value, `an integer from ${range.from} to ${range.to}`);
      return number;
    },
  };
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
  return {
    env,
    doc,
    fallback: shown,
    parse(value) {
      if (!value) return undefined;
      if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
        throw new ConfigError(env, value, 'a URL like https://hub.example');
      return new URL(value);
    },
  };
}

export function place(env: string, shown: string): Setting<Place | undefined> {
  return {
    env,
    doc: 'Where the public map draws this region: latitude,longitude in degrees.',
    fallback: shown,
    parse(value) {
      if (!value) return undefined;
      const parsed = parsePlace(value);
      if (parsed === undefined) throw new ConfigError(env, value, 'degrees north and east, like 48.2,16.4');
      return parsed;
    },
  };
}

export function pactCall(env: string, shown: string, doc: string): Setting<PactCall | undefined> {
  return {
    env,
    doc,
    fallback: shown,
    parse(value) {
      if (!value) return undefined;
      const parsed = parsePactCall(value);
      if (parsed === undefined)
        throw new ConfigError(env, value, 'a chain and a function, like 0:namespace.module.function,');
      return parsed;
    },
  };
}

/** A contract with its hash: `namespace.module@HASH`. */
export function contract(env: string, shown: string, doc: string): Setting<PinnedContract | undefined> {
  return {
    env,
    doc,
    fallback: shown,
    parse(value) {
      if (!value) return undefined;
      const [, namespace, module, moduleHash] = /^([\w-]+)\.([\w-]+)@([\w-]{43})$/.exec(value) ?? [];
      if (namespace === undefined || module === undefined || moduleHash === undefined)
        throw new ConfigError(env, value, 'namespace.module@HASH, as `stoa-hub mint contract` prints it,');
      return { namespace, module, moduleHash };
    },
  };
}

export interface PinnedContract {
  readonly namespace: string;
  readonly module: string;
  /** Base64url, 43 characters. */
  readonly moduleHash: string;
}

/** The public key of a `k:` account, hex. */
export function keyAccount(env: string, shown: string, doc: string): Setting<string | undefined> {
  return {
    env,
    doc,
    fallback: shown,
    parse(value) {
      if (!value) return undefined;
      if (!/^k:[0-9a-f]{64}$/.test(value)) throw new ConfigError(env, value, 'k: and 64 hex digits');
      return value.slice(2);
    },
  };
}

/** An address with a place for a transaction's request key, `{key}`, and one for its chain, `{chain}`. */
export function transactionUrl(env: string, doc: string): Setting<string | undefined> {
  return {
    env,
    doc,
    fallback: 'none: transactions are shown without a link',
    parse(value) {
      if (!value) return undefined;
      const url = URL.parse(value);
      if ((url?.protocol !== 'https:' && url?.protocol !== 'http:') || !value.includes('{key}'))
        throw new ConfigError(
          env,
          value,
          'an http(s) address with {key} in it, and {chain} where it takes one,',
        );
      return value;
    },
  };
}

/** The first choice is the default. */
export function choice<const T extends string>(
  env: string,
  choices: readonly [T, ...T[]],
  doc: string,
): Setting<T> {
  return {
    env,
    doc,
    fallback: choices[0],
    parse(value) {
      const chosen = choices.find((each) => each === (value || choices[0]));
      if (chosen === undefined) throw new ConfigError(env, value ?? '', choices.join(' or '));
      return chosen;
    },
  };
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

/** Its value may hold a password: it is not told. */
function secretUrl(
  env: string,
  shown: string,
  by: { doc: string; schemes: RegExp; like: string },
): Setting<string | undefined> {
  return {
    env,
    doc: by.doc,
    fallback: shown,
    parse(value) {
      if (!value) return undefined;
      if (!URL.canParse(value) || !by.schemes.test(new URL(value).protocol))
        throw new ConfigError(env, '…', `a URL like ${by.like}`);
      return value;
    },
  };
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
