CREATE TABLE "audit_subjects" (
	"subject" text NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "audit_subjects_subject_seq_pk" PRIMARY KEY("subject","seq")
);
--> statement-breakpoint
ALTER TABLE "audit_subjects" ADD CONSTRAINT "audit_subjects_seq_audit_log_seq_fk" FOREIGN KEY ("seq") REFERENCES "public"."audit_log"("seq") ON DELETE no action ON UPDATE no action;