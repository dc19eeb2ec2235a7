CREATE TABLE "api_keys" (
	"key_id" text PRIMARY KEY NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"owner" text NOT NULL,
	"name" text NOT NULL,
	"scopes" text[] NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_life" CHECK ("api_keys"."expires_at" >= "api_keys"."created_at")
);
--> statement-breakpoint
CREATE INDEX "api_keys_owner" ON "api_keys" USING btree ("owner","created_at");