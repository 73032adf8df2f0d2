-- Passkeys that approvals are signed with. The keys themselves stand in the rows of people.

-- The domain and the addresses that a tenant's passkeys belong to; a row follows from the ledger.
CREATE TABLE lapse.relying_parties (
  tenant_id  text NOT NULL REFERENCES lapse.tenants,
  party_id   text NOT NULL,
  version    integer NOT NULL,
  state      json NOT NULL,
  PRIMARY KEY (tenant_id, party_id)
);

-- What a passkey is to sign next: once, and soon. Times are real.
CREATE TABLE lapse.passkey_challenges (
  tenant_id  text NOT NULL REFERENCES lapse.tenants,
  challenge  bytea NOT NULL CHECK (length(challenge) = 32),
  person_id  text NOT NULL,
  -- The approval that is signed, with its nonce; null where a passkey is registered.
  statement  json,
  nonce      bytea,
  ends_at    timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, challenge)
);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['relying_parties', 'passkey_challenges'] LOOP
    EXECUTE format('ALTER TABLE lapse.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_isolation ON lapse.%I TO lapse_app
      USING (tenant_id = lapse.current_tenant()) WITH CHECK (tenant_id = lapse.current_tenant())', name);
    EXECUTE format('CREATE POLICY every_tenant ON lapse.%I TO lapse_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON lapse.relying_parties TO lapse_app, lapse_worker;
GRANT SELECT, INSERT, DELETE ON lapse.passkey_challenges TO lapse_app;

SELECT lapse.allow_deletion_of_tenants();
