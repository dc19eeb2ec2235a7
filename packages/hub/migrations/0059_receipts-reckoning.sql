-- Their layout was never released: what was written in it can't be read any more.
TRUNCATE "settled_receipts", "receipt_roots", "receipt_tops";--> statement-breakpoint
ALTER TABLE "receipt_roots" ADD COLUMN "mode" text NOT NULL;--> statement-breakpoint
ALTER TABLE "receipt_roots" ADD COLUMN "reset_sequence" bigint NOT NULL;