DROP INDEX "stoicism_events_owner";--> statement-breakpoint
CREATE INDEX "stoicism_events_owner" ON "stoicism_events" USING btree ("owner_email","ran_at","sequence","hour","kind","amount");