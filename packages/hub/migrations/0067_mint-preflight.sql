CREATE TABLE "mint_gas_accounts" (
	"chain" smallint PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"balance" numeric(36, 12) NOT NULL,
	"needed" numeric(36, 12) NOT NULL,
	"low_since" timestamp (3) with time zone,
	"read_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mint_gas_accounts_chain" CHECK ("mint_gas_accounts"."chain" between 0 and 9)
);
--> statement-breakpoint
ALTER TABLE "mint_attempts" ADD COLUMN "gas_limit" integer;--> statement-breakpoint
UPDATE "mint_attempts" SET "gas_limit" = coalesce(substring("cmd" from '"gasLimit":([0-9]{1,9})')::int, 0);--> statement-breakpoint
ALTER TABLE "mint_attempts" ALTER COLUMN "gas_limit" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "mint_batches" ADD COLUMN "model_gas" integer;--> statement-breakpoint
UPDATE "mint_batches" SET "model_gas" = floor("gas_limit" / 1.2);--> statement-breakpoint
ALTER TABLE "mint_batches" ALTER COLUMN "model_gas" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "mint_batches" ADD COLUMN "preflight_gas" integer;