import type { EncodedMessage, UpdateAssignment } from '@stoa/protocol';
import type { Preferences } from '#update/preferences.ts';
import type { UpdateView } from '#update/update-report.ts';

/** What the agent's core and its status socket ask of updates, whether this node can update itself or not. */
export interface Updates {
  start(): void;
  /** Leaves no timer. */
  stop(): void;
  /** A session stands in which both sides speak of updates. */
  opened(send: (message: EncodedMessage) => void): void;
  /** A session stands, of whatever kind: that is what a new version must reach. */
  connected(): void;
  lost(): void;
  assigned(assignment: UpdateAssignment): void;
  view(): UpdateView;
  /** Looks for a newer release now. @throws UpdateError, HttpError */
  check(): Promise<UpdateView>;
  /** The host's user wants the update that waits, or the newest version, at once. @throws UpdateError, HttpError */
  now(): Promise<UpdateView>;
  /**
   * The host's user, or a person by a signed order, wants back to a version that is kept here: the newest before this one,
   * unless named. @throws UpdateError `busy`, `by_hand`
   */
  rollback(to?: string): Promise<UpdateView>;
  /** @throws DiskError */
  wish(wishes: Preferences): Promise<UpdateView>;
}
