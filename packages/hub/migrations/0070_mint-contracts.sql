ALTER TABLE "mint_contracts" DROP CONSTRAINT "mint_contracts_one";--> statement-breakpoint
DROP INDEX "mint_slots_place";--> statement-breakpoint
ALTER TABLE "mint_attempts" DROP CONSTRAINT "mint_attempts_kind_epoch_chain_part_attempt_pk";--> statement-breakpoint
ALTER TABLE "mint_batches" DROP CONSTRAINT "mint_batches_kind_epoch_chain_part_pk";--> statement-breakpoint
ALTER TABLE "mint_contracts" ALTER COLUMN "id" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "mint_slots" DROP CONSTRAINT "mint_slots_pkey";--> statement-breakpoint
ALTER TABLE "mint_attempts" ADD COLUMN "contract" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "mint_batches" ADD COLUMN "contract" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "mint_contracts" ADD COLUMN "until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "mint_epochs" ADD COLUMN "contract" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "mint_slots" ADD COLUMN "contract" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "mint_attempts" ADD CONSTRAINT "mint_attempts_kind_epoch_chain_part_contract_attempt_pk" PRIMARY KEY("kind","epoch","chain","part","contract","attempt");--> statement-breakpoint
ALTER TABLE "mint_batches" ADD CONSTRAINT "mint_batches_kind_epoch_chain_part_contract_pk" PRIMARY KEY("kind","epoch","chain","part","contract");--> statement-breakpoint
ALTER TABLE "mint_slots" ADD CONSTRAINT "mint_slots_account_id_contract_pk" PRIMARY KEY("account_id","contract");--> statement-breakpoint
CREATE UNIQUE INDEX "mint_contracts_present" ON "mint_contracts" USING btree (("until" is null)) WHERE "mint_contracts"."until" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "mint_slots_place" ON "mint_slots" USING btree ("contract","chain","slot");--> statement-breakpoint
ALTER TABLE "mint_contracts" ADD CONSTRAINT "mint_contracts_name_unique" UNIQUE("name");
