CREATE TABLE "rich_list_a" (
	"place" integer PRIMARY KEY NOT NULL,
	"account_id" text COLLATE "C" NOT NULL,
	"current" numeric(38, 0) NOT NULL,
	"redeemed" numeric(38, 0) NOT NULL,
	"place_before" integer
);
--> statement-breakpoint
CREATE TABLE "rich_list_b" (
	"place" integer PRIMARY KEY NOT NULL,
	"account_id" text COLLATE "C" NOT NULL,
	"current" numeric(38, 0) NOT NULL,
	"redeemed" numeric(38, 0) NOT NULL,
	"place_before" integer
);
--> statement-breakpoint
ALTER TABLE "rich_list" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "rich_list" CASCADE;--> statement-breakpoint
-- It is made anew at the next tick; the sides had numbers.
DELETE FROM "rich_list_head";--> statement-breakpoint
ALTER TABLE "rich_list_head" ALTER COLUMN "side" SET DATA TYPE text;--> statement-breakpoint
CREATE INDEX "rich_list_a_account" ON "rich_list_a" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "rich_list_b_account" ON "rich_list_b" USING btree ("account_id");--> statement-breakpoint
ALTER TABLE "rich_list_head" ADD CONSTRAINT "rich_list_head_side" CHECK ("rich_list_head"."side" in ('a', 'b'));