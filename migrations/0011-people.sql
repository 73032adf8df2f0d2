-- People and their sessions. A person's row follows from the ledger; sessions do not, and end with the
-- database that they were made in.
CREATE TABLE lapse.people (
  tenant_id  text NOT NULL REFERENCES lapse.tenants,
  person_id  text NOT NULL,
  version    integer NOT NULL,
  state      json NOT NULL,
  -- Lower case: one address is one person.
  email      text,
  active     boolean NOT NULL,
  PRIMARY KEY (tenant_id, person_id)
);
CREATE UNIQUE INDEX people_by_email ON lapse.people (tenant_id, email);

-- Who a provider of sign-in says somebody is.
CREATE TABLE lapse.person_subjects (
  tenant_id  text NOT NULL,
  person_id  text NOT NULL,
  issuer     text NOT NULL,
  subject    text NOT NULL,
  PRIMARY KEY (tenant_id, issuer, subject)
);
CREATE INDEX person_subjects_by_person ON lapse.person_subjects (tenant_id, person_id);

-- Times are real. Of the secret there is its SHA-256 alone.
CREATE TABLE lapse.sessions (
  tenant_id    text NOT NULL REFERENCES lapse.tenants,
  session_id   text NOT NULL,
  secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
  person_id    text NOT NULL,
  -- How the person signed in: method, issuer, subject.
  signed_in    json NOT NULL,
  -- What signs out at the provider as well: the provider's name, and its ID token, sealed.
  provider     json,
  user_agent   text,
  created_at   timestamptz(3) NOT NULL,
  seen_at      timestamptz(3) NOT NULL,
  ends_at      timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, session_id)
);
CREATE UNIQUE INDEX sessions_by_secret ON lapse.sessions (tenant_id, secret_hash);
CREATE INDEX sessions_by_person ON lapse.sessions (tenant_id, person_id);

-- One-time links: for the first sign-in, and for who is locked out. Made on the server's own machine.
CREATE TABLE lapse.sign_in_links (
  tenant_id    text NOT NULL REFERENCES lapse.tenants,
  secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
  person_id    text NOT NULL,
  ends_at      timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, secret_hash)
);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['people', 'person_subjects', 'sessions', 'sign_in_links'] LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON lapse.people TO lapse_app, lapse_worker;
GRANT SELECT, INSERT, DELETE ON lapse.person_subjects TO lapse_app, lapse_worker;
GRANT SELECT, INSERT, DELETE, UPDATE (seen_at) ON lapse.sessions TO lapse_app;
GRANT SELECT, DELETE ON lapse.sessions, lapse.sign_in_links TO lapse_worker;
GRANT SELECT, DELETE ON lapse.sign_in_links TO lapse_app;
GRANT INSERT ON lapse.sign_in_links TO lapse_worker;
