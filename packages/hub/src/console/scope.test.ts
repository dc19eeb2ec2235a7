import { describe, expect, it } from 'vitest';
import { href, scopeBase, scopedPath, scopeOf, withBase, withoutScope } from './scope.ts';

describe('the scope in addresses', () => {
  it.each([
    ['/nodes', '/nodes', undefined],
    ['/o/ann@x.example/nodes?q=1', '/nodes', 'ann@x.example'],
    ['/o/ann%2Bhub@x.example', '/', 'ann+hub@x.example'],
    ['/o/a%2Fb@x.example/fleet', '/fleet', 'a/b@x.example'],
    ['/o/', '/o/', undefined],
    ['/o', '/o', undefined],
    ['/o/%E0%A4%A/nodes', '/nodes', '%E0%A4%A'],
    ['/o/a@x/o/b@x/nodes', '/o/b@x/nodes', 'a@x'],
    ['/other/ann@x.example', '/other/ann@x.example', undefined],
  ])('%s', (address, path, scope) => {
    const url = `https://hub.example${address}`;
    expect([scopedPath(new Request(url)), scopeOf(url)]).toEqual([path, scope]);
  });

  it('survives any e-mail', () => {
    for (const email of ['ann@x.example', 'a/b?c#d%41@x.example', 'ü@x.example'])
      expect(scopeOf(`https://hub.example${scopeBase(email)}/nodes`)).toBe(email);
    expect(scopeBase('ann@x.example')).toBe('/o/ann@x.example');
  });

  it('stands in links within a request, whatever else runs beside it', async () => {
    const links = await Promise.all(
      ['/o/a', '/o/b'].map((base) => withBase(base, () => Promise.resolve().then(() => href('/nodes')))),
    );
    expect([...links, href('/nodes')]).toEqual(['/o/a/nodes', '/o/b/nodes', '/nodes']);
    expect(withoutScope('/o/a/nodes')).toBe('/nodes');
  });
});
