CREATE TABLE "node_update_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "node_update_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"node_id" text COLLATE "C" NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"assignment_id" "bytea",
	"state" text NOT NULL,
	"target" text NOT NULL,
	"version" text NOT NULL,
	"reason" text NOT NULL,
	"detail" text NOT NULL,
	"last_lines" text[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "node_updates" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"assignment_id" "bytea",
	"state" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone,
	"reason" text NOT NULL,
	"detail" text NOT NULL,
	"last_lines" text[] NOT NULL,
	"target" text NOT NULL,
	"version" text NOT NULL,
	"slot" text NOT NULL,
	"runtime" text NOT NULL,
	"platform" text NOT NULL,
	"launcher" text NOT NULL,
	"update_only" boolean NOT NULL,
	"previous" text[] NOT NULL,
	"blacklist" text[] NOT NULL,
	"root_version" bigint NOT NULL,
	"targets_version" bigint NOT NULL,
	"timestamp_version" bigint NOT NULL,
	"timestamp_at" timestamp (3) with time zone,
	"channel" text NOT NULL,
	"pin" text NOT NULL,
	"defer_until" timestamp (3) with time zone,
	"window" text NOT NULL,
	"said_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rollout_nodes" (
	"rollout_id" uuid NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"owner" text NOT NULL,
	"ring" smallint NOT NULL,
	"bucket" double precision NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"attempt" smallint DEFAULT 0 NOT NULL,
	"assignment_id" "bytea",
	"assigned_at" timestamp (3) with time zone,
	"sent_at" timestamp (3) with time zone,
	"deadline" timestamp (3) with time zone,
	"confirmed_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone,
	"reason" text DEFAULT '' NOT NULL,
	CONSTRAINT "rollout_nodes_rollout_id_node_id_pk" PRIMARY KEY("rollout_id","node_id")
);
--> statement-breakpoint
CREATE TABLE "rollouts" (
	"rollout_id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"version" text NOT NULL,
	"targets_version" integer NOT NULL,
	"targets_sha256" "bytea" NOT NULL,
	"platforms" text[] NOT NULL,
	"security" boolean NOT NULL,
	"downgrade" boolean DEFAULT false NOT NULL,
	"state" text NOT NULL,
	"ring" smallint NOT NULL,
	"ring_since" timestamp (3) with time zone NOT NULL,
	"soak_since" timestamp (3) with time zone,
	"judged_since" timestamp (3) with time zone NOT NULL,
	"reason" text DEFAULT '' NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"revision" integer DEFAULT 0 NOT NULL,
	"lifted" text[] DEFAULT '{}'::text[] NOT NULL,
	"evidence" jsonb,
	CONSTRAINT "rollouts_state" CHECK ("rollouts"."state" in ('running', 'paused', 'halted', 'aborted', 'complete'))
);
--> statement-breakpoint
CREATE TABLE "update_wishes" (
	"subject" text PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"pin" text NOT NULL,
	"defer_until" timestamp (3) with time zone,
	"window" text NOT NULL,
	"changed_by" text NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "update_wishes_channel" CHECK ("update_wishes"."channel" in ('stable', 'early'))
);
--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "booted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "rollout_nodes" ADD CONSTRAINT "rollout_nodes_rollout_id_rollouts_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("rollout_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "node_update_log_node" ON "node_update_log" USING btree ("node_id","at");--> statement-breakpoint
CREATE INDEX "node_update_log_at" ON "node_update_log" USING btree ("at");--> statement-breakpoint
CREATE INDEX "node_updates_early" ON "node_updates" USING btree ("node_id") WHERE "node_updates"."channel" = 'early';--> statement-breakpoint
CREATE INDEX "node_updates_update_only" ON "node_updates" USING btree ("node_id") WHERE "node_updates"."update_only";--> statement-breakpoint
CREATE INDEX "rollout_nodes_node" ON "rollout_nodes" USING btree ("node_id");--> statement-breakpoint
CREATE INDEX "rollout_nodes_owner" ON "rollout_nodes" USING btree ("rollout_id","owner");--> statement-breakpoint
CREATE INDEX "rollout_nodes_waiting" ON "rollout_nodes" USING btree ("rollout_id","ring","bucket") WHERE "rollout_nodes"."state" = 'waiting';--> statement-breakpoint
CREATE INDEX "rollout_nodes_due" ON "rollout_nodes" USING btree ("deadline") WHERE "rollout_nodes"."state" in ('assigned', 'deferred', 'downloading', 'staged', 'draining', 'trying', 'recalling');--> statement-breakpoint
CREATE INDEX "rollout_nodes_young" ON "rollout_nodes" USING btree ("rollout_id","confirmed_at");--> statement-breakpoint
CREATE INDEX "rollout_nodes_started" ON "rollout_nodes" USING btree ("rollout_id","assigned_at");--> statement-breakpoint
CREATE INDEX "rollout_nodes_failed" ON "rollout_nodes" USING btree ("rollout_id","settled_at") WHERE "rollout_nodes"."state" in ('rolled-back', 'failed', 'stuck', 'vanished');--> statement-breakpoint
CREATE INDEX "rollouts_created" ON "rollouts" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "rollouts_one" ON "rollouts" USING btree ("kind") WHERE "rollouts"."state" <> 'aborted';