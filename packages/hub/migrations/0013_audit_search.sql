ALTER TABLE "audit_log" ADD COLUMN "salt" "bytea";--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "content_hash" "bytea" DEFAULT '\x' NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_log" ALTER COLUMN "content_hash" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "pruned_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "search" "tsvector" GENERATED ALWAYS AS (to_tsvector('simple', regexp_replace(
  lower(left(actor || ' ' || act || ' ' || subject || ' ' || coalesce(owner, '') || ' ' || detail::text, 20000)),
  '[^[:alnum:]]+', ' ', 'g'))) STORED;--> statement-breakpoint
CREATE INDEX "audit_log_act" ON "audit_log" USING btree ("act" text_pattern_ops,"seq");--> statement-breakpoint
CREATE INDEX "audit_log_at" ON "audit_log" USING btree ("at");--> statement-breakpoint
CREATE INDEX "audit_log_search" ON "audit_log" USING gin ("search");--> statement-breakpoint
CREATE INDEX "audit_log_due" ON "audit_log" USING btree ("retention","at") WHERE "audit_log"."retention" <> 'permanent' and "audit_log"."pruned_at" is null;--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_permanent" CHECK ("audit_log"."retention" <> 'permanent' or "audit_log"."pruned_at" is null);