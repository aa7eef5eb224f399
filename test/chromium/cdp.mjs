// A Chromium without a window, steered over the DevTools protocol through a pipe
// (--remote-debugging-pipe: JSON messages, each ended by a zero byte).
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export class Browser {
  #child; #folder; #next = 1; #waiting = new Map(); #listeners = new Map(); #rest = '';

  constructor(program = process.env.CHROMIUM || 'chromium') {
    this.#folder = mkdtempSync(join(tmpdir(), 'relock-chromium-'));
    this.#child = spawn(program, [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--remote-debugging-pipe', `--user-data-dir=${this.#folder}`, 'about:blank',
    ], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
    this.#child.on('error', e => { console.error(`${program}: ${e.message}; install Debian's package chromium, or set CHROMIUM`); process.exit(1); });
    this.#child.stdio[4].setEncoding('utf8').on('data', text => {
      const parts = (this.#rest + text).split('\0');
      this.#rest = parts.pop();
      parts.forEach(p => this.#take(JSON.parse(p)));
    });
  }

  #take({id, error, result, method, params, sessionId}) {
    if (id) {
      const {resolve, reject, what} = this.#waiting.get(id);
      this.#waiting.delete(id);
      return error ? reject(new Error(`${what}: ${error.message}`)) : resolve(result);
    }
    (this.#listeners.get(sessionId) || []).forEach(l => l(method, params));
  }

  send(method, params = {}, sessionId) {
    const id = this.#next++;
    this.#child.stdio[3].write(JSON.stringify({id, method, params, sessionId}) + '\0');
    return new Promise((resolve, reject) => this.#waiting.set(id, {resolve, reject, what: method}));
  }

  // A new tab, whose events go to on(method, params).
  async tab(on = () => {}) {
    const {targetId} = await this.send('Target.createTarget', {url: 'about:blank'});
    const {sessionId} = await this.send('Target.attachToTarget', {targetId, flatten: true});
    const listeners = [on];
    this.#listeners.set(sessionId, listeners);
    const send = (method, params) => this.send(method, params, sessionId);
    return {
      send,
      evaluate: async (f, ...args) => {
        const expression = `(${f})(...${JSON.stringify(args)})`;
        const {result, exceptionDetails: e} = await send('Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true});
        if (e) throw new Error(e.exception?.description || e.text);
        return result.value;
      },
      event: name => new Promise(resolve => {
        const l = (method, params) => {
          if (method !== name) return;
          listeners.splice(listeners.indexOf(l), 1);
          resolve(params);
        };
        listeners.push(l);
      }),
      close: () => this.send('Target.closeTarget', {targetId}),
    };
  }

  async close() {
    const ended = new Promise(resolve => this.#child.on('exit', resolve));
    await this.send('Browser.close');
    await ended;
    rmSync(this.#folder, {recursive: true, force: true, maxRetries: 5});
  }
}
