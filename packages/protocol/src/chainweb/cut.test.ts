import { describe, expect, it } from 'vitest';
import { decodeCut } from './cut.ts';
import { CutFormatError } from './error.ts';
import { uint256Text } from './uint256.ts';

const hash = (byte: number): string => Buffer.alloc(32, byte).toString('base64url');

const cut = {
  origin: null,
  height: 41,
  weight: uint256Text(2n ** 200n + 1n),
  hashes: { '10': { height: 20, hash: hash(1) }, '2': { height: 21, hash: hash(2) } },
  id: 'BBz7Keur',
  instance: 'stoa',
};

describe('decodeCut', () => {
  it('reads what a node sends', () => {
    expect(decodeCut(JSON.stringify(cut))).toEqual({
      height: 41,
      weight: 2n ** 200n + 1n,
      instance: 'stoa',
      tips: [
        { chain: 2, height: 21, hash: hash(2) },
        { chain: 10, height: 20, hash: hash(1) },
      ],
    });
  });

  it.each([
    ['truncated JSON', JSON.stringify(cut).slice(0, -9)],
    ['an array', '[]'],
    ['a short weight', JSON.stringify({ ...cut, weight: 'AAAA' })],
    ['no instance', JSON.stringify({ ...cut, instance: 3 })],
    ['no hashes', JSON.stringify({ ...cut, hashes: null })],
    ['a chain that is none', JSON.stringify({ ...cut, hashes: { x: { height: 1, hash: hash(1) } } })],
    ['a hash that is none', JSON.stringify({ ...cut, hashes: { '0': { height: 1, hash: 'x' } } })],
    ['a negative height', JSON.stringify({ ...cut, hashes: { '0': { height: -1, hash: hash(1) } } })],
    ['a fraction of a height', JSON.stringify({ ...cut, height: 1.5 })],
  ])('refuses %s', (_what, json) => {
    expect(() => decodeCut(json)).toThrow(CutFormatError);
  });
});
