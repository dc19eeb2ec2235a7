DROP INDEX "jobs_due";--> statement-breakpoint
ALTER TABLE "job_batches" ADD COLUMN "signed_by" text;--> statement-breakpoint
CREATE INDEX "jobs_mutating" ON "jobs" USING btree ("leased_at") WHERE "jobs"."mutating" and "jobs"."run" = 'agent';--> statement-breakpoint
CREATE INDEX "jobs_due" ON "jobs" USING btree ("scheduled_at","job_id") WHERE "jobs"."state" in ('queued', 'unknown') and not "jobs"."held";