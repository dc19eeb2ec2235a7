import { readPayoutAccount } from '@stoa/protocol/stoicism';
import { type NodeAccess, requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import { nextHour } from '../hub-hour.ts';
import type { Viewer } from '../viewer.ts';
import type { ChoiceScope, ChoiceStore } from './choice-store.ts';

/** A node as far as its account goes. */
export interface PaidNode {
  readonly nodeId: string;
  /** E-mail; empty: nobody owns it. */
  readonly owner: string;
}

export interface ChoicesDeps {
  readonly store: ChoiceStore;
  readonly access: Pick<NodeAccess, 'may'>;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Names accounts, for all nodes of a person or for one node; each act by somebody who proved to be there, and on record. */
export class Choices {
  readonly #deps: ChoicesDeps;

  constructor(deps: ChoicesDeps) {
    this.#deps = deps;
  }

  /** @param account as typed; undefined takes the choice back. @throws {HttpError} `confirm_first`, `bad_account`. */
  async ofPerson(viewer: Viewer, account: string | undefined): Promise<void> {
    requireFresh(viewer, this.#deps.clock.now());
    await this.#choose(viewer, { owner: viewer.email }, account);
  }

  /** By the owner, or an Ancient Admin. @throws {HttpError} 404 for others; `confirm_first`, `bad_account`, `no_owner`. */
  async ofNode(viewer: Viewer, { nodeId, owner }: PaidNode, account: string | undefined): Promise<void> {
    const { access, clock } = this.#deps;
    if (!(await access.may(viewer, nodeId, 'owner'))) throw notFound('This node');
    requireFresh(viewer, clock.now());
    if (owner === '')
      throw new HttpError(409, 'no_owner', 'Nobody owns this node, so nobody earns by it.', {
        fix: 'Give it an owner first.',
      });
    await this.#choose(viewer, { owner, nodeId }, account);
  }

  async #choose(viewer: Viewer, scope: ChoiceScope, typed: string | undefined): Promise<void> {
    const { store, audit, clock } = this.#deps;
    const account = typed === undefined ? undefined : accountOf(typed);
    const now = clock.now();
    const fromHour = nextHour(now);
    const act = {
      actor: viewer.email,
      act: scope.nodeId === undefined ? 'payout.choose' : 'payout.override',
      subject: scope.nodeId ?? scope.owner,
      owner: scope.owner,
      detail: { account: account ?? null, fromHour },
    };
    await store.choose(scope, { account, fromHour, setBy: viewer.email, setAt: now }, (tx) =>
      audit.appendIn(tx, act),
    );
  }
}

function accountOf(typed: string): string {
  const verdict = readPayoutAccount(typed);
  if (verdict.ok) return verdict.account;
  throw new HttpError(422, 'bad_account', verdict.why, { fix: verdict.fix });
}
