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
CREATE INDEX "orders_expires" ON "orders" USING btree ("expires_at");