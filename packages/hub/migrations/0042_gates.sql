CREATE TABLE "gate_states" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"minute" integer NOT NULL,
	"reasons" smallint NOT NULL,
	"warm_minutes" smallint NOT NULL,
	"off_minutes" smallint NOT NULL,
	"credited_at" integer NOT NULL,
	"credited" smallint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gate_ticks" (
	"instance_id" text PRIMARY KEY NOT NULL,
	"minute" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gate_words" (
	"hub_hour" integer NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"epoch" bigint NOT NULL,
	"instance_id" text NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"judged" bigint NOT NULL,
	"failures" "bytea" NOT NULL,
	CONSTRAINT "gate_words_hub_hour_node_id_epoch_instance_id_pk" PRIMARY KEY("hub_hour","node_id","epoch","instance_id")
);
--> statement-breakpoint
CREATE TABLE "hub_gaps" (
	"instance_id" text NOT NULL,
	"from_minute" integer NOT NULL,
	"until_minute" integer NOT NULL,
	"grant_from" integer NOT NULL,
	"grant_until" integer NOT NULL,
	"counted" integer NOT NULL,
	"cause" text NOT NULL,
	"granted_by" text,
	"reason" text,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "hub_gaps_instance_id_cause_from_minute_grant_from_pk" PRIMARY KEY("instance_id","cause","from_minute","grant_from")
);
--> statement-breakpoint
CREATE TABLE "minute_roots" (
	"instance_id" text NOT NULL,
	"hub_hour" integer NOT NULL,
	"sealed" "bytea" NOT NULL,
	"region" "bytea" NOT NULL,
	"instance" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "minute_roots_instance_id_hub_hour_pk" PRIMARY KEY("instance_id","hub_hour")
);
--> statement-breakpoint
CREATE INDEX "hub_gaps_by_end" ON "hub_gaps" USING btree ("until_minute");--> statement-breakpoint
CREATE INDEX "checkpoints_by_hour" ON "checkpoints" USING btree ("hub_hour","node_id");