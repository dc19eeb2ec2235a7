CREATE TABLE "benchmark_runs" (
	"job_id" uuid NOT NULL,
	"attempt" smallint NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	"measured" jsonb NOT NULL,
	"hw_type" text NOT NULL,
	"committed_gb" integer NOT NULL,
	"fault" text NOT NULL,
	"decision" text,
	"decided_by" text,
	"decided_at" timestamp (3) with time zone,
	"decision_reason" text,
	CONSTRAINT "benchmark_runs_job_id_attempt_pk" PRIMARY KEY("job_id","attempt")
);
--> statement-breakpoint
CREATE TABLE "score_baselines" (
	"version" integer PRIMARY KEY NOT NULL,
	"hub_hour" integer NOT NULL,
	"baselines" jsonb NOT NULL,
	"set_by" text NOT NULL,
	"set_at" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "scores" (
	"node_id" text COLLATE "C" NOT NULL,
	"version" integer NOT NULL,
	"seq" bigserial NOT NULL,
	"hub_hour" integer NOT NULL,
	"micro" integer NOT NULL,
	"review_micro" integer NOT NULL,
	"cause" text NOT NULL,
	"job_id" uuid NOT NULL,
	"attempt" smallint NOT NULL,
	"baseline_version" integer NOT NULL,
	"committed_gb" integer NOT NULL,
	"breakdown" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "scores_node_id_version_pk" PRIMARY KEY("node_id","version"),
	CONSTRAINT "scores_seq_unique" UNIQUE("seq")
);
--> statement-breakpoint
CREATE INDEX "benchmark_runs_node" ON "benchmark_runs" USING btree ("node_id","ended_at");--> statement-breakpoint
CREATE INDEX "benchmark_runs_ended" ON "benchmark_runs" USING btree ("ended_at");