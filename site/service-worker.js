// Keeps the whole site in the browser, so that it works without a network after the first visit. JupyterLite's own
// service worker, which gives the kernel its files, goes on below. FILES and VERSION are set when the site is built.
const ROOT = new URL("./", self.location);
const KEPT = `${ROOT.pathname}${VERSION}`;
const SECONDS_FOR_THE_KERNEL_TO_START = 20;
const began = Date.now();
let keeping;

// The browser ends a service worker that has nothing to answer: so this is done beside an answer.
async function keepAll() {
  const kept = await caches.open(KEPT);
  const have = new Set((await kept.keys()).map((request) => request.url));
  const wanted = FILES.map((file) => new URL(file, ROOT).href).filter((url) => !have.has(url));
  await kept.addAll(wanted);
  const older = (name) => name.startsWith(ROOT.pathname) && name !== KEPT;
  await Promise.all((await caches.keys()).filter(older).map((name) => caches.delete(name)));
}

async function answer(request, url) {
  const kept = await (await caches.open(KEPT)).match(url);
  return kept ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  if (Date.now() - began > SECONDS_FOR_THE_KERNEL_TO_START * 1000) {
    event.waitUntil((keeping ??= keepAll().catch(() => (keeping = undefined))));
  }
  const url = new URL(event.request.url);
  if (event.request.method === "GET" && FILES.includes(decodeURI(url.pathname).slice(ROOT.pathname.length))) {
    url.search = "";
    event.stopImmediatePropagation();
    event.respondWith(answer(event.request, url));
  }
});

importScripts("jupyterlite-service-worker.js");
