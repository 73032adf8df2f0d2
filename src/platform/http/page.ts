import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** Text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** HTML of a template whose values are escaped, except those that are HTML already. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const written = parts.map(
    (part, index) => part + (index < values.length ? write(values[index]) : ''),
  );
  return new Html(written.join(''));
}

type HtmlValue = string | number | undefined | Html | readonly Html[];

function write(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map((each: Html) => each.text).join('');
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1a202c;--soft:#566073;--paper:#f4f5f8;--card:#fff;--line:#d8dce5;--act:#1d4ed8;--on:#fff;--bad:#b42318}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf2;--soft:#a4adbf;--paper:#12151c;--card:#1b2029;--line:#333b49;--act:#7aa2ff;--on:#10141c;--bad:#ff9a8d}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{width:min(30rem,100%);background:var(--card);border:1px solid var(--line);border-radius:12px;padding:2rem}
h1{margin:0 0 .25rem;font-size:1.4rem}
p{margin:.5rem 0;color:var(--soft)}
a.act,button{display:block;width:100%;margin-top:.75rem;padding:.7rem 1rem;border:0;border-radius:8px;background:var(--act);color:var(--on);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
button.quiet,a.quiet{background:none;color:var(--act);border:1px solid var(--line)}
button:disabled{opacity:.55;cursor:progress}
h2{margin:1.5rem 0 .25rem;font-size:1.1rem}
ul{list-style:none;margin:1rem 0;padding:0}
li{display:flex;gap:1rem;align-items:center;justify-content:space-between;padding:.75rem 0;border-top:1px solid var(--line)}
li button{width:auto;margin:0;padding:.4rem .8rem}
li strong,li small{display:block;overflow-wrap:anywhere}
small{color:var(--soft)}
code{font-size:.8rem;overflow-wrap:anywhere}
p a{color:var(--act)}
.said{color:var(--bad);font-weight:600}.said:empty{display:none}
dl>div{display:contents}
[hidden],dl>div[hidden]{display:none}
@media(max-width:30rem){body{padding:.75rem}main{padding:1.25rem}dt{font-size:.875rem}}
a:focus-visible,button:focus-visible,input:focus-visible,textarea:focus-visible,select:focus-visible{outline:3px solid var(--act);outline-offset:2px}
dl{display:grid;grid-template-columns:auto 1fr;gap:.35rem 1rem;margin:1rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
label{display:block;margin-top:.75rem}
input,textarea,select{width:100%;padding:.6rem;border:1px solid var(--line);border-radius:8px;background:var(--paper);color:var(--ink);font:inherit}
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** What a page may have beside its body. */
export interface PageOptions {
  readonly status?: number;
  /** The path of a script of this server; without one the page runs none. */
  readonly script?: string;
}

/** A page: its style, its own forms and the script that it names are all that its policy lets through. */
export function sendPage(
  reply: FastifyReply,
  title: string,
  body: Html,
  { status = 200, script }: PageOptions = {},
): FastifyReply {
  // No tagged template: bundlers rewrite those in which a script ends.
  const scripted = new Html(
    script === undefined ? '' : `<script src="${script}" type="module"></script>`,
  );
  const scripts = script === undefined ? '' : "script-src 'self';connect-src 'self';";
  const page = html`<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title} · Lapse</title>
<style>${new Html(STYLE)}</style>${scripted}</head><body><main>${body}</main></body></html>`;
  return reply
    .code(status)
    .headers({
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none';${scripts}style-src 'sha256-${STYLE_HASH}';form-action 'self';base-uri 'none';frame-ancestors 'none'`,
    })
    .type('text/html; charset=utf-8')
    .send(page.text);
}
