import { ProtocolError } from '../errors.ts';

/** Bytes of a job's parameters as canonical text. */
export const MAX_PARAMS_BYTES = 1_024;

interface Common {
  /** For forms, help and the API. */
  readonly doc: string;
}

/** One parameter of a kind of job, as data: validation, forms, help and the API come from this row. */
export type Parameter = Common &
  (
    | {
        readonly type: 'text';
        /** Of the whole value, anchored by the check. */
        readonly pattern: RegExp;
        /** Characters, all printable ASCII: what ends in an argument vector holds no control character. */
        readonly max: number;
        readonly default?: string;
        /** Not empty only together with that other one. */
        readonly needs?: string;
        /** Exactly one of both is not empty. */
        readonly or?: string;
      }
    | { readonly type: 'choice'; readonly options: readonly string[]; readonly default?: string }
    | { readonly type: 'number'; readonly min: number; readonly max: number; readonly default?: number }
    | { readonly type: 'flag'; readonly default: boolean }
  );

export type Parameters = Readonly<Record<string, Parameter>>;
export type ParamValue = string | number | boolean;
export type ParamValues = Readonly<Record<string, ParamValue>>;

/**
 * Fills in defaults and writes the one text that stands for these values: JSON, names in order. What an order signs is
 * the hash of this text, so it is never written anew from its values.
 * @throws ProtocolError `bad_params`.
 */
export function formatParams(parameters: Parameters, given: ParamValues): string {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(parameters, name))
      throw new ProtocolError(
        'bad_params',
        `there is no parameter '${name}'; ${namesOf(parameters)} are expected`,
      );
  const values = Object.keys(parameters)
    .sort()
    .map((name): [string, ParamValue] => [name, check(name, parameters[name]!, given[name])]);
  const whole = Object.fromEntries(values);
  checkTogether(parameters, whole);
  const text = JSON.stringify(whole);
  if (new TextEncoder().encode(text).length > MAX_PARAMS_BYTES)
    throw new ProtocolError('bad_params', `the parameters are longer than ${MAX_PARAMS_BYTES} bytes`);
  return text;
}

/** @throws ProtocolError `bad_params` for values that don't fit, and for any text but the canonical one. */
export function parseParams(parameters: Parameters, text: string): ParamValues {
  const values = asObject(text);
  if (formatParams(parameters, values) !== text)
    throw new ProtocolError('bad_params', 'the parameters are not in their canonical form');
  return values;
}

/** From texts, as a form, a command line or a query has them. @throws ProtocolError `bad_params`. */
export function readParams(parameters: Parameters, given: Readonly<Record<string, string>>): ParamValues {
  const read = Object.entries(given).map(([name, text]): [string, ParamValue] => {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    return [name, parameter === undefined ? text : fromText(name, parameter, text)];
  });
  const values = Object.fromEntries(read);
  formatParams(parameters, values);
  return values;
}

function fromText(name: string, parameter: Parameter, text: string): ParamValue {
  if (parameter.type === 'number' && /^-?\d+$/.test(text)) return Number(text);
  if (parameter.type !== 'flag') return text;
  if (/^(true|yes|on|1)$/.test(text)) return true;
  if (/^(false|no|off|0)$/.test(text)) return false;
  throw new ProtocolError('bad_params', `'${name}' is '${text}'; true or false is expected`);
}

function asObject(text: string): ParamValues {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError('bad_params', 'the parameters are no JSON', { cause });
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new ProtocolError('bad_params', 'the parameters are no JSON object');
  return values as ParamValues;
}

function check(name: string, parameter: Parameter, given: unknown): ParamValue {
  const value = given ?? parameter.default;
  if (value === undefined) throw new ProtocolError('bad_params', `'${name}' is missing: ${parameter.doc}`);
  const fault = faultOf(parameter, value);
  if (fault !== undefined)
    throw new ProtocolError('bad_params', `'${name}' is ${JSON.stringify(value)}; ${fault}`);
  return value as ParamValue;
}

function checkTogether(parameters: Parameters, values: ParamValues): void {
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter.type !== 'text') continue;
    const { needs, or } = parameter;
    if (needs !== undefined && values[name] !== '' && values[needs] === '')
      throw new ProtocolError('bad_params', `'${name}' is given without '${needs}'`);
    if (or !== undefined && (values[name] === '') === (values[or] === ''))
      throw new ProtocolError('bad_params', `exactly one of '${name}' and '${or}' is expected`);
  }
}

const PLAIN = /^[ -~]*$/;

function faultOf(parameter: Parameter, value: unknown): string | undefined {
  switch (parameter.type) {
    case 'flag':
      return typeof value === 'boolean' ? undefined : 'true or false is expected';
    case 'number':
      return Number.isSafeInteger(value) &&
        (value as number) >= parameter.min &&
        (value as number) <= parameter.max
        ? undefined
        : `a whole number from ${parameter.min} to ${parameter.max} is expected`;
    case 'choice':
      return typeof value === 'string' && parameter.options.includes(value)
        ? undefined
        : `one of ${parameter.options.join(', ')} is expected`;
    case 'text':
      return typeof value === 'string' &&
        value.length <= parameter.max &&
        PLAIN.test(value) &&
        matches(parameter.pattern, value)
        ? undefined
        : `at most ${parameter.max} characters that match ${parameter.pattern.source} are expected`;
    default:
      return parameter satisfies never;
  }
}

function matches(pattern: RegExp, value: string): boolean {
  return pattern.exec(value)?.[0] === value;
}

function namesOf(parameters: Parameters): string {
  return Object.keys(parameters).sort().join(', ') || 'none';
}
