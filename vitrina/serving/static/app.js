// The page: what stands in the address bar is what is shown. Words, a picture or a product to search by, and the keys.

import { ApiError, call, upload } from "./api.js";
import { announce, h } from "./dom.js";
import { productView } from "./product.js";
import { nameOf, resultsView } from "./results.js";
import { products, say, sayError, speak, translate } from "./words.js";

const main = document.getElementById("main");
const form = document.getElementById("search");
const words = document.getElementById("words");
const file = document.getElementById("file");
const drop = document.getElementById("drop");

const PICTURE_PROBLEMS = new Set(["not_a_picture", "empty", "too_large", "too_many_pixels", "picture_forgotten"]);
const MISSING = new Set(["no_product", "nothing_here"]);

let about = null;
let shown = null; // what is on the page: its address, its node and how to stop it
const left = new Map(); // results that were left for a product, so that going back is instant and stands where it stood

export function go(where, { replace = false } = {}) {
  remember();
  history[replace ? "replaceState" : "pushState"]({ inside: true }, "", where);
  show({ fresh: true });
}

function remember() {
  if (shown?.kind !== "results" || !shown.ready) return;
  shown.scroll = scrollY;
  left.delete(shown.where);
  left.set(shown.where, shown);
  if (left.size > 6) left.delete(left.keys().next().value);
}

async function show({ fresh }) {
  if (!shown?.ready) shown?.stop();
  const where = location.pathname + location.search;
  const kept = fresh ? null : left.get(where);
  const query = new URLSearchParams(location.search);
  const id = location.pathname.startsWith("/product/") ? location.pathname.slice("/product/".length) : null;
  fill(id === null ? query : new URLSearchParams());
  if (kept) {
    shown = kept;
    main.replaceChildren(kept.node);
    scrollTo(0, kept.scroll);
    kept.refocus();
    return;
  }
  scrollTo(0, 0);
  const stopping = new AbortController();
  const node = h("div", { class: id === null ? "results" : "product" });
  const mine = { kind: id === null ? "results" : "product", where, node, stop: () => stopping.abort(), refocus: () => {}, ready: false, scroll: 0 };
  shown = mine;
  main.replaceChildren(node);
  try {
    if (id === null && location.pathname !== "/") throw new ApiError("nothing_here", "");
    const tools = { node, signal: stopping.signal, go, about, query };
    const view = id === null ? await resultsView(tools) : await productView({ ...tools, id: decoded(id) });
    mine.refocus = view.refocus;
    mine.ready = true;
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error.code === "picture_forgotten") fill(new URLSearchParams({ text: query.get("text") ?? "" }));
    node.replaceChildren(problem(error));
  }
}

function decoded(id) {
  try { return decodeURIComponent(id); } catch { throw new ApiError("no_product", ""); }
}

function problem(error) {
  console.info(error);
  const text = error instanceof ApiError ? sayError(error) : String(error);
  announce(text);
  // What would help: another picture, nothing (what is not there stays so), or the same once more.
  const again = PICTURE_PROBLEMS.has(error.code) ? h("button", { type: "button", class: "primary", onclick: () => file.click() }, say("choose"))
    : MISSING.has(error.code) ? null : h("button", { type: "button", class: "primary", onclick: () => show({ fresh: true }) }, say("again"));
  return h("section", { class: "empty" },
    h("h1", {}, say("failed")), h("p", {}, text),
    h("p", { class: "row" }, again,
      h("a", { class: "button", href: "/", onclick: inside }, say("front"))));
}

// The search bar says what is searched by.
function fill(query) {
  words.value = query.get("text") ?? "";
  const chips = [];
  const picture = query.get("picture");
  if (picture) chips.push(chip("picture", say("picture_chip"), `/api/pictures/${picture}`));
  const like = query.get("like");
  if (like) chips.push(likeChip(like));
  document.getElementById("chips").replaceChildren(...chips);
  words.dataset.placeholder = picture || like ? "words_but" : "words_hint";
  words.placeholder = say(words.dataset.placeholder);
}

function chip(name, text, source) {
  const label = h("span", {}, text);
  return h("span", { class: "chip", "data-chip": name },
    source ? h("img", { src: source, alt: "" }) : null, label,
    h("button", { type: "button", "aria-label": say("remove", text), onclick: () => change({ [name]: null }) }, "×"));
}

function likeChip(id) {
  const made = chip("like", say("like_chip", id), null);
  call(`/api/products/${encodeURIComponent(id)}`).then((product) => {
    made.querySelector("span").textContent = say("like_chip", nameOf(product.titles, product.category, id));
    if (product.picture_count) {
      made.prepend(h("img", { src: `/api/products/${encodeURIComponent(id)}/pictures/0?width=160&version=${product.version}`, alt: "" }));
    }
  }).catch(() => {});
  return made;
}

function change(values) {
  const query = location.pathname === "/" ? new URLSearchParams(location.search) : new URLSearchParams();
  for (const [name, value] of Object.entries(values)) value ? query.set(name, value) : query.delete(name);
  const text = query.toString();
  go(text ? `/?${text}` : "/");
}

async function searchBy(picture) {
  announce(say("reading"));
  document.body.classList.add("busy");
  try {
    const taken = await upload(picture);
    change({ picture: taken.picture, like: null, text: words.value.trim() });
    words.focus({ preventScroll: true });
  } catch (error) {
    remember();
    shown?.stop();
    shown = { kind: "problem", where: "", node: null, stop: () => {}, refocus: () => {}, ready: false };
    main.replaceChildren(problem(error));
  } finally {
    document.body.classList.remove("busy");
  }
}

function pictureIn(data) {
  return [...(data?.files ?? [])][0] ?? null;
}

function inside(event) {
  const link = event.target.closest?.("a[href^='/']");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.hasAttribute("download") || link.getAttribute("href").match(/^\/(docs|api|login|static)/)) return;
  event.preventDefault();
  event.stopPropagation();
  go(link.getAttribute("href"));
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select") !== null;
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    words.focus();
    words.select();
  } else if (event.key === "Escape") {
    if (isTyping) event.target.blur();
    else if (shown?.kind === "product") history.state?.inside ? history.back() : go("/");
    else if (location.search) go("/");
  } else if (event.key === "ArrowDown" && event.target === words) {
    const first = main.querySelector(".card");
    if (first) { event.preventDefault(); first.focus(); }
  } else if (event.key.startsWith("Arrow") && !isTyping) move(event);
}

// Arrows go from card to card as they lie; on a product's own pictures they are its gallery's.
function move(event) {
  const cards = [...main.querySelectorAll(".card")];
  const from = cards.indexOf(document.activeElement);
  if (from < 0) {
    if (shown?.kind === "results" && cards.length && document.activeElement === document.body) {
      event.preventDefault();
      cards[0].focus();
    }
    return;
  }
  event.preventDefault();
  const here = cards[from].getBoundingClientRect();
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) return cards[from + step]?.focus();
  const down = event.key === "ArrowDown";
  const rows = cards.map((card) => ({ card, box: card.getBoundingClientRect() }))
    .filter(({ box }) => (down ? box.top > here.top + 4 : box.top < here.top - 4));
  const nearest = Math[down ? "min" : "max"](...rows.map(({ box }) => box.top));
  const line = rows.filter(({ box }) => Math.abs(box.top - nearest) < 4);
  if (!line.length) return down ? undefined : words.focus();
  line.sort((one, other) => Math.abs(one.box.left - here.left) - Math.abs(other.box.left - here.left))[0].card.focus();
}

function sayAbout() {
  if (about) document.getElementById("about").textContent = `${products(about.products)} · ${about.model}`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  change({ text: words.value.trim() });
  words.blur();
});
document.getElementById("choose").addEventListener("click", () => file.click());
file.addEventListener("change", () => { if (file.files[0]) searchBy(file.files[0]); file.value = ""; });
document.addEventListener("paste", (event) => {
  const picture = pictureIn(event.clipboardData);
  if (picture) { event.preventDefault(); searchBy(picture); }
});
let depth = 0;
document.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; drop.hidden = false; });
document.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) { depth = 0; drop.hidden = true; } });
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  drop.hidden = true;
  const picture = pictureIn(event.dataTransfer);
  if (picture) searchBy(picture);
  else if (event.dataTransfer?.types.length) main.replaceChildren(problem(new ApiError("no_link", say("no_link"))));
});
document.addEventListener("click", inside);
document.addEventListener("keydown", keys);
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => { left.clear(); speak(button.dataset.language); sayAbout(); show({ fresh: true }); });
}
addEventListener("popstate", () => { remember(); show({ fresh: false }); });

history.scrollRestoration = "manual";
translate();
call("/api/about").then((answer) => { about = answer; sayAbout(); }).catch(() => {}).finally(() => show({ fresh: true }));
