CREATE TABLE "vault_secrets" (
	"name" text PRIMARY KEY NOT NULL,
	"key_id" text NOT NULL,
	"nonce" "bytea" NOT NULL,
	"box" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
