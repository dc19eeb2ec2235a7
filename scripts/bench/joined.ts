import type { Bench } from './result.ts';

/** The first bench, which passes where the others do too; what they measured stands in its detail. */
export function joined(first: Bench, others: Readonly<Record<string, Bench>>): Bench {
  return async (options) => {
    const main = await first(options);
    const more: Record<string, unknown> = {};
    let { pass } = main;
    for (const [name, bench] of Object.entries(others)) {
      const { value, unit, target, pass: met, detail } = await bench(options);
      more[name] = { value, unit, target, pass: met, ...detail };
      pass &&= met;
    }
    return { ...main, pass, detail: { ...main.detail, ...more } };
  };
}
