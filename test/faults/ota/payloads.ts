/** Payloads that were rightly signed and do not work. */
import { rmSync, writeFileSync } from 'node:fs';
import type { OtaCase } from './case.ts';
import { type Behaviour, CaseFailure, type Running, type Site } from './site.ts';

async function update(site: Site, behaviour: Behaviour): Promise<string> {
  await site.stageAndSelect(site.payload('1.1.0'));
  await site.start();
  const release = site.payload('1.2.0', behaviour);
  await site.stageAndSelect(release);
  return release.id;
}

function requireFailure(
  { failures }: Running,
  by: { slot: string; reasons: readonly string[]; final: boolean },
): void {
  const told = failures.find(({ slot }) => slot === by.slot);
  const sound =
    told !== undefined &&
    by.reasons.includes(told.reason) &&
    told.final === by.final &&
    told.lines.includes('line of 1.2.0');
  if (!sound) throw new CaseFailure('dead', `the cause is not shown: ${JSON.stringify(told)}`);
}

const failing = (behaviour: Behaviour, ...reasons: string[]): OtaCase => ({
  name: `F15 F35 a payload that ${behaviour} gives way to the one before it, and the cause is shown`,
  quick: behaviour === 'throws',
  async run(site) {
    const slot = await update(site, behaviour);
    // Three starts, an older one that does better, and all of it once more.
    for (let time = 0; time < 8; time += 1) await site.start();
    requireFailure(await site.expectRuns(['1.1.0'], 1), { slot, reasons, final: true });
  },
});

export const PAYLOADS: readonly OtaCase[] = [
  failing('throws', 'crashed'),
  failing('aborts', 'crashed'),
  failing('exits', 'crashed'),
  failing('spins', 'spun'),
  // What collects garbage all the time does nothing else either: whichever end comes first.
  failing('leaks', 'crashed', 'spun'),
  {
    name: 'F15 F35 a payload that never reaches the hub gives way once an older one did twice, with the PID kept',
    async run(site) {
      const slot = await update(site, 'mute');
      site.silentMs = 1_500;
      // One process through all of it: silent, compared, silent, compared.
      await site.start();
      await site.start();
      requireFailure(await site.expectRuns(['1.1.0'], 1), { slot, reasons: ['silent'], final: true });
    },
  },
  {
    name: 'F12 a hub that goes after the commit rolls nothing back',
    async run(site) {
      await update(site, 'good');
      await site.start();
      writeFileSync(site.hubDown, '');
      for (let time = 0; time < 8; time += 1) {
        const { failures } = await site.expectRuns(['1.2.0'], 1);
        if (failures.length > 0) throw new CaseFailure('dead', 'a failure is told where there is none');
      }
    },
  },
  {
    name: 'F12 a hub that is away from the update on: the older one is tried, the newer returns, and commits in the end',
    async run(site) {
      await update(site, 'good');
      site.silentMs = 1_500;
      writeFileSync(site.hubDown, '');
      setTimeout(() => rmSync(site.hubDown, { force: true }), 5_000).unref();
      await site.start();
      await site.start();
      await site.expectRuns(['1.2.0'], 2);
    },
  },
  {
    name: 'F10 what was rolled back is not taken again, however often it is sent',
    async run(site) {
      const id = await update(site, 'exits');
      for (let time = 0; time < 8; time += 1) await site.start();
      await site.install('reject', [id, 'crashed']);
      for (let time = 0; time < 3; time += 1) {
        const replayed = await site.stage(site.payload('1.2.0', 'exits'));
        if (replayed !== 'install_rejected')
          throw new CaseFailure('wrong_accept', `a replay ends as ${replayed}`);
        const selected = await site.install('select', [id]);
        if (selected !== 'install_rejected')
          throw new CaseFailure('wrong_accept', `a replay ends as ${selected}`);
      }
      await site.expectRuns(['1.1.0'], 1);
    },
  },
  {
    name: 'F15 every payload fails, the factory’s as well: something is started for ever',
    async run(site) {
      await site.stageAndSelect(site.payload('1.1.0', 'exits'));
      await site.stageAndSelect(site.payload('1.2.0', 'exits'));
      for (let time = 0; time < 16; time += 1) await site.start();
      const { updateOnly } = await site.expectRuns(['0.9.0'], 14);
      if (!updateOnly)
        throw new CaseFailure('wrong_accept', 'the factory’s payload takes work though newer ones failed');
    },
  },
];
