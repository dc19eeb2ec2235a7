CREATE TABLE "node_owner_changes" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "node_owner_changes_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"node_id" text COLLATE "C" NOT NULL,
	"from_owner" text NOT NULL,
	"to_owner" text NOT NULL,
	"from_hour" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payout_accounts" (
	"account_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"account" text COLLATE "C" NOT NULL,
	CONSTRAINT "payout_accounts_account_unique" UNIQUE("account")
);
--> statement-breakpoint
CREATE TABLE "payout_challenges" (
	"nonce" text PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"account_id" text COLLATE "C" NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "payout_changes" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "payout_changes_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"node_id" text COLLATE "C",
	"owner" text,
	"from_hour" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payout_choices" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "payout_choices_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"owner" text NOT NULL,
	"node_id" text COLLATE "C",
	"account_id" text COLLATE "C",
	"from_hour" integer NOT NULL,
	"set_by" text NOT NULL,
	"set_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payout_people" (
	"email" text PRIMARY KEY NOT NULL,
	"owner_id" text COLLATE "C" NOT NULL,
	CONSTRAINT "payout_people_owner_id_unique" UNIQUE("owner_id")
);
--> statement-breakpoint
CREATE TABLE "payout_proofs" (
	"account_id" text COLLATE "C" NOT NULL,
	"email" text NOT NULL,
	"nonce" text NOT NULL,
	"challenge" text NOT NULL,
	"signatures" jsonb NOT NULL,
	"guard" jsonb NOT NULL,
	"guard_from" text NOT NULL,
	"said_by" text[] NOT NULL,
	"proven_at" timestamp (3) with time zone NOT NULL,
	"from_hour" integer NOT NULL,
	CONSTRAINT "payout_proofs_nonce_pk" PRIMARY KEY("nonce"),
	CONSTRAINT "payout_proofs_guard_from" CHECK ("payout_proofs"."guard_from" in ('chain', 'name'))
);
--> statement-breakpoint
CREATE TABLE "payout_tunnels" (
	"tunnel_id" text PRIMARY KEY NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"node_owner" text NOT NULL,
	"tunnel_owner" text NOT NULL,
	"permille1" integer NOT NULL,
	"offered_at" timestamp (3) with time zone NOT NULL,
	"agreed_at" timestamp (3) with time zone,
	"from_hour" integer,
	"ended_at" timestamp (3) with time zone,
	"ended_by" text,
	"until_hour" integer,
	CONSTRAINT "payout_tunnels_permille1" CHECK ("payout_tunnels"."permille1" between 1 and 10000),
	CONSTRAINT "payout_tunnels_agreed" CHECK (("payout_tunnels"."agreed_at" is null) = ("payout_tunnels"."from_hour" is null))
);
--> statement-breakpoint
ALTER TABLE "payout_challenges" ADD CONSTRAINT "payout_challenges_account_id_payout_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."payout_accounts"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payout_choices" ADD CONSTRAINT "payout_choices_account_id_payout_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."payout_accounts"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payout_proofs" ADD CONSTRAINT "payout_proofs_account_id_payout_accounts_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."payout_accounts"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payout_proofs" ADD CONSTRAINT "payout_proofs_nonce_payout_challenges_nonce_fk" FOREIGN KEY ("nonce") REFERENCES "public"."payout_challenges"("nonce") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "node_owner_changes_node" ON "node_owner_changes" USING btree ("node_id","from_hour","seq");--> statement-breakpoint
CREATE INDEX "payout_challenges_email" ON "payout_challenges" USING btree ("email","account_id");--> statement-breakpoint
CREATE INDEX "payout_choices_owner" ON "payout_choices" USING btree ("owner","from_hour","seq") WHERE "payout_choices"."node_id" is null;--> statement-breakpoint
CREATE INDEX "payout_choices_node" ON "payout_choices" USING btree ("node_id","from_hour","seq") WHERE "payout_choices"."node_id" is not null;--> statement-breakpoint
CREATE INDEX "payout_choices_account" ON "payout_choices" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "payout_proofs_account" ON "payout_proofs" USING btree ("account_id","from_hour");--> statement-breakpoint
CREATE INDEX "payout_proofs_email" ON "payout_proofs" USING btree ("email","account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "payout_tunnels_open" ON "payout_tunnels" USING btree ("node_id") WHERE "payout_tunnels"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "payout_tunnels_node" ON "payout_tunnels" USING btree ("node_id","from_hour");--> statement-breakpoint
CREATE INDEX "payout_tunnels_owner" ON "payout_tunnels" USING btree ("tunnel_owner");