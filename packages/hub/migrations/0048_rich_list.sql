CREATE TABLE "rich_list" (
	"side" smallint NOT NULL,
	"place" integer NOT NULL,
	"account_id" text COLLATE "C" NOT NULL,
	"current" numeric(38, 0) NOT NULL,
	"redeemed" numeric(38, 0) NOT NULL,
	"place_before" integer,
	CONSTRAINT "rich_list_side_place_pk" PRIMARY KEY("side","place")
);
--> statement-breakpoint
CREATE TABLE "rich_list_head" (
	"id" smallint PRIMARY KEY NOT NULL,
	"side" smallint NOT NULL,
	"as_of" timestamp (3) with time zone NOT NULL,
	"sequence" bigint NOT NULL,
	"mode" text NOT NULL,
	"accounts" integer NOT NULL,
	"total" numeric(38, 0) NOT NULL,
	"took_ms" integer NOT NULL,
	"top" jsonb NOT NULL,
	CONSTRAINT "rich_list_head_one" CHECK ("rich_list_head"."id" = 1)
);
--> statement-breakpoint
CREATE INDEX "rich_list_account" ON "rich_list" USING btree ("account_id","side");