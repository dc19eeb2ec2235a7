import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BootstrapError } from './error.ts';
import { parseHostList } from './host-list.ts';

describe('a list of hosts', () => {
  it('takes a head line, empty cells and quotes', () => {
    expect(
      parseHostList(
        'host,port,user,password,label\r\n10.0.0.1,,root,"a,""b""",rack 1\n\nnode.example,2222,op\n',
      ),
    ).toEqual([
      { host: '10.0.0.1', port: 22, user: 'root', password: 'a,"b"', label: 'rack 1' },
      { host: 'node.example', port: 2222, user: 'op', password: '', label: '' },
    ]);
  });

  it('reads back what was written, whatever is in a cell', () => {
    const cell = fc.string({ maxLength: 20 }).filter((text) => !/[\r\n]/.test(text));
    const line = fc.record({
      host: fc.stringMatching(/^[a-z0-9.-]{1,20}$/),
      port: fc.integer({ min: 1, max: 65_535 }),
      user: fc.stringMatching(/^[a-z_][a-z0-9_-]{0,10}$/),
      password: cell,
      label: cell,
    });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
        const text = lines.map(({ host, port, user, password, label }) =>
          [host, port, user, quoted(password), quoted(label)].join(','),
        );
        expect(parseHostList(['host,port,user', ...text].join('\n'))).toEqual(lines);
      }),
    );
  });

  it('names the line that is wrong, and nothing that stands in it', () => {
    for (const text of [
      '',
      'host,port,user,password,label\n',
      'a b,22,root,hunter2',
      'h,99999,root,hunter2',
      'h,22,Root!,hunter2',
      'h,22,root,"hunter2',
      'h,22,root,hunter2,x,y',
      'h,22,root,x\n'.repeat(501),
    ])
      expect(() => parseHostList(text)).toThrow(
        expect.objectContaining({
          code: 'bad_host_list',
          message: expect.not.stringContaining('hunter2'),
        }) as Error,
      );
  });

  it('refuses any other text by its own error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        try {
          expect(parseHostList(text).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(BootstrapError);
        }
      }),
    );
  });
});
