/**
 * Runs of 0.1.0 filled rows into prompt_template alone. They go on so: a conversation is not told something else in its middle, and
 * transcripts say what was sent. Later runs fill system_prompt and follow_up, too, and have no such mark.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // Only where it may matter: both keys stand behind prompt_template in the JSON of a task.
  await sql`UPDATE runs SET task_json = '{"promptAlone":true,' || substr(task_json, 2)
    WHERE task_json LIKE ${'%"systemPrompt":%{{%'}`.execute(db);
}
