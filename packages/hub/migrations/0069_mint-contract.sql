CREATE TABLE "mint_contracts" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"name" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mint_contracts_one" CHECK ("mint_contracts"."id" = 1)
);
