import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embed, Markup, markup } from './markup.ts';

describe('markup', () => {
  it('escapes text, keeps markup, drops what is absent', () => {
    const bold = markup`<b>${'a < b & "c"'}</b>`;
    expect(markup`<p title="${"it's"}">${bold}${false}${undefined}${7}${[bold, bold]}</p>`.text).toBe(
      '<p title="it&#39;s"><b>a &lt; b &amp; &quot;c&quot;</b>7<b>a &lt; b &amp; &quot;c&quot;</b><b>a &lt; b &amp; &quot;c&quot;</b></p>',
    );
  });

  it('lets no text become markup or end an attribute', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(/[<>"']/.test(markup`${text}`.text)).toBe(false);
      }),
    );
  });

  it('embeds in JSX without being escaped again', () => {
    expect(String(embed([new Markup('<i>'), new Markup('&amp;')]))).toBe('<i>&amp;');
  });
});
