/** The migrated, empty database that every test's own is cloned from. */
export const TEMPLATE_DATABASE = 'lapse_template';

/** The logins that the template is migrated with; they exist in the run's own server alone. */
export const APPLICATION_LOGIN = { name: 'lapse_test_application', password: 'application' };
export const WORKER_LOGIN = { name: 'lapse_test_worker', password: 'worker' };
export const RETENTION_LOGIN = { name: 'lapse_test_retention', password: 'retention' };
