import { sql } from 'drizzle-orm';
import { check, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from '../columns.ts';
import { joinTokens } from '../nodes/schema.ts';

/**
 * How far hosts got on their way in, by the token that they came with: for the checklist of whoever made it, and for
 * nothing else, since a host that knows a token's id can say what it likes. The newest of each step stays.
 */
export const joinSteps = pgTable(
  'join_steps',
  {
    tokenId: text('token_id')
      .notNull()
      .references(() => joinTokens.tokenId, { onDelete: 'cascade' }),
    step: text('step').notNull(),
    at: instant('at').notNull(),
    detail: jsonb('detail').$type<Readonly<Record<string, unknown>>>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tokenId, table.step] }),
    check('join_steps_step', sql`${table.step} in ('downloaded', 'key', 'refused', 'doctor')`),
  ],
);
