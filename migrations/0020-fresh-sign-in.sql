-- When somebody last showed who they are, by real time: at the provider, as far as it says, or with a
-- one-time link. What gives access asks for it (ADR 0042). Sessions from before have none.
ALTER TABLE lapse.sessions ADD COLUMN authenticated_at timestamptz(3);
