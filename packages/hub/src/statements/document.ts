import { readSigned, type SignedStatement, type Statement } from './statement.ts';

const OPEN = '<script type="application/json" id="signed-statement">';
const CLOSE = '</script>';

const RULES: Readonly<Record<string, string>> = {
  accrual: 'Minutes that passed every gate',
  pending: 'Minutes in warm-up',
  fee: 'Tunnel fees from others',
  'pending-fee': 'Tunnel fees in warm-up',
  matured: 'Warm-up over: Pending to Current',
  donation: 'Seeds given',
  mining: 'Blocks mined',
  adjustment: 'Adjustments',
  reserved: 'Set aside for the mint: Current to Minting',
  settled: 'Minted: Minting to Redeemed',
  released: 'Not minted after all: Minting to Current',
};

/**
 * A statement as a page that needs nothing else: it follows from the signed text alone, to the byte, so that who verifies the one
 * makes the other again and sees whether a figure was changed.
 */
export function documentOf(signed: SignedStatement, statement: Statement): string {
  const { year, person, region, hub, madeAt, mode, ledger, days, totals } = statement;
  const stamp = mode === 'TEST' ? '<p><strong>TEST</strong> without value on chain</p>' : '';
  const empty = days.length === 0 ? '<p>The ledger wrote nothing for this person in this year.</p>' : '';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Stoicism ${year}</title>
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8886}
td.n{text-align:right;font-variant-numeric:tabular-nums}code{overflow-wrap:anywhere}div{overflow-x:auto}</style></head><body>
<h1>Stoicism points of ${year}</h1>${stamp}
<p>Of ${escaped(person)}, by the ledger of region ${escaped(region)}; made ${madeAt} by ${escaped(hub)}.</p>
<p>The ledger ended with event ${ledger.sequence}, hash <code>${ledger.hash}</code>. Days are UTC, those on which the ledger wrote.</p>
${empty}<h2>The year</h2><div><table><thead><tr><th>Rule</th><th>Points</th></tr></thead><tbody>
${Object.entries(totals)
  .map(([rule, sum]) => `<tr><th scope="row">${nameOf(rule)}</th><td class="n">${sum}</td></tr>`)
  .join('\n')}
</tbody></table></div>
<h2>Day by day</h2><div><table><thead><tr><th>Day</th><th>Events</th><th>Rule</th><th>Points</th></tr></thead><tbody>
${days.map(rowsOf).join('\n')}
</tbody></table></div>
<p>To check it: <code>stoa-hub ledger verify-statement FILE</code>, which needs no hub.</p>
${OPEN}${JSON.stringify(signed).replaceAll('<', '\\u003c')}${CLOSE}
</body></html>
`;
}

function rowsOf({ day, events, rules }: Statement['days'][number]): string {
  return Object.entries(rules)
    .map(
      ([rule, sum], i) =>
        `<tr><th scope="row">${i === 0 ? day : ''}</th><td class="n">${i === 0 ? events : ''}</td><td>${nameOf(rule)}</td><td class="n">${sum}</td></tr>`,
    )
    .join('\n');
}

/** The signed text within a page or a file of its own. */
export function readDocument(text: string): ReturnType<typeof readSigned> {
  const from = text.indexOf(OPEN);
  if (from < 0) return readSigned(text);
  const until = text.indexOf(CLOSE, from);
  return readSigned(text.slice(from + OPEN.length, until < 0 ? undefined : until));
}

export function isDocument(text: string): boolean {
  return text.includes(OPEN);
}

function nameOf(rule: string): string {
  return escaped(RULES[rule] ?? rule);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
