ALTER TABLE "rollouts" ALTER COLUMN "targets_version" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "batch_id" uuid;--> statement-breakpoint
ALTER TABLE "update_wishes" ADD COLUMN "chainweb_pin" text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "rollouts_batch" ON "rollouts" USING btree ("batch_id");--> statement-breakpoint
ALTER TABLE "rollouts" ADD CONSTRAINT "rollouts_cargo" CHECK (("rollouts"."kind" = 'chainweb') = ("rollouts"."batch_id" is not null));