import { expect, it } from 'vitest';
import { toldParams } from './told-params.ts';

it('tells what a job was given, and no permission that a URL carries', () => {
  const told = (to: string) => toldParams(JSON.stringify({ keep: 3, to }));
  expect(told('disk')).toBe('{"keep":3,"to":"disk"}');
  expect(told('https://mine.example/a.tar')).toBe('{"keep":3,"to":"https://mine.example/a.tar"}');
  for (const secret of [
    'https://s3.example/b/n?X-Amz=s1',
    'https://u:s1@s3.example/b/n',
    'https://s3.example/b/n#s1',
  ])
    expect(told(secret)).toBe('{"keep":3,"to":"https://s3.example/b/n?…"}');
  expect(told('https://[s1')).toBe('{"keep":3,"to":"https://…"}');
});
