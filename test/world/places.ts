import type { Dice } from './random.ts';

/** Who and where a simulated node is. */
export interface Place {
  /** Town and number: `oslo-17`. */
  readonly label: string;
  readonly owner: string;
  /** In a /24 that few others share. */
  readonly address: string;
  readonly tags: readonly string[];
  readonly version: string;
  /** One way to the hub. */
  readonly latencyMs: number;
}

interface Town {
  readonly name: string;
  readonly area: 'eu' | 'na' | 'apac' | 'latam' | 'af';
  /** One way to the hub, ms. */
  readonly latencyMs: number;
}

export const TOWNS: readonly Town[] = [
  { name: 'oslo', area: 'eu', latencyMs: 12 },
  { name: 'bergen', area: 'eu', latencyMs: 14 },
  { name: 'porto', area: 'eu', latencyMs: 22 },
  { name: 'athens', area: 'eu', latencyMs: 28 },
  { name: 'gdansk', area: 'eu', latencyMs: 11 },
  { name: 'lyon', area: 'eu', latencyMs: 9 },
  { name: 'cluj', area: 'eu', latencyMs: 19 },
  { name: 'boston', area: 'na', latencyMs: 46 },
  { name: 'denver', area: 'na', latencyMs: 62 },
  { name: 'toronto', area: 'na', latencyMs: 50 },
  { name: 'osaka', area: 'apac', latencyMs: 118 },
  { name: 'perth', area: 'apac', latencyMs: 131 },
  { name: 'taipei', area: 'apac', latencyMs: 109 },
  { name: 'recife', area: 'latam', latencyMs: 92 },
  { name: 'quito', area: 'latam', latencyMs: 88 },
  { name: 'accra', area: 'af', latencyMs: 57 },
  { name: 'nairobi', area: 'af', latencyMs: 74 },
];

export const PEOPLE = [
  'ada',
  'bo',
  'chidi',
  'dora',
  'emeka',
  'freya',
  'goran',
  'hana',
  'ivo',
  'june',
  'kofi',
  'lena',
  'mio',
  'nils',
  'olga',
  'pia',
  'quinn',
  'rosa',
  'sven',
  'tala',
  'uma',
  'vera',
  'wen',
  'xena',
  'yara',
  'zeno',
] as const;

const VERSIONS = ['0.1.0', '0.1.0', '0.1.0', '0.1.0', '0.0.9', '0.0.8'] as const;

/** Nodes to an owner, about; at least a handful of owners even in a small world. */
const NODES_AN_OWNER = 8;
const LEAST_OWNERS = 5;

/** The n-th of a world of `count`: the same for the same dice, whatever the count of the others. */
export function placeOf(index: number, count: number, dice: Dice): Place {
  const own = dice.fork(`place ${index}`);
  const town = townOf(index);
  const owners = Math.max(LEAST_OWNERS, Math.floor(count / NODES_AN_OWNER));
  const tags = [town.area, own.pick(['home', 'home', 'rack', 'cloud'])];
  if (own.chance(0.12)) tags.push('canary');
  return {
    label: `${town.name}-${1 + Math.floor(index / TOWNS.length)}`,
    owner: ownerOf(own.integer(0, owners)),
    address: addressOf(index),
    tags,
    version: own.pick(VERSIONS),
    latencyMs: town.latencyMs,
  };
}

export function townOf(index: number): Town {
  const town = TOWNS[index % TOWNS.length];
  if (town === undefined) throw new RangeError(`no town for node ${index}`);
  return town;
}

/** E-mail of an owner; all of them under a name that can belong to nobody. */
export function ownerOf(number: number): string {
  const person = PEOPLE[number % PEOPLE.length];
  const round = Math.floor(number / PEOPLE.length);
  return `${person}${round === 0 ? '' : round + 1}@stoa.example`;
}

/** From 198.18.0.0/15, which is set aside for such use: three nodes to a /24, so that sites are many and not lone. */
function addressOf(index: number): string {
  const site = Math.floor(index / 3);
  return `198.${18 + (Math.floor(site / 256) % 2)}.${site % 256}.${10 + (index % 3) * 40 + (Math.floor(site / 512) % 40)}`;
}
