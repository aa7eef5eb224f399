// What is asked inside of a page. Each function is sent to the browser as text and
// returns a list of what is wrong.

// Nothing sticks out to the side, no ID is there twice, and every picture's letters
// lie inside of it and apart.
export function layout() {
  const wrong = [];
  const shown = e => e.getClientRects().length > 0;
  const {scrollWidth} = document.documentElement;
  if (scrollWidth > innerWidth) wrong.push(`the page is ${scrollWidth} wide, the window ${innerWidth}`);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach(id => wrong.push(`the ID ${id} is there twice`));
  for (const e of document.querySelectorAll('body *')) {
    if (!shown(e) || e.closest('.scroll,.skip,.hide,thead')) continue;
    const r = e.getBoundingClientRect();
    const words = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim().length > 6);
    if (words && r.width < 60 && r.height > 90) wrong.push(`<${e.tagName}> is a column of letters: ${e.textContent.slice(0, 40)}`);
    if (r.width && (r.right > innerWidth + 0.5 || r.left < -0.5)) wrong.push(`<${e.tagName} class=${e.getAttribute('class')}> reaches from ${r.left} to ${r.right}: ${e.textContent.slice(0, 40)}`);
  }
  for (const svg of document.querySelectorAll('svg.chart')) {
    if (!shown(svg)) continue;
    const {width, height} = svg.viewBox.baseVal;
    const boxes = [...svg.querySelectorAll('text')].map(t => ({t: t.textContent, ...(({x, y, width, height}) => ({x, y, width, height}))(t.getBBox())}));
    for (const b of boxes) {
      if (b.x < 0 || b.y < 0 || b.x + b.width > width || b.y + b.height > height) wrong.push(`the label ${b.t} sticks out of its chart`);
      for (const c of boxes) {
        if (b !== c && b.x < c.x + c.width && c.x < b.x + b.width && b.y < c.y + c.height - 2 && c.y < b.y + b.height - 2) wrong.push(`the labels ${b.t} and ${c.t} overlap`);
      }
    }
    if (!svg.querySelector('path.line,path.bar')) wrong.push('a chart has no curve');
  }
  return wrong;
}

// The contrast of every text with what is behind it, as WCAG 2.2 has it (1.4.3).
export function contrast() {
  const wrong = new Set();
  const parse = c => (c.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  let texts = 0;
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.getClientRects().length || ['SCRIPT', 'NOSCRIPT', 'title', 'desc'].includes(e.tagName)) continue;
    texts++;
    const style = getComputedStyle(e);
    const [a, b] = [light(parse(e instanceof SVGElement ? style.fill : style.color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) wrong.add(`${ratio.toFixed(2)} for <${e.tagName} class=${e.getAttribute('class')}>`);
  }
  if (texts < 10) wrong.add(`only ${texts} texts were looked at`);
  return [...wrong];
}

// Tables have captions and scopes, pictures names, headings their order.
export function structure() {
  const wrong = [];
  const need = (selector, n = 1) => { if (document.querySelectorAll(selector).length !== n) wrong.push(`want ${n} of ${selector}`); };
  if (document.documentElement.lang !== 'en') wrong.push('no language');
  if (!document.title) wrong.push('no title');
  for (const one of ['h1', 'main', 'body>header', 'body>footer']) need(one);
  let level = 0;
  for (const h of document.querySelectorAll('h1,h2,h3,h4')) {
    const n = Number(h.tagName[1]);
    if (n > level + 1) wrong.push(`h${level} is followed by h${n}`);
    level = n;
  }
  for (const t of document.querySelectorAll('table')) if (!t.caption) wrong.push('a table without a caption');
  for (const th of document.querySelectorAll('th')) if (!th.scope) wrong.push('a th without a scope');
  for (const s of document.querySelectorAll('svg')) {
    if (s.getAttribute('aria-hidden') === 'true') continue;
    const by = s.getAttribute('aria-labelledby')?.split(' ').map(id => document.getElementById(id)?.textContent || '');
    if (s.getAttribute('role') !== 'img' || !(s.getAttribute('aria-label') || by?.every(Boolean))) wrong.push('a picture without a name');
  }
  for (const a of document.querySelectorAll('a[href^="#"]')) if (!document.getElementById(a.hash.slice(1))) wrong.push(`${a.hash} leads nowhere`);
  for (const r of document.querySelectorAll('[role=region],section')) if (!document.getElementById(r.getAttribute('aria-labelledby'))) wrong.push('a region without a name');
  if (document.querySelector('[style]')) wrong.push('a style attribute');
  if (document.querySelectorAll('script').length > (document.getElementById('lost') ? 1 : 0)) wrong.push('a script that is not ours');
  return wrong;
}
