DROP INDEX "job_batches_order";--> statement-breakpoint
CREATE UNIQUE INDEX "job_batches_order" ON "job_batches" USING btree ("order_id");