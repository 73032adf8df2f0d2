// The one script of Lapse's plain pages: it registers and removes passkeys, and signs approvals.

/** Sends JSON to this server; throws what it says where it refuses. */
async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.status === 204) return undefined;
  const said = await answer.json();
  if (said.code === 'sign-in-again') {
    // It leads back here, where the button is pressed once more.
    location.assign(`/sign-in/again?to=${encodeURIComponent(location.pathname)}`);
    return new Promise(() => {});
  }
  if (!answer.ok) throw new Error(said.detail ?? said.title);
  return said;
}

/** Why a browser has made nothing, for people: its own names say little. */
function whyNot({ name, message }) {
  if (name === 'NotAllowedError') return 'Nothing was signed: it was cancelled, or took too long.';
  if (name === 'InvalidStateError') return 'This device is registered already.';
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${message.endsWith('.') ? '' : '.'}`;
}

/** Runs what a button does, once at a time, and says where it fails. */
function onClick(button, act) {
  button.addEventListener('click', async (event) => {
    if (button.form && !button.form.reportValidity()) return;
    event.preventDefault();
    const status = document.querySelector('[role=status]');
    button.disabled = true;
    status.textContent = '';
    try {
      await act();
    } catch (error) {
      status.textContent = whyNot(error);
      status.scrollIntoView({ block: 'nearest' });
    } finally {
      button.disabled = false;
    }
  });
}

function entered(form, name) {
  return new FormData(form).get(name)?.trim() || undefined;
}

function registering(form) {
  onClick(form.querySelector('button'), async () => {
    const options = await ask('POST', '/v1/me/passkeys/challenge');
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = await navigator.credentials.create({ publicKey });
    const body = { name: entered(form, 'name'), credential: credential.toJSON() };
    await ask('POST', '/v1/me/passkeys', body);
    location.reload();
  });
}

function removing(button) {
  onClick(button, async () => {
    if (!confirm(`Remove ${button.dataset.name}? It will sign nothing any more.`)) return;
    await ask('DELETE', `/v1/me/passkeys/${button.dataset.remove}`);
    location.reload();
  });
}

/** An instant as people read it, in UTC. */
function timeText(text) {
  const options = { dateStyle: 'full', timeStyle: 'short', timeZone: 'UTC' };
  return `${new Intl.DateTimeFormat('en-GB', options).format(new Date(text))} UTC`;
}

/** Shows what would be signed, in words. */
function show(statement) {
  const { consumer, on_behalf_of: other } = statement;
  const words = {
    title: statement.title,
    end: timeText(statement.ends_at),
    role: `${statement.role}${consumer ? ` of ${consumer}` : ''}`,
    other: other ? other.name : '',
    reason: statement.reason,
    digest: statement.statement_digest,
  };
  for (const [name, text] of Object.entries(words)) {
    for (const place of document.querySelectorAll(`[data-say=${name}]`)) {
      place.textContent = text;
      place.closest('[data-row]')?.toggleAttribute('hidden', text === '');
    }
  }
}

function signing(form) {
  const path = `/v1/exceptions/${form.dataset.id}/approve`;
  const steps = [form, document.querySelector('#signing')];
  const step = (shown) => {
    for (const each of steps) each.hidden = each !== steps[shown];
    document.querySelector('h1').scrollIntoView();
  };
  let prepared;
  onClick(form.querySelector('button'), async () => {
    const [role, consumer, person] = JSON.parse(entered(form, 'as'));
    const terms = {
      reason: entered(form, 'reason'),
      ...{ role, consumer: consumer ?? undefined, for: person ?? undefined },
      change: form.dataset.change || undefined,
    };
    const { statement, options } = await ask('POST', `${path}/challenge`, terms);
    prepared = { terms, options };
    show(statement);
    step(1);
  });
  onClick(document.querySelector('#sign'), async () => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(prepared.options);
    const credential = await navigator.credentials.get({ publicKey });
    const record = await ask('POST', path, { ...prepared.terms, signature: credential.toJSON() });
    document.querySelector('#signed [data-say=status]').textContent = record.status;
    document.querySelector('#waits').hidden = true;
    steps.push(document.querySelector('#signed'));
    step(2);
  });
  onClick(document.querySelector('#back'), async () => step(0));
}

const canSign = 'PublicKeyCredential' in window;
if (!canSign)
  document.querySelector('[role=status]').textContent =
    'This browser has no passkeys here: they take an https address, or localhost.';
const register = document.querySelector('#register');
if (register && canSign) registering(register);
for (const button of document.querySelectorAll('[data-remove]')) removing(button);
const approve = document.querySelector('#approve');
if (approve && canSign) signing(approve);
