CREATE TABLE "alert_channels" (
	"id" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"target" text NOT NULL,
	"secret" text NOT NULL,
	"code_hash" text,
	"enabled" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"removed_at" timestamp (3) with time zone,
	CONSTRAINT "alert_channels_kind" CHECK ("alert_channels"."kind" in ('email', 'webhook', 'telegram', 'discord'))
);
--> statement-breakpoint
CREATE TABLE "alert_deliveries" (
	"id" text PRIMARY KEY NOT NULL,
	"channel_id" text NOT NULL,
	"owner" text NOT NULL,
	"seq" bigint GENERATED ALWAYS AS IDENTITY (sequence name "alert_deliveries_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"body" jsonb NOT NULL,
	"notices" integer NOT NULL,
	"status" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp (3) with time zone NOT NULL,
	"last_error" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"sent_at" timestamp (3) with time zone,
	CONSTRAINT "alert_deliveries_kind" CHECK ("alert_deliveries"."kind" in ('alert', 'group', 'test', 'confirm')),
	CONSTRAINT "alert_deliveries_status" CHECK ("alert_deliveries"."status" in ('pending', 'sending', 'retry', 'sent', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "alert_rules" (
	"owner" text NOT NULL,
	"rule" text NOT NULL,
	"enabled" boolean NOT NULL,
	"delay_ms" bigint NOT NULL,
	"selector" text NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "alert_rules_owner_rule_pk" PRIMARY KEY("owner","rule")
);
--> statement-breakpoint
CREATE TABLE "alert_silences" (
	"id" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"kind" text NOT NULL,
	"node_id" text COLLATE "C",
	"selector" text NOT NULL,
	"rule" text,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL,
	"created_by" text NOT NULL,
	"cancelled_at" timestamp (3) with time zone,
	CONSTRAINT "alert_silences_kind" CHECK ("alert_silences"."kind" in ('mute', 'maintenance')),
	CONSTRAINT "alert_silences_order" CHECK ("alert_silences"."cancelled_at" is not null or "alert_silences"."starts_at" <= "alert_silences"."ends_at")
);
--> statement-breakpoint
CREATE TABLE "alert_states" (
	"owner" text NOT NULL,
	"rule" text NOT NULL,
	"subject" text COLLATE "C" NOT NULL,
	"phase" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"told" boolean NOT NULL,
	"silent" boolean NOT NULL,
	"remind_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone,
	"alert_id" bigint,
	CONSTRAINT "alert_states_owner_rule_subject_pk" PRIMARY KEY("owner","rule","subject"),
	CONSTRAINT "alert_states_phase" CHECK ("alert_states"."phase" in ('quiet', 'pending', 'firing', 'clearing'))
);
--> statement-breakpoint
CREATE TABLE "alert_watch" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"bits" integer NOT NULL,
	"seen" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "alerts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "alerts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone NOT NULL,
	"owner" text NOT NULL,
	"rule" text NOT NULL,
	"subject" text COLLATE "C" NOT NULL,
	"label" text NOT NULL,
	"change" text NOT NULL,
	"silent" boolean DEFAULT false NOT NULL,
	"evidence" jsonb NOT NULL,
	CONSTRAINT "alerts_change" CHECK ("alerts"."change" in ('firing', 'recovered', 'closed'))
);
--> statement-breakpoint
CREATE TABLE "disk_trends" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"at" bigint[] NOT NULL,
	"free" bigint[] NOT NULL,
	"bytes_per_day" bigint
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"epoch" bigint NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "region_freezes" (
	"instance_id" text PRIMARY KEY NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"nodes" integer NOT NULL,
	"told_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "alert_deliveries" ADD CONSTRAINT "alert_deliveries_channel_id_alert_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."alert_channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_watch" ADD CONSTRAINT "alert_watch_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disk_trends" ADD CONSTRAINT "disk_trends_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alert_channels_owner" ON "alert_channels" USING btree ("owner","created_at");--> statement-breakpoint
CREATE INDEX "alert_deliveries_owner" ON "alert_deliveries" USING btree ("owner","created_at");--> statement-breakpoint
CREATE INDEX "alert_deliveries_due" ON "alert_deliveries" USING btree ("next_at") WHERE status in ('pending', 'sending', 'retry');--> statement-breakpoint
CREATE UNIQUE INDEX "alert_deliveries_group" ON "alert_deliveries" USING btree ("channel_id") WHERE status = 'pending' and attempts = 0 and kind = 'group';--> statement-breakpoint
CREATE INDEX "alert_deliveries_order" ON "alert_deliveries" USING btree ("channel_id","seq") WHERE status in ('pending', 'sending', 'retry');--> statement-breakpoint
CREATE INDEX "alert_silences_owner" ON "alert_silences" USING btree ("owner","ends_at");--> statement-breakpoint
CREATE INDEX "alert_silences_until" ON "alert_silences" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "alert_states_subject" ON "alert_states" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "alert_states_due" ON "alert_states" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "alerts_owner" ON "alerts" USING btree ("owner","id");--> statement-breakpoint
CREATE INDEX "alerts_subject" ON "alerts" USING btree ("subject","id");