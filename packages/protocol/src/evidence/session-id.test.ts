import { expect, it } from 'vitest';
import { toHex } from '../bytes.ts';
import { nodeCrypto } from '../crypto/node.ts';
import { seededRandom } from '../fixtures/random.ts';
import { isOpenedBy, sessionIdOf } from './session-id.ts';

it('a session id is of the instance that opened it, and of no other that copies it', () => {
  const random = seededRandom('sessions');
  const ids = Array.from({ length: 50 }, () => sessionIdOf('a', random, nodeCrypto.hash));
  expect(new Set(ids.map(toHex)).size).toBe(50);
  for (const id of ids) {
    expect(id).toHaveLength(16);
    expect(['a', 'b', 'aa', ''].filter((name) => isOpenedBy(toHex(id), name, nodeCrypto.hash))).toEqual([
      'a',
    ]);
  }
  for (const junk of [toHex(random(16)), 'not hex', ''])
    expect(isOpenedBy(junk, 'a', nodeCrypto.hash)).toBe(false);
});
