// Keeps the whole site in the browser, so that it works without a network after the first visit. JupyterLite's own
// service worker, which gives the kernel its files, goes on below. FILES and VERSION are set when the site is built.
const ROOT = new URL("./", self.location);
const KEPT = `${ROOT.pathname}${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES.map((file) => new URL(file, ROOT).href))));
});

self.addEventListener("activate", (event) => {
  const older = (name) => name.startsWith(ROOT.pathname) && name !== KEPT;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(older).map((name) => caches.delete(name)))));
});

async function answer(request, url) {
  const kept = await (await caches.open(KEPT)).match(url);
  return kept ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method === "GET" && FILES.includes(decodeURI(url.pathname).slice(ROOT.pathname.length))) {
    url.search = "";
    event.stopImmediatePropagation();
    event.respondWith(answer(event.request, url));
  }
});

importScripts("jupyterlite-service-worker.js");
