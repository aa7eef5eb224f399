// What a status page does over time: a refresh leaves the focus and what is opened as
// they are, a screen reader is told only what is new, and a worker that has ended is
// said to have.
//
//   node live.mjs FILE    with a status page that was kept
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {Browser} from './cdp.mjs';

const page = readFileSync(process.argv[2], 'utf8');
let asked = 0;
const server = createServer((request, response) => {
  asked++;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(page.replace(/(<span class="quiet">at <time[^>]*>)[^<]*/, `$1refresh ${asked}`));
});
await new Promise(ready => server.listen(0, '127.0.0.1', ready));

let failed = 0, passed = 0;
const check = (what, ok) => { ok ? passed++ : failed++; if (!ok) console.log(`FAIL ${what}`); };
const until = async f => { for (let i = 0; i < 300; i++) { if (await f()) return true; await new Promise(r => setTimeout(r, 100)); } return false; };

const browser = new Browser();
const tab = await browser.tab();
await tab.send('Page.enable');
const loaded = tab.event('Page.loadEventFired');
await tab.send('Page.navigate', {url: `http://127.0.0.1:${server.address().port}/`});
await loaded;
await tab.evaluate(() => {
  const s = document.querySelector('summary');
  s.click();
  s.focus();
  window.told = 0;
  new MutationObserver(() => window.told++).observe(document.querySelector('[role=status]'), {subtree: true, childList: true, characterData: true});
});
const first = asked;
check('the page is refreshed', await until(() => asked >= first + 2));
const drawn = await until(() => tab.evaluate(n => document.querySelector('#now time').textContent > `refresh ${n}`, first));
check('what is new is shown', drawn);
check('the focus stays', await tab.evaluate(() => document.activeElement.tagName === 'SUMMARY'));
check('what was opened stays open', await tab.evaluate(() => document.querySelector('details').open));
check('nothing is told again', await tab.evaluate(() => window.told === 0));
check('the worker answers', await tab.evaluate(() => document.getElementById('lost').hidden));
const shown = await tab.evaluate(() => document.querySelector('#joblist').textContent);
server.close();
server.closeAllConnections();
check('a worker that has ended is said to have', await until(() => tab.evaluate(() => !document.getElementById('lost').hidden)));
check('the last figures stay', await tab.evaluate(s => document.querySelector('#joblist').textContent === s, shown));
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
