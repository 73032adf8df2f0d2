-- A review that is owed while a record is in force already is a task until it is decided.
ALTER TABLE lapse.tasks DROP CONSTRAINT tasks_kind_check;
ALTER TABLE lapse.tasks ADD CONSTRAINT tasks_kind_check
  CHECK (kind IN ('quarantine', 'ledger-diverged', 'chain-decision', 'review-owed'));
