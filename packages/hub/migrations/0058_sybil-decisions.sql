DROP INDEX "sybil_disputes_open";--> statement-breakpoint
ALTER TABLE "sybil_disputed_nodes" ADD COLUMN "decision" text;--> statement-breakpoint
ALTER TABLE "sybil_disputed_nodes" ADD COLUMN "decided_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sybil_disputed_nodes" ADD COLUMN "reason" text;--> statement-breakpoint
UPDATE "sybil_disputed_nodes" dn SET "decision" = d."decision", "decided_at" = d."decided_at", "reason" = d."reason"
  FROM "sybil_disputes" d WHERE d."dispute_id" = dn."dispute_id" AND d."decision" IS NOT NULL;--> statement-breakpoint
UPDATE "sybil_rounds" SET "answers" = (SELECT coalesce(jsonb_agg(a - 'owner'), '[]') FROM jsonb_array_elements("answers") a)
  WHERE jsonb_typeof("answers") = 'array';--> statement-breakpoint
UPDATE "sybil_disputes" SET "evidence" = (
  SELECT coalesce(jsonb_agg(CASE WHEN jsonb_typeof(e -> 'answers') = 'array'
    THEN jsonb_set(e, '{answers}', (SELECT coalesce(jsonb_agg(a - 'owner'), '[]') FROM jsonb_array_elements(e -> 'answers') a))
    ELSE e END ORDER BY i), '[]')
  FROM jsonb_array_elements("evidence") WITH ORDINALITY x(e, i))
  WHERE jsonb_typeof("evidence") = 'array';--> statement-breakpoint
CREATE UNIQUE INDEX "sybil_disputes_open" ON "sybil_disputes" USING btree ("kind","subject") WHERE "sybil_disputes"."decided_at" is null;--> statement-breakpoint
ALTER TABLE "sybil_disputes" DROP COLUMN "decision";--> statement-breakpoint
ALTER TABLE "sybil_disputes" DROP COLUMN "decided_by";--> statement-breakpoint
ALTER TABLE "sybil_disputes" DROP COLUMN "reason";