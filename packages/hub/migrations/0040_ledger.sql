-- Edited by hand: drizzle-kit knows no partitions (stoicism_events), no room on pages and no triggers. test/migrations.test.ts watches over it.
CREATE TABLE "ledger_accounts" (
	"account_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"current" numeric(38, 0) NOT NULL,
	"minting" numeric(38, 0) NOT NULL,
	"redeemed" numeric(38, 0) NOT NULL,
	CONSTRAINT "ledger_accounts_minted" CHECK ("ledger_accounts"."minting" >= 0 and "ledger_accounts"."redeemed" >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
--> statement-breakpoint
CREATE TABLE "ledger_adjustments" (
	"adjustment_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ledger_adjustments_adjustment_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"account_id" text COLLATE "C" NOT NULL,
	"amount" numeric(38, 0) NOT NULL,
	"reason" text NOT NULL,
	"proposed_by" text NOT NULL,
	"proposed_at" timestamp (3) with time zone NOT NULL,
	"decided_by" text,
	"decided_at" timestamp (3) with time zone,
	"outcome" text,
	"sequence" bigint,
	CONSTRAINT "ledger_adjustments_outcome" CHECK ("ledger_adjustments"."outcome" in ('applied', 'refused')),
	CONSTRAINT "ledger_adjustments_decided" CHECK (("ledger_adjustments"."outcome" is null) = ("ledger_adjustments"."decided_at" is null)),
	CONSTRAINT "ledger_adjustments_two" CHECK ("ledger_adjustments"."outcome" <> 'applied' or "ledger_adjustments"."decided_by" <> "ledger_adjustments"."proposed_by")
);
--> statement-breakpoint
CREATE TABLE "ledger_head" (
	"id" smallint PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	"ran_at" timestamp (3) with time zone NOT NULL,
	"mode" text NOT NULL,
	"locked" boolean NOT NULL,
	"first_hour" integer NOT NULL,
	"reset_sequence" bigint NOT NULL,
	CONSTRAINT "ledger_head_one" CHECK ("ledger_head"."id" = 1),
	CONSTRAINT "ledger_head_mode" CHECK ("ledger_head"."mode" in ('shadow', 'live'))
);
--> statement-breakpoint
CREATE TABLE "ledger_hours" (
	"hour" integer PRIMARY KEY NOT NULL,
	"closed_at" timestamp (3) with time zone,
	"next_pass_at" timestamp (3) with time zone,
	"done_up_to" text COLLATE "C",
	"passes" smallint NOT NULL,
	"nodes" integer NOT NULL,
	"events" integer NOT NULL,
	"accrued" numeric(38, 0) NOT NULL,
	"pending" numeric(38, 0) NOT NULL,
	"matured" numeric(38, 0) NOT NULL,
	"fees" numeric(38, 0) NOT NULL,
	"revised" integer NOT NULL,
	"took_ms" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_pending" (
	"node_id" text COLLATE "C" NOT NULL,
	"account_id" text COLLATE "C" NOT NULL,
	"amount" numeric(38, 0) NOT NULL,
	CONSTRAINT "ledger_pending_node_id_account_id_pk" PRIMARY KEY("node_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "ledger_refusals" (
	"hour" integer NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"reason" text NOT NULL,
	"amount" numeric(38, 0) NOT NULL,
	"owner_email" text,
	"seen_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ledger_refusals_hour_node_id_pk" PRIMARY KEY("hour","node_id"),
	CONSTRAINT "ledger_refusals_reason" CHECK ("ledger_refusals"."reason" in ('late', 'less'))
);
--> statement-breakpoint
CREATE TABLE "stoicism_events" (
	"sequence" bigint NOT NULL,
	"hour" integer NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"revision" smallint NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"account_id" text COLLATE "C" NOT NULL,
	"ref" text COLLATE "C" NOT NULL,
	"amount" numeric(38, 0) NOT NULL,
	"minutes" bigint NOT NULL,
	"micro_score" integer NOT NULL,
	"score_version" integer NOT NULL,
	"ran_at" timestamp (3) with time zone NOT NULL,
	"hash" "bytea" NOT NULL,
	"owner_email" text,
	CONSTRAINT "stoicism_events_sequence_hour_pk" PRIMARY KEY("sequence","hour")
) PARTITION BY RANGE ("hour");
--> statement-breakpoint
CREATE INDEX "ledger_adjustments_open" ON "ledger_adjustments" USING btree ("adjustment_id") WHERE "ledger_adjustments"."outcome" is null;--> statement-breakpoint
CREATE INDEX "ledger_hours_due" ON "ledger_hours" USING btree ("next_pass_at","hour") WHERE "ledger_hours"."next_pass_at" is not null;--> statement-breakpoint
CREATE INDEX "ledger_pending_account" ON "ledger_pending" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "ledger_refusals_owner" ON "ledger_refusals" USING btree ("owner_email","hour");--> statement-breakpoint
CREATE UNIQUE INDEX "stoicism_events_cause" ON "stoicism_events" USING btree ("hour","node_id","kind","account_id","revision","ref");--> statement-breakpoint
CREATE INDEX "stoicism_events_owner" ON "stoicism_events" USING btree ("owner_email","ran_at","sequence");--> statement-breakpoint
CREATE INDEX "stoicism_events_ref" ON "stoicism_events" USING btree ("ref","kind","hour") WHERE "stoicism_events"."ref" <> '';--> statement-breakpoint
CREATE FUNCTION "refuse_change_of_ledger"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION 'event % of the ledger stands as it was written: a correction is an event of its own', OLD.sequence;
END $$;
--> statement-breakpoint
CREATE TRIGGER "stoicism_events_append_only" BEFORE DELETE OR UPDATE OF "sequence", "hour", "kind", "revision", "node_id", "account_id", "ref", "amount", "minutes", "micro_score", "score_version", "ran_at", "hash" ON "stoicism_events" FOR EACH ROW EXECUTE FUNCTION "refuse_change_of_ledger"();
