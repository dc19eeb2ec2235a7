import { Facts, Panel } from '../console/parts.tsx';
import { PATH } from './explorer-path.ts';
import type { PublishedSweep } from './published.ts';

/** How to check a mint without trusting this site: commands as they run on any Linux. */
export function Checks({ sweep, origin }: { sweep: PublishedSweep; origin: string }) {
  const first = sweep.chains.flatMap((one) => one.batches).find(({ bytes }) => bytes !== null);
  const files = `${origin}${PATH}/${sweep.day}/${first?.chain ?? 0}/${first?.part ?? 0}`;
  return (
    <Panel id="checks" title="What anybody can check">
      <ol class="checks">
        <li>
          <strong>The deltas are those that the chain took.</strong> The digest of a batch is SHA-256 of the
          literal in its code, in base64url without its last <code>=</code>; the contract stores it beside the
          registers.
          <pre tabindex={0}>
            <code>{`curl -s ${files}/deltas | openssl dgst -sha256 -binary | basenc --base64url`}</code>
          </pre>
        </li>
        <li>
          <strong>The transaction is that command.</strong> A request key is BLAKE2b-256 of the command, in
          base64url; any node answers for it under <code>/pact/api/v1/poll</code>.
          <pre tabindex={0}>
            <code>{`curl -s ${files}/cmd | b2sum -l 256 | xxd -r -p -l 32 | basenc --base64url`}</code>
          </pre>
        </li>
        <li>
          <strong>Nothing was added after the day was opened.</strong> The digest of a chain’s plan, which its
          opening put on chain, is SHA-256 of the JSON text of epoch, cutId, chain, slots, cap, bounds and
          batches, each batch as its sum and its digest; the plan’s hash is SHA-256 of epoch, cutId, points
          and chains, each chain as its number and its digest. All of it is in the{' '}
          <a href={`${PATH}/${sweep.day}.json`}>JSON</a> of this page.
        </li>
        <li>
          <strong>Your own points.</strong> Slot 50 × b + i is number i of bucket b of the deltas; your slot
          stands on your page of earnings.
        </li>
      </ol>
      <Facts
        facts={[
          { name: 'Plan', value: <code>{sweep.planHash}</code> },
          { name: 'Epoch', value: String(sweep.epoch) },
          { name: 'Cut', value: <code>{sweep.cutId}</code> },
        ]}
      />
    </Panel>
  );
}
