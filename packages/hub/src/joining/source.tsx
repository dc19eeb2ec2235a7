import type { Clock } from '../clock.ts';
import { type LiveSource, partial } from '../console/live.ts';
import { CHECKLIST_ID, ChecklistPanel } from './checklist-panel.tsx';
import type { ChecklistReader } from './checklist-reader.ts';
import type { TokenLedger } from './token-ledger.ts';

/** Checklists by token id. Read anew each tick, but only while somebody watches one: joining takes a minute. */
export function joinSource(by: {
  ledger: TokenLedger;
  reader: ChecklistReader;
  clock: Pick<Clock, 'now'>;
}): LiveSource {
  const { ledger, reader, clock } = by;
  return {
    name: 'join',
    admit: async (viewer, asked) => (await ledger.seen(viewer, asked)).map(({ tokenId }) => tokenId),
    async changes(watched) {
      const facts = await reader.read(await ledger.byIds([...watched]));
      return new Map(
        facts.map((one) => [
          one.token.tokenId,
          partial(CHECKLIST_ID, String(<ChecklistPanel facts={one} now={clock.now()} />)),
        ]),
      );
    },
  };
}
