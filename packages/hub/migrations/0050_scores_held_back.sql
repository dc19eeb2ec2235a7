CREATE INDEX "scores_held_back" ON "scores" USING btree (("review_micro" - "micro") desc,"node_id") WHERE "scores"."review_micro" > "scores"."micro";--> statement-breakpoint
CREATE FUNCTION "refuse_change_of_scores"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION '% are append-only: a change is a version of its own', TG_TABLE_NAME;
END $$;
--> statement-breakpoint
CREATE TRIGGER "scores_append_only" BEFORE DELETE OR UPDATE ON "scores" FOR EACH ROW EXECUTE FUNCTION "refuse_change_of_scores"();--> statement-breakpoint
CREATE TRIGGER "score_breakdowns_append_only" BEFORE DELETE OR UPDATE ON "score_breakdowns" FOR EACH ROW EXECUTE FUNCTION "refuse_change_of_scores"();--> statement-breakpoint
CREATE TRIGGER "score_baselines_append_only" BEFORE DELETE OR UPDATE ON "score_baselines" FOR EACH ROW EXECUTE FUNCTION "refuse_change_of_scores"();
