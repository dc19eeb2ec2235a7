-- Which of these go together, and how often: taken for independent, "this version in that region" is guessed to be common where no node is.
CREATE STATISTICS "nodes_together" (mcv) ON "region", "version_key", "listed_state" FROM "nodes";
