CREATE TABLE "mint_attempts" (
	"kind" text NOT NULL,
	"epoch" integer NOT NULL,
	"chain" smallint NOT NULL,
	"part" integer NOT NULL,
	"attempt" smallint NOT NULL,
	"cmd" text NOT NULL,
	"signatures" jsonb NOT NULL,
	"request_key" text NOT NULL,
	"gas_price" numeric(24, 12) NOT NULL,
	"expires_at" bigint NOT NULL,
	"signed_at" timestamp (3) with time zone NOT NULL,
	"sent_at" timestamp (3) with time zone,
	CONSTRAINT "mint_attempts_kind_epoch_chain_part_attempt_pk" PRIMARY KEY("kind","epoch","chain","part","attempt"),
	CONSTRAINT "mint_attempts_request_key_unique" UNIQUE("request_key")
);
--> statement-breakpoint
CREATE TABLE "mint_batches" (
	"kind" text NOT NULL,
	"epoch" integer NOT NULL,
	"chain" smallint NOT NULL,
	"part" integer NOT NULL,
	"size" integer NOT NULL,
	"digest" text NOT NULL,
	"gas_limit" integer NOT NULL,
	"state" text NOT NULL,
	"attempt" smallint NOT NULL,
	"reason" text DEFAULT '' NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"height" bigint,
	"block" text,
	"gas" integer,
	CONSTRAINT "mint_batches_kind_epoch_chain_part_pk" PRIMARY KEY("kind","epoch","chain","part"),
	CONSTRAINT "mint_batches_state" CHECK ("mint_batches"."state" in ('planned', 'signed', 'sent', 'mined', 'final', 'settled', 'absent', 'stopped')),
	CONSTRAINT "mint_batches_attempt" CHECK ("mint_batches"."attempt" between 0 and 4)
);
--> statement-breakpoint
CREATE TABLE "mint_chains" (
	"epoch" integer NOT NULL,
	"chain" smallint NOT NULL,
	"slots" integer NOT NULL,
	"cap" bigint NOT NULL,
	"bounds" integer[] NOT NULL,
	"digest" text NOT NULL,
	CONSTRAINT "mint_chains_epoch_chain_pk" PRIMARY KEY("epoch","chain")
);
--> statement-breakpoint
CREATE TABLE "mint_epochs" (
	"epoch" integer PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"plan_hash" text NOT NULL,
	"cut_id" text NOT NULL,
	"cut_sequence" bigint NOT NULL,
	"cut_hash" "bytea" NOT NULL,
	"mode" text NOT NULL,
	"points" bigint NOT NULL,
	"accounts" integer NOT NULL,
	"waiting" integer NOT NULL,
	"cut_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "mint_epochs_state" CHECK ("mint_epochs"."state" in ('running', 'cancelling', 'settled', 'cancelled')),
	CONSTRAINT "mint_epochs_ended" CHECK (("mint_epochs"."state" in ('settled', 'cancelled')) = ("mint_epochs"."ended_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "mint_plans" (
	"epoch" integer NOT NULL,
	"chain" smallint NOT NULL,
	"batch" integer NOT NULL,
	"from_bucket" integer NOT NULL,
	"to_bucket" integer NOT NULL,
	"deltas" text NOT NULL,
	"sum" bigint NOT NULL,
	"digest" text NOT NULL,
	"bytes" integer NOT NULL,
	"gas" integer NOT NULL,
	"gas_limit" integer NOT NULL,
	CONSTRAINT "mint_plans_epoch_chain_batch_pk" PRIMARY KEY("epoch","chain","batch")
);
--> statement-breakpoint
CREATE TABLE "mint_slots" (
	"account_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"chain" smallint NOT NULL,
	"slot" integer NOT NULL,
	"state" text NOT NULL,
	"allotted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mint_slots_state" CHECK ("mint_slots"."state" in ('allotted', 'enrolled', 'final')),
	CONSTRAINT "mint_slots_chain" CHECK ("mint_slots"."chain" between 0 and 9 and "mint_slots"."slot" >= 0)
);
--> statement-breakpoint
ALTER TABLE "mint_chains" ADD CONSTRAINT "mint_chains_epoch_mint_epochs_epoch_fk" FOREIGN KEY ("epoch") REFERENCES "public"."mint_epochs"("epoch") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mint_plans" ADD CONSTRAINT "mint_plans_epoch_mint_epochs_epoch_fk" FOREIGN KEY ("epoch") REFERENCES "public"."mint_epochs"("epoch") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mint_slots" ADD CONSTRAINT "mint_slots_account_id_payout_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."payout_accounts"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "mint_batches_open" ON "mint_batches" USING btree ("chain","epoch") WHERE "mint_batches"."state" <> 'settled';--> statement-breakpoint
CREATE INDEX "mint_epochs_open" ON "mint_epochs" USING btree ("epoch") WHERE "mint_epochs"."ended_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "mint_slots_place" ON "mint_slots" USING btree ("chain","slot");