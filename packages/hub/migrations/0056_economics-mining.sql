CREATE TABLE "mining_bonus_days" (
	"day" integer PRIMARY KEY NOT NULL,
	"keys" integer NOT NULL,
	"paid_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "seed_donations" (
	"job_id" uuid PRIMARY KEY NOT NULL,
	"receiver" text COLLATE "C" NOT NULL,
	"receiver_owner" text NOT NULL,
	"donor" text COLLATE "C",
	"donor_owner" text,
	"sha256" text COLLATE "C" NOT NULL,
	"began_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	"state" text NOT NULL,
	"hour" integer,
	"decided_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "economics_emission" (
	"day" integer NOT NULL,
	"region" text COLLATE "C" NOT NULL,
	"role" text COLLATE "C" NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"amount" numeric(38, 0) NOT NULL,
	CONSTRAINT "economics_emission_day_region_role_kind_pk" PRIMARY KEY("day","region","role","kind")
);
--> statement-breakpoint
CREATE TABLE "economics_head" (
	"id" smallint PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL,
	"as_of" timestamp (3) with time zone NOT NULL,
	"mode" text NOT NULL,
	"leaders_day" integer,
	"took_ms" integer NOT NULL,
	CONSTRAINT "economics_head_one" CHECK ("economics_head"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "economics_leaders" (
	"day" integer NOT NULL,
	"region" text COLLATE "C" NOT NULL,
	"place" smallint NOT NULL,
	"account_id" text COLLATE "C" NOT NULL,
	"nodes" integer NOT NULL,
	"amount" numeric(38, 0) NOT NULL,
	"place_before" smallint,
	CONSTRAINT "economics_leaders_day_region_place_pk" PRIMARY KEY("day","region","place")
);
--> statement-breakpoint
CREATE TABLE "economics_peers" (
	"region" text COLLATE "C" NOT NULL,
	"hw_type" text COLLATE "C" NOT NULL,
	"day" integer NOT NULL,
	"nodes" integer NOT NULL,
	"thresholds" jsonb NOT NULL,
	CONSTRAINT "economics_peers_region_hw_type_pk" PRIMARY KEY("region","hw_type")
);
--> statement-breakpoint
CREATE TABLE "economics_supply" (
	"day" integer PRIMARY KEY NOT NULL,
	"as_of" timestamp (3) with time zone NOT NULL,
	"pending" numeric(38, 0) NOT NULL,
	"current" numeric(38, 0) NOT NULL,
	"minting" numeric(38, 0) NOT NULL,
	"redeemed" numeric(38, 0) NOT NULL,
	"accounts" integer NOT NULL,
	"top1" numeric(38, 0) NOT NULL,
	"top10" numeric(38, 0) NOT NULL,
	"top100" numeric(38, 0) NOT NULL,
	"gini" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mined_blocks" (
	"chain" smallint NOT NULL,
	"height" integer NOT NULL,
	"hash" text COLLATE "C" NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"mined_at" timestamp (3) with time zone NOT NULL,
	"orphaned" boolean NOT NULL,
	CONSTRAINT "mined_blocks_chain_height_hash_pk" PRIMARY KEY("chain","height","hash")
);
--> statement-breakpoint
CREATE TABLE "mined_days" (
	"day" integer NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"blocks" integer NOT NULL,
	"orphans" integer NOT NULL,
	CONSTRAINT "mined_days_day_key_pk" PRIMARY KEY("day","key")
);
--> statement-breakpoint
CREATE TABLE "mining_progress" (
	"chain" smallint PRIMARY KEY NOT NULL,
	"height" bigint NOT NULL,
	"hash" text COLLATE "C" NOT NULL,
	"mined_at" timestamp (3) with time zone NOT NULL,
	"since" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "seed_donations_donor" ON "seed_donations" USING btree ("donor_owner","ended_at");--> statement-breakpoint
CREATE INDEX "seed_donations_receiver" ON "seed_donations" USING btree ("receiver_owner","ended_at");--> statement-breakpoint
CREATE INDEX "economics_leaders_account" ON "economics_leaders" USING btree ("day","account_id");--> statement-breakpoint
CREATE INDEX "mined_blocks_key" ON "mined_blocks" USING btree ("key","mined_at");--> statement-breakpoint
CREATE INDEX "mined_blocks_mined" ON "mined_blocks" USING btree ("mined_at");--> statement-breakpoint
CREATE INDEX "mined_days_key" ON "mined_days" USING btree ("key","day");