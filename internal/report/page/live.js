"use strict";
// Every two seconds: fetch the page anew, and replace what has changed. Nothing
// that can have the focus lies inside of what is replaced.
const every = 2000, lost = document.getElementById("lost");
async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, {cache: "no-store", redirect: "error", signal: AbortSignal.timeout(10000)});
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(old.id);
      if (now && now.innerHTML !== old.innerHTML) old.replaceChildren(...now.childNodes);
    }
    document.title = fresh.title;
    if (!lost.hidden) lost.hidden = true;
  } catch {
    if (lost.hidden) lost.hidden = false;
  }
}
async function loop() {
  await refresh();
  setTimeout(loop, every);
}
setTimeout(loop, every);
document.addEventListener("visibilitychange", refresh);
