CREATE TABLE "benchmark_work" (
	"job_id" uuid NOT NULL,
	"attempt" smallint NOT NULL,
	"part" text NOT NULL,
	"nonce" "bytea" NOT NULL,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"answered_at" timestamp (3) with time zone,
	"steps" bigint,
	"sealed" "bytea",
	"verdict" text,
	CONSTRAINT "benchmark_work_job_id_attempt_part_pk" PRIMARY KEY("job_id","attempt","part")
);
--> statement-breakpoint
CREATE INDEX "benchmark_work_asked" ON "benchmark_work" USING btree ("asked_at");