CREATE TABLE "mint_approvals" (
	"epoch" integer NOT NULL,
	"approval_id" text NOT NULL,
	"approval" "bytea" NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mint_approvals_epoch_approval_id_pk" PRIMARY KEY("epoch","approval_id")
);
--> statement-breakpoint
CREATE TABLE "mint_faults" (
	"place" text PRIMARY KEY NOT NULL,
	"code" text NOT NULL,
	"message" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "mint_approvals" ADD CONSTRAINT "mint_approvals_epoch_mint_epochs_epoch_fk" FOREIGN KEY ("epoch") REFERENCES "public"."mint_epochs"("epoch") ON DELETE no action ON UPDATE no action;