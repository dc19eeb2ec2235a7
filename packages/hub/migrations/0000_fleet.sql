-- Edited by hand: drizzle-kit knows no partitions (metrics_5m, metrics_1h). test/migrations.test.ts watches over it.
CREATE TABLE "admin_links" (
	"link_hash" "bytea" PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "console_sessions" (
	"session_hash" "bytea" PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "checkpoints" (
	"node_id" text COLLATE "C" NOT NULL,
	"hub_hour" integer NOT NULL,
	"number" bigint NOT NULL,
	"bytes" "bytea" NOT NULL,
	"signature" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "checkpoints_node_id_hub_hour_pk" PRIMARY KEY("node_id","hub_hour")
);
--> statement-breakpoint
CREATE TABLE "node_status" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"last_seen" timestamp (3) with time zone NOT NULL,
	"tips" "bytea" NOT NULL,
	"cpu" real,
	"memory" real,
	"disk" real,
	"load" real,
	"disk_free" bigint,
	"peers" smallint,
	"rtt_ms" real
);
--> statement-breakpoint
CREATE TABLE "receipts" (
	"node_id" text COLLATE "C" NOT NULL,
	"hub_hour" integer NOT NULL,
	"revision" integer DEFAULT 0 NOT NULL,
	"number" bigint NOT NULL,
	"bytes" "bytea" NOT NULL,
	"signature" "bytea" NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "receipts_node_id_hub_hour_revision_pk" PRIMARY KEY("node_id","hub_hour","revision")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"instance_id" text NOT NULL,
	"epoch" bigint NOT NULL,
	"session_id" text NOT NULL,
	"boot_id" text NOT NULL,
	"previous_boot_ids" text[] DEFAULT '{}'::text[] NOT NULL,
	"ratchet_current" "bytea" NOT NULL,
	"ratchet_previous" "bytea",
	"connected_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"version" text NOT NULL,
	"protocol" integer NOT NULL,
	"address" text NOT NULL,
	"transport" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "metrics_1h" (
	"node_id" text COLLATE "C" NOT NULL,
	"bucket" timestamp (3) with time zone NOT NULL,
	"samples" integer NOT NULL,
	"stats" "bytea" NOT NULL,
	CONSTRAINT "metrics_1h_node_id_bucket_pk" PRIMARY KEY("node_id","bucket")
) PARTITION BY RANGE ("bucket");
--> statement-breakpoint
CREATE TABLE "metrics_5m" (
	"node_id" text COLLATE "C" NOT NULL,
	"bucket" timestamp (3) with time zone NOT NULL,
	"samples" integer NOT NULL,
	"stats" "bytea" NOT NULL,
	"writer" text NOT NULL,
	CONSTRAINT "metrics_5m_node_id_bucket_writer_pk" PRIMARY KEY("node_id","bucket","writer")
) PARTITION BY RANGE ("bucket");
--> statement-breakpoint
CREATE TABLE "join_tokens" (
	"token_id" text PRIMARY KEY NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"owner" text NOT NULL,
	"region" text NOT NULL,
	"label" text,
	"tags" text[] DEFAULT '{}'::text[] NOT NULL,
	"max_uses" integer DEFAULT 1 NOT NULL,
	"uses_left" integer DEFAULT 1 NOT NULL,
	"max_per_hour" integer,
	"address_range" text,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	"created_by" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"used_by" text[] DEFAULT '{}'::text[] NOT NULL,
	CONSTRAINT "join_tokens_uses" CHECK ("join_tokens"."uses_left" between 0 and "join_tokens"."max_uses")
);
--> statement-breakpoint
CREATE TABLE "node_descriptions" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"agent_version" text NOT NULL,
	"chainweb_version" text,
	"supervision" text,
	"argv" jsonb NOT NULL,
	"host" jsonb NOT NULL,
	"described_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "node_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "node_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"kind" text NOT NULL,
	"detail" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "nodes" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"label" text NOT NULL,
	"owner" text NOT NULL,
	"region" text NOT NULL,
	"role" text DEFAULT 'miner' NOT NULL,
	"hw_type" text DEFAULT 'unknown' NOT NULL,
	"tags" text[] DEFAULT '{}'::text[] NOT NULL,
	"public_key" "bytea" NOT NULL,
	"key_generation" integer DEFAULT 1 NOT NULL,
	"owner_generation" integer DEFAULT 1 NOT NULL,
	"node_cert" "bytea" NOT NULL,
	"token_id" text,
	"simulated" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"retired_at" timestamp (3) with time zone,
	"refused_at" timestamp (3) with time zone,
	"quarantined_at" timestamp (3) with time zone,
	"quarantine_reason" text,
	CONSTRAINT "nodes_node_id_hex" CHECK ("nodes"."node_id" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "nodes_quarantine_has_reason" CHECK (("nodes"."quarantined_at" is null) = ("nodes"."quarantine_reason" is null))
);
--> statement-breakpoint
CREATE TABLE "probe_cache" (
	"node_id" text COLLATE "C" NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"value" jsonb NOT NULL,
	CONSTRAINT "probe_cache_node_id_kind_pk" PRIMARY KEY("node_id","kind")
);
--> statement-breakpoint
ALTER TABLE "checkpoints" ADD CONSTRAINT "checkpoints_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "receipts" ADD CONSTRAINT "receipts_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "node_descriptions" ADD CONSTRAINT "node_descriptions_node_id_nodes_node_id_fk" FOREIGN KEY ("node_id") REFERENCES "public"."nodes"("node_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_token_id_join_tokens_token_id_fk" FOREIGN KEY ("token_id") REFERENCES "public"."join_tokens"("token_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "console_sessions_expiry" ON "console_sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "join_tokens_owner" ON "join_tokens" USING btree ("owner","created_at");--> statement-breakpoint
CREATE INDEX "node_events_node" ON "node_events" USING btree ("node_id","at");--> statement-breakpoint
CREATE INDEX "nodes_owner" ON "nodes" USING btree ("owner","node_id");--> statement-breakpoint
CREATE INDEX "nodes_label" ON "nodes" USING btree ("label","node_id");