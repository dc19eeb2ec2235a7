ALTER TABLE "mint_batches" ADD COLUMN "mined_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "mint_batches" ADD COLUMN "final_at" timestamp (3) with time zone;