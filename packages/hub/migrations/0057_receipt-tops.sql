CREATE TABLE "receipt_tops" (
	"hub_hour" integer NOT NULL,
	"pass" smallint NOT NULL,
	"roots" "bytea" NOT NULL,
	"firsts" "bytea" NOT NULL,
	CONSTRAINT "receipt_tops_hub_hour_pass_pk" PRIMARY KEY("hub_hour","pass")
);
--> statement-breakpoint
CREATE INDEX "settled_receipts_later" ON "settled_receipts" USING btree ("hub_hour","pass","node_id","revision") WHERE "settled_receipts"."pass" > 0;