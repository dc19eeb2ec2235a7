CREATE TABLE "join_steps" (
	"token_id" text NOT NULL,
	"step" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"detail" jsonb NOT NULL,
	CONSTRAINT "join_steps_token_id_step_pk" PRIMARY KEY("token_id","step"),
	CONSTRAINT "join_steps_step" CHECK ("join_steps"."step" in ('downloaded', 'key', 'refused', 'doctor'))
);
--> statement-breakpoint
ALTER TABLE "join_steps" ADD CONSTRAINT "join_steps_token_id_join_tokens_token_id_fk" FOREIGN KEY ("token_id") REFERENCES "public"."join_tokens"("token_id") ON DELETE cascade ON UPDATE no action;