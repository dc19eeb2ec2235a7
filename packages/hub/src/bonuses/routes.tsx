import type { MiddlewareHandler } from 'hono';
import type { MiningStore } from '#mining/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpEnv, HttpFeature, HubApp } from '../http.ts';
import { viewerOf } from '../viewer.ts';
import type { DonationStore } from './donation-store.ts';
import type { MiningBonusStore } from './mining-bonus-store.ts';
import { BonusPage } from './page.tsx';

export interface BonusRoutesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly donations: DonationStore;
  readonly keys: MiningBonusStore;
  readonly mined: Pick<MiningStore, 'standing'>;
  readonly clock: Pick<Clock, 'now'>;
}

const DONATIONS = 100;
const KEYS = 20;

/** `/earnings/bonuses`: what a person's seeds and keys brought, or why not. */
export function bonusRoutes({ guard, donations, keys, mined, clock }: BonusRoutesDeps): HttpFeature {
  return {
    mount(app: HubApp) {
      app.use('/earnings/bonuses', guard);
      app.get('/earnings/bonuses', async (c) => {
        const { email } = viewerOf(c);
        const [given, held] = await Promise.all([donations.ofOwner(email, DONATIONS), keys.keysOf(email)]);
        const ids = given.flatMap(({ donor, receiver }) => [donor ?? [], receiver].flat());
        const now = clock.now();
        const [labels, counted] = await Promise.all([
          donations.labels(email, [...new Set(ids)]),
          Promise.all(
            held
              .slice(0, KEYS)
              .map(async (one) => ({ ...one, blocks: (await mined.standing(one.key, now)).blocks })),
          ),
        ]);
        const view = { email, donations: given, keys: counted, labels };
        return c.render(<BonusPage view={view} />, { title: 'Bonuses', nav: 'earnings' });
      });
    },
  };
}
