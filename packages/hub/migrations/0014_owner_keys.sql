CREATE TABLE "owner_keys" (
	"owner" text NOT NULL,
	"serial" integer NOT NULL,
	"public_key" "bytea" NOT NULL,
	"made_in" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"replaced_at" timestamp (3) with time zone,
	"change" "bytea",
	CONSTRAINT "owner_keys_owner_serial_pk" PRIMARY KEY("owner","serial"),
	CONSTRAINT "owner_keys_made_in" CHECK ("owner_keys"."made_in" in ('file', 'browser'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "owner_keys_in_force" ON "owner_keys" USING btree ("owner") WHERE "owner_keys"."replaced_at" is null;