import { createRoute, z } from '@hono/zod-openapi';
import { viewerWith } from '#api-keys/index.ts';
import type { NodeListing } from '#nodes/index.ts';
import type { Payout, PayoutDesk } from '#payouts/index.ts';
import { notFound } from '../http-error.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';
import { nodeIdParam } from './schemas.ts';

export interface PayoutApiDeps {
  readonly listing: NodeListing;
  readonly payouts: PayoutDesk;
}

const accountId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .openapi({ description: 'The same in every region.' });
const accountSchema = z
  .strictObject({
    accountId,
    account: z
      .string()
      .openapi({ description: '`k:` and 64 hex digits, or `Ѻ.` and 160 glyphs of Ouronet.' }),
    forAll: z.boolean().openapi({ description: 'It pays all nodes that have none of their own.' }),
    ownNodes: z.int().openapi({ description: 'Nodes that are paid to it by a choice of their own.' }),
    provenAt: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'By you; null: it earns, and is not minted to.' }),
  })
  .openapi('PayoutAccount');
const mineSchema = z
  .strictObject({
    unpaid: z
      .int()
      .openapi({ description: 'Your nodes that earn nothing, since no account is named for them.' }),
    accounts: z.array(accountSchema),
  })
  .openapi('Payouts');
const nodeSchema = z
  .strictObject({
    paid: z.boolean().openapi({ description: 'Whether an account holds in this hour.' }),
    account: z.string().nullable(),
    accountId: accountId.nullable(),
    verified: z.boolean(),
    tunnel: z
      .strictObject({
        accountId,
        permille: z.number().openapi({ description: 'Of what the node earns; one decimal.' }),
      })
      .nullable(),
  })
  .openapi('NodePayout');

const mine = createRoute({
  method: 'get',
  path: '/api/v1/payouts',
  summary: 'Accounts that your nodes are paid to',
  ...access('nodes:read'),
  responses: {
    ...FAILURES,
    200: json(mineSchema, 'As they were named at last: they hold from the next full hour on'),
  },
});
const ofNode = createRoute({
  method: 'get',
  path: '/api/v1/nodes/{id}/payout',
  summary: 'The account that a node is paid to in this hour',
  ...access('nodes:read'),
  request: { params: nodeIdParam },
  responses: { ...FAILURES, 200: json(nodeSchema, 'Its account') },
});

/** To be read only: an account is named by a person who proved to be there, never by a key. */
export function addPayoutRoutes(api: Api, { listing, payouts }: PayoutApiDeps): void {
  api.openapi(mine, async (c) => {
    const { inUse, proofs, unpaid } = await payouts.profile(viewerWith(c, 'nodes:read'));
    const accounts = inUse.map((used) => {
      const proof = proofs.get(used.accountId);
      return { ...used, provenAt: proof === undefined ? null : iso(proof.provenAt) };
    });
    return c.json({ unpaid, accounts }, 200);
  });
  api.openapi(ofNode, async (c) => {
    const node = await listing.find(viewerWith(c, 'nodes:read'), c.req.valid('param').id);
    if (node === undefined) throw notFound('This node');
    return c.json(told((await payouts.node(node)).payout), 200);
  });
}

function told(payout: Payout | undefined): z.infer<typeof nodeSchema> {
  if (payout === undefined)
    return { paid: false, account: null, accountId: null, verified: false, tunnel: null };
  const { account, accountId: id, verified, tunnel } = payout;
  return {
    ...{ paid: true, account, accountId: id, verified },
    tunnel: tunnel === undefined ? null : { accountId: tunnel.accountId, permille: tunnel.permille1 / 10 },
  };
}
