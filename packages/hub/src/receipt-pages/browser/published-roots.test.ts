import { toBase64Url } from '@stoa/protocol';
import { expect, it } from 'vitest';
import { publishedRoots } from './published-roots.ts';
import { comparison } from './report-view.ts';

const ROOT = Uint8Array.of(1, 2, 3);
const listed = JSON.stringify({ roots: [{ signed: toBase64Url(ROOT) }] });

it('takes no answer but a list for what a hub published', async () => {
  const answers: Readonly<Record<string, () => Response>> = {
    1: () => new Response(listed),
    2: () => new Response('{"roots":[]}'),
    3: () => new Response(listed, { status: 404 }),
    4: () => new Response('', { status: 503 }),
    5: () => new Response('{"roots":[]}', { status: 202 }),
    6: () => new Response('<html>'),
    7: () => new Response('{}'),
    8: () => new Response('{"roots":[{"signed":"="}]}'),
    9: () => {
      throw new TypeError('no network');
    },
  };
  const ask = async (path: string) => answers[/(\d+)\.json$/.exec(path)![1]!]!();
  const asked = await publishedRoots([1, 2, 3, 4, 5, 6, 7, 8, 9], ask);
  expect(asked.published).toEqual([ROOT]);
  expect([...asked.unanswered]).toEqual([3, 4, 5, 6, 7, 8, 9]);
  expect(comparison(asked, 9)).toBe(
    ' 7 of them were not compared with the roots that this hub published: it did not answer.',
  );
  expect(comparison({ unanswered: new Set() }, 9)).toBe('');
});

it('lets a fault of its own through', async () => {
  const ask = () => Promise.reject(new Error('of this program'));
  await expect(publishedRoots([1], ask)).rejects.toThrow('of this program');
});
