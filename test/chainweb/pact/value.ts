/** A decimal of at most twelve places, which are the coin's and every gas price's. */
export class Decimal {
  static readonly PLACES = 12;
  static readonly zero: Decimal = new Decimal(0n);
  /** In 10^-12. */
  readonly units: bigint;

  constructor(units: bigint) {
    this.units = units;
  }

  /** @returns undefined for what is no decimal, or has more places */
  static parse(text: string): Decimal | undefined {
    const [, sign, whole = '', part = '', exponent = '0'] =
      /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text) ?? [];
    if (sign === undefined) return undefined;
    const shift = Decimal.PLACES - part.length + Number(exponent);
    const digits = BigInt(whole + part);
    const divisor = 10n ** BigInt(Math.max(0, -shift));
    if (digits % divisor !== 0n) return undefined;
    const units = (digits / divisor) * 10n ** BigInt(Math.max(0, shift));
    return new Decimal(sign === '-' ? -units : units);
  }

  static of(value: string | number): Decimal {
    const found = Decimal.parse(String(value));
    if (found === undefined)
      throw new RangeError(`${value} is no decimal of at most ${Decimal.PLACES} places`);
    return found;
  }

  plus(other: Decimal): Decimal {
    return new Decimal(this.units + other.units);
  }

  minus(other: Decimal): Decimal {
    return new Decimal(this.units - other.units);
  }

  times(count: number): Decimal {
    return new Decimal(this.units * BigInt(count));
  }

  toString(): string {
    const digits = (this.units < 0n ? -this.units : this.units).toString().padStart(Decimal.PLACES + 1, '0');
    const places = digits.slice(-Decimal.PLACES).replace(/0+$/, '') || '0';
    return `${this.units < 0n ? '-' : ''}${digits.slice(0, -Decimal.PLACES)}.${places}`;
  }

  /** As nodes write one: a JSON number while its digits fit a double, else an object. */
  toJSON(): number | { readonly decimal: string } {
    const text = this.toString();
    const mantissa = Number(text.replace(/\.0$|\./, ''));
    return Number.isSafeInteger(mantissa) ? Number(text) : { decimal: text };
  }
}

/** A Pact integer is a JavaScript one: nothing that is simulated goes beyond 2^53. */
export type PactValue =
  | string
  | number
  | boolean
  | Decimal
  | readonly PactValue[]
  | { readonly [name: string]: PactValue };

export type Row = Readonly<Record<string, PactValue>>;

/** JSON that a client sends: its bare numbers are decimals to Pact. @returns undefined for what is no value */
export function valueOfJson(json: unknown): PactValue | undefined {
  if (typeof json === 'string' || typeof json === 'boolean') return json;
  if (typeof json === 'number') return Decimal.parse(String(json));
  if (typeof json !== 'object' || json === null) return undefined;
  if (Array.isArray(json)) return allOf(json.map(valueOfJson));
  const { int, decimal } = json as { int?: unknown; decimal?: unknown };
  if (typeof decimal === 'string') return Decimal.parse(decimal);
  if (typeof int === 'string' || typeof int === 'number') return integer(Number(int));
  const fields = Object.entries(json);
  const values = allOf(fields.map(([, each]) => valueOfJson(each)));
  return values && Object.fromEntries(fields.map(([name], i) => [name, values[i]!]));
}

export function sameValue(a: PactValue | undefined, b: PactValue | undefined): boolean {
  return a instanceof Decimal || b instanceof Decimal
    ? a instanceof Decimal && b instanceof Decimal && a.units === b.units
    : JSON.stringify(a) === JSON.stringify(b);
}

function allOf(values: readonly (PactValue | undefined)[]): PactValue[] | undefined {
  const known = values.filter((each) => each !== undefined);
  return known.length === values.length ? known : undefined;
}

function integer(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}
