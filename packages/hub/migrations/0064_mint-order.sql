DROP INDEX "mint_batches_open";--> statement-breakpoint
ALTER TABLE "mint_batches" ADD COLUMN "seq" bigint NOT NULL GENERATED ALWAYS AS IDENTITY (sequence name "mint_batches_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1);--> statement-breakpoint
CREATE INDEX "mint_batches_open" ON "mint_batches" USING btree ("chain","seq") WHERE "mint_batches"."state" <> 'settled';--> statement-breakpoint
ALTER TABLE "mint_batches" ADD CONSTRAINT "mint_batches_seq_unique" UNIQUE("seq");