CREATE TABLE "receipt_roots" (
	"hub_hour" integer NOT NULL,
	"pass" smallint NOT NULL,
	"number" bigint,
	"count" integer,
	"sealed" "bytea",
	"region" "bytea",
	"instance" "bytea",
	"sealed_at" timestamp (3) with time zone,
	CONSTRAINT "receipt_roots_hub_hour_pass_pk" PRIMARY KEY("hub_hour","pass")
);
--> statement-breakpoint
CREATE TABLE "settled_receipts" (
	"hub_hour" integer NOT NULL,
	"node_id" text COLLATE "C" NOT NULL,
	"revision" smallint NOT NULL,
	"pass" smallint NOT NULL,
	"body" "bytea" NOT NULL,
	CONSTRAINT "settled_receipts_hub_hour_node_id_revision_pk" PRIMARY KEY("hub_hour","node_id","revision")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "receipt_roots_number" ON "receipt_roots" USING btree ("number");--> statement-breakpoint
CREATE INDEX "receipt_roots_open" ON "receipt_roots" USING btree ("hub_hour","pass") WHERE "receipt_roots"."number" is null;--> statement-breakpoint
CREATE FUNCTION "refuse_change_of_receipts"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION '% are signed: another word is a revision of its own', TG_TABLE_NAME;
END $$;--> statement-breakpoint
CREATE TRIGGER "settled_receipts_fixed" BEFORE UPDATE ON "settled_receipts" FOR EACH ROW EXECUTE FUNCTION "refuse_change_of_receipts"();--> statement-breakpoint
CREATE TRIGGER "receipt_roots_fixed" BEFORE DELETE OR UPDATE ON "receipt_roots" FOR EACH ROW WHEN (OLD."number" IS NOT NULL) EXECUTE FUNCTION "refuse_change_of_receipts"();--> statement-breakpoint
ALTER TABLE "scores" DISABLE TRIGGER "scores_append_only";--> statement-breakpoint
UPDATE "scores" s SET "hash" = substring(sha512(convert_to(b."breakdown", 'UTF8')) from 1 for 32) FROM "score_breakdowns" b WHERE b."node_id" = s."node_id" AND b."version" = s."version";--> statement-breakpoint
ALTER TABLE "scores" ENABLE TRIGGER "scores_append_only";
