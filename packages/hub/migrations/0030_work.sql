CREATE SEQUENCE "public"."job_fencing" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "agentless_marks" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"set_by" text NOT NULL,
	"set_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"polled_on" text DEFAULT '' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ssh_access" (
	"host" text NOT NULL,
	"port" integer NOT NULL,
	"login" text NOT NULL,
	"owner" text NOT NULL,
	"node_id" text COLLATE "C",
	"key_id" text,
	"key_line" text,
	"next_id" text,
	"next_line" text,
	"old_id" text,
	"old_line" text,
	"seat_job" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ssh_access_host_port_login_pk" PRIMARY KEY("host","port","login")
);
--> statement-breakpoint
CREATE TABLE "ssh_host_keys" (
	"place" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"fingerprint" text NOT NULL,
	"pinned_by" text NOT NULL,
	"pinned_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "job_batches" (
	"batch_id" uuid PRIMARY KEY NOT NULL,
	"run" text NOT NULL,
	"kind" text NOT NULL,
	"params" text NOT NULL,
	"selector" text NOT NULL,
	"node_count" integer NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"needs_approval" boolean DEFAULT false NOT NULL,
	"approved_by" text,
	"approved_at" timestamp (3) with time zone,
	"order_id" uuid,
	"order_sealed" "bytea",
	"schedule_id" uuid
);
--> statement-breakpoint
CREATE TABLE "job_holders" (
	"instance" text PRIMARY KEY NOT NULL,
	"url" text DEFAULT '' NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "job_results" (
	"result_hash" "bytea" PRIMARY KEY NOT NULL,
	"job_id" uuid NOT NULL,
	"attempt" smallint NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"sealed" "bytea" NOT NULL,
	"receipt" "bytea" NOT NULL,
	"taken" text NOT NULL,
	"number" bigint NOT NULL,
	"previous" "bytea" NOT NULL,
	"link" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "job_schedules" (
	"schedule_id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"params" text NOT NULL,
	"selector" text NOT NULL,
	"every_ms" bigint NOT NULL,
	"next_at" timestamp (3) with time zone NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"job_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"batch_id" uuid NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"owner" text NOT NULL,
	"run" text NOT NULL,
	"kind" text NOT NULL,
	"class" text NOT NULL,
	"mutating" boolean NOT NULL,
	"idempotent" boolean NOT NULL,
	"params" text NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"held" boolean DEFAULT false NOT NULL,
	"attempt" smallint DEFAULT 0 NOT NULL,
	"max_attempts" smallint NOT NULL,
	"fencing_token" bigint,
	"acked" boolean DEFAULT false NOT NULL,
	"leased_at" timestamp (3) with time zone,
	"leased_until" timestamp (3) with time zone,
	"instance" text,
	"session_epoch" bigint,
	"site" text,
	"scheduled_at" timestamp (3) with time zone NOT NULL,
	"deadline" timestamp (3) with time zone NOT NULL,
	"idempotency_key" uuid DEFAULT gen_random_uuid() NOT NULL,
	"order_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"code" text DEFAULT '' NOT NULL,
	"message" text DEFAULT '' NOT NULL,
	"report" text DEFAULT '' NOT NULL,
	"progress" smallint,
	"step" text DEFAULT '' NOT NULL,
	"log_bytes" integer DEFAULT 0 NOT NULL,
	"log_instance" text,
	"cancel_wanted" text
);
--> statement-breakpoint
CREATE TABLE "node_work" (
	"node_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"kinds" text[] DEFAULT '{}'::text[] NOT NULL,
	"runs" text[] DEFAULT '{}'::text[] NOT NULL,
	"policy" text DEFAULT '' NOT NULL,
	"fault" text DEFAULT '' NOT NULL,
	"paused" boolean DEFAULT false NOT NULL,
	"site" text DEFAULT '' NOT NULL,
	"said_at" timestamp (3) with time zone NOT NULL,
	"result_number" bigint DEFAULT 0 NOT NULL,
	"result_hash" "bytea"
);
--> statement-breakpoint
CREATE TABLE "admin_keys" (
	"admin" text PRIMARY KEY NOT NULL,
	"public_key" "bytea" NOT NULL,
	"sealed" "bytea" NOT NULL,
	"authority" "bytea" NOT NULL,
	"not_after" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"params" text NOT NULL,
	"nodes" "bytea" NOT NULL,
	"node_count" integer NOT NULL,
	"signer" text NOT NULL,
	"signed_as" text NOT NULL,
	"body" "bytea" NOT NULL,
	"sealed" "bytea",
	"admin_key" "bytea",
	"authority" "bytea",
	"created_at" timestamp (3) with time zone NOT NULL,
	"signed_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "orders_signed_as" CHECK ("orders"."signed_as" in ('owner', 'admin')),
	CONSTRAINT "orders_papers" CHECK ("orders"."signed_as" = 'owner' or "orders"."admin_key" is not null)
);
--> statement-breakpoint
CREATE TABLE "vault_secrets" (
	"name" text PRIMARY KEY NOT NULL,
	"sealed" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "ssh_access_node" ON "ssh_access" USING btree ("node_id") WHERE "ssh_access"."node_id" is not null;--> statement-breakpoint
CREATE INDEX "job_batches_created" ON "job_batches" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "job_batches_order" ON "job_batches" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "job_results_job" ON "job_results" USING btree ("job_id","attempt");--> statement-breakpoint
CREATE INDEX "job_results_node" ON "job_results" USING btree ("node_id","number");--> statement-breakpoint
CREATE INDEX "job_results_at" ON "job_results" USING btree ("at");--> statement-breakpoint
CREATE INDEX "jobs_kind" ON "jobs" USING btree ("kind","state","scheduled_at");--> statement-breakpoint
CREATE INDEX "jobs_batch" ON "jobs" USING btree ("batch_id","state");--> statement-breakpoint
CREATE INDEX "jobs_node" ON "jobs" USING btree ("node_id","created_at");--> statement-breakpoint
CREATE INDEX "jobs_created" ON "jobs" USING btree ("created_at","job_id");--> statement-breakpoint
CREATE INDEX "jobs_ended" ON "jobs" USING btree ("ended_at") WHERE "jobs"."ended_at" is not null;--> statement-breakpoint
CREATE INDEX "jobs_open" ON "jobs" USING btree ("node_id","scheduled_at") WHERE "jobs"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "jobs_due" ON "jobs" USING btree ("scheduled_at") WHERE "jobs"."state" = 'queued' and not "jobs"."held";--> statement-breakpoint
CREATE INDEX "jobs_leases" ON "jobs" USING btree ("leased_until") WHERE "jobs"."state" in ('leased', 'running');--> statement-breakpoint
CREATE INDEX "node_work_site" ON "node_work" USING btree ("site");--> statement-breakpoint
CREATE INDEX "orders_expires" ON "orders" USING btree ("expires_at");