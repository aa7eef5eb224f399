// Looks at pages in Chromium and says what is wrong with them.
//
//   node look.mjs OUT [--docs FOLDER] NAME=URL…
//
// A URL may be serve:FILE for a live page that was kept: it is served as it is.
// Each page is opened at 1280 and 400 pixels, light and dark, and printed: nothing
// may be logged as an error, nothing asked of the network but of the page's own
// server, nothing stick out, every text have contrast, the keyboard reach
// everything. OUT gets the PDFs and the pictures, in slices; FOLDER the first slice of
// each, for the documents.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {Browser} from './cdp.mjs';
import * as inside from './inside.mjs';

const args = process.argv.slice(2);
const out = args.shift();
const docs = args[0] === '--docs' ? args.splice(0, 2)[1] : '';
const slice = 1500; // a picture's height, in pixels
mkdirSync(out, {recursive: true});
if (docs) mkdirSync(docs, {recursive: true});

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(readFileSync(decodeURIComponent(request.url)));
});
await new Promise(ready => server.listen(0, '127.0.0.1', ready));

const browser = new Browser();
let failed = 0, checks = 0;
const check = (where, wrong) => {
  checks++;
  for (const w of wrong) { failed++; console.log(`FAIL ${where}: ${w}`); }
};

for (const pair of args) {
  const i = pair.indexOf('=');
  const [name, given] = [pair.slice(0, i), pair.slice(i + 1)];
  const kept = given.startsWith('serve:');
  const url = kept ? `http://127.0.0.1:${server.address().port}${given.slice(6)}` : given;
  for (const width of [1280, 400]) {
    for (const scheme of ['light', 'dark']) await look(name, url, width, scheme, kept);
  }
}
await browser.close();
server.close();
server.closeAllConnections();
console.log(`${checks - failed} passed, ${failed} failed`);
process.exitCode = failed || !checks ? 1 : 0;

async function look(name, url, width, scheme, kept) {
  const where = `${name} at ${width}, ${scheme}`;
  const errors = [], requests = [];
  const origin = new URL(url).origin;
  const tab = await browser.tab((method, p) => {
    if (method === 'Runtime.exceptionThrown') errors.push(p.exceptionDetails.exception?.description || p.exceptionDetails.text);
    if (method === 'Runtime.consoleAPICalled') errors.push(`console.${p.type}`);
    if (method === 'Log.entryAdded') errors.push(`${p.entry.level}: ${p.entry.text}`);
    if (method === 'Audits.issueAdded') errors.push(`issue: ${p.issue.code} ${JSON.stringify(p.issue.details).slice(0, 300)}`);
    if (method === 'Network.requestWillBeSent' && p.type !== 'Document' && !p.request.url.startsWith('data:')) requests.push(p.request.url);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Audits', 'Accessibility']) await tab.send(`${domain}.enable`);
  await tab.send('Emulation.setDeviceMetricsOverride', {width, height: 900, deviceScaleFactor: 1, mobile: width < 600});
  await tab.send('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: scheme}]});
  const loaded = tab.event('Page.loadEventFired');
  await tab.send('Page.navigate', {url});
  await loaded;
  // A live page is given time to refresh itself.
  const live = origin !== 'null' && await tab.evaluate(() => !!document.querySelector('[data-live]'));
  const stamp = () => tab.evaluate(() => document.querySelector('#now time')?.dateTime);
  const before = await stamp();
  if (live && !kept) await new Promise(r => setTimeout(r, 5000));
  if (live && !kept && await stamp() === before) check(where, ['a live page that does not refresh itself']);

  const {cssContentSize: {height}} = await tab.send('Page.getLayoutMetrics');
  const shot = async (file, y, most) => {
    const clip = {x: 0, y, width, height: Math.min(most, height - y), scale: 1};
    const {data} = await tab.send('Page.captureScreenshot', {captureBeyondViewport: true, clip});
    const bytes = Buffer.from(data, 'base64');
    writeFileSync(file, bytes);
    return bytes.length;
  };
  for (let y = 0, n = 1; y < height; y += slice, n++) await shot(`${out}/${name}-${width}-${scheme}-${n}.png`, y, slice);
  if (docs) {
    const size = await shot(`${docs}/${name}-${width}-${scheme}.png`, 0, slice);
    if (size > 200_000) check(where, [`the picture for the documents has ${size} bytes`]);
  }

  check(where, await tab.evaluate(inside.layout));
  check(where, await tab.evaluate(inside.contrast));
  check(where, await tab.evaluate(inside.structure));
  check(where, await keyboard(tab));
  check(where, await tree(tab));
  check(where, errors);
  check(where, requests.filter(r => !live || r !== url).map(r => `asked for ${r}`));

  if (width === 1280) {
    const {data} = await tab.send('Page.printToPDF', {preferCSSPageSize: true, printBackground: true, displayHeaderFooter: false});
    writeFileSync(`${out}/${name}-${scheme}.pdf`, Buffer.from(data, 'base64'));
  }
  await tab.close();
}

// The keyboard reaches everything that it should, in the order of the page, and
// what it reaches is seen.
async function keyboard(tab) {
  const wrong = [];
  const want = await tab.evaluate(() => [...document.querySelectorAll('a[href],summary,[tabindex="0"]')].filter(e => e.checkVisibility({contentVisibilityAuto: true})).length);
  let before = -1;
  for (let i = 0; i < want; i++) {
    for (const type of ['keyDown', 'keyUp']) await tab.send('Input.dispatchKeyEvent', {type, key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9});
    const at = await tab.evaluate(() => {
      const e = document.activeElement, r = e.getBoundingClientRect();
      return {
        place: [...document.querySelectorAll('*')].indexOf(e), tag: e.tagName, live: !!e.closest('[data-live]'),
        seen: r.width > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0, ring: getComputedStyle(e).outlineStyle !== 'none',
      };
    });
    if (at.place <= before) wrong.push(`the focus goes back, to ${at.tag}`);
    if (!at.seen || !at.ring) wrong.push(`the focus on ${at.tag} is not seen`);
    if (at.live) wrong.push(`${at.tag} would lose the focus at the next refresh`);
    before = at.place;
  }
  return wrong;
}

// The accessibility tree has the landmarks, and a name for whatever needs one.
async function tree(tab) {
  const wrong = [];
  const {nodes} = await tab.send('Accessibility.getFullAXTree');
  const roles = nodes.filter(n => !n.ignored).map(n => [n.role.value, n.name?.value || '']);
  for (const want of ['main', 'banner', 'contentinfo']) if (!roles.some(([r]) => r === want)) wrong.push(`no landmark ${want}`);
  for (const [role, name] of roles) {
    if (['image', 'img', 'table', 'region', 'link', 'navigation'].includes(role) && !name) wrong.push(`a ${role} without a name`);
  }
  return wrong;
}
