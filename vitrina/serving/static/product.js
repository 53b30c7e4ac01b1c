// One product: its pictures, what is known and what the model sees, where things are in the picture, what is like it.

import { bytes, call, picture, product as productAddress } from "./api.js";
import { announce, h } from "./dom.js";
import { drawMask, hue } from "./masks.js";
import { card, nameOf } from "./results.js";
import { inOurs, language, languageName, money, percent, say, sayError } from "./words.js";

export async function productView({ node, signal, go, about, id }) {
  const shown = await call(productAddress(id), { signal });
  const title = nameOf(shown.titles, shown.category, shown.id);
  document.title = `${title} · Vitrina`;
  const can = about?.abilities ?? {};
  const gallery = shown.picture_count ? galleryOf(shown, title) : null;
  const finder = gallery && can.masks ? finderOf(shown, gallery, can) : null;
  const facts = h("section", { class: "facts" });
  node.replaceChildren(
    h("p", { class: "back" }, h("a", { href: "/", onclick: (event) => { if (history.state?.inside) { event.preventDefault(); event.stopPropagation(); history.back(); } } }, `‹ ${say("back")}`)),
    h("div", { class: "two" },
      h("div", { class: "pictures" }, gallery?.node ?? h("div", { class: "stage none" }, say("no_picture")), finder),
      h("div", { class: "about" }, heading(shown, title), facts, descriptions(shown))),
    can.neighbours ? similar(shown, go) : "");
  announce(title);
  factsInto(facts, shown, can);
  return { refocus: () => {} };
}

function heading(shown, title) {
  const path = shown.category.map((name, depth) =>
    h("a", { href: `/?${new URLSearchParams({ category: shown.category.slice(0, depth + 1).join(" > ") })}` }, name));
  const others = shown.titles.filter((each) => each.text !== title);
  return h("header", {},
    h("nav", { class: "path", "aria-label": say("category") }, path.flatMap((link, place) => (place ? [" › ", link] : [link]))),
    h("h1", {}, title),
    others.length ? h("ul", { class: "titles" }, others.map((each) => h("li", { lang: each.language }, each.text, tag(each.language)))) : null,
    h("p", { class: "money" }, shown.price === null ? null : h("strong", {}, money(shown.price, shown.currency)), shown.brand ? h("span", {}, shown.brand) : null,
      h("code", {}, shown.id)));
}

function tag(code) {
  return code ? h("span", { class: "tag", title: languageName(code) }, code) : null;
}

function descriptions(shown) {
  if (!shown.descriptions.length) return "";
  const ours = (each) => (each.language ?? "").startsWith(language());
  const sorted = [...shown.descriptions].sort((one, other) => ours(other) - ours(one));
  return h("section", { class: "texts" }, h("h2", {}, say("description")), sorted.map((each) => h("p", { lang: each.language }, each.text, tag(each.language))));
}

function galleryOf(shown, title) {
  let number = 0;
  const broken = h("span", { class: "none", hidden: true }, say("damaged"));
  const isThere = (there) => { big.hidden = !there; broken.hidden = there; };
  const big = h("img", { alt: title, onerror: () => isThere(false), onload: () => isThere(true) });
  const canvas = h("canvas", { "aria-hidden": "true" });
  const frame = h("div", { class: "frame" }, big, canvas, broken);
  const stage = h("div", { class: "stage" }, frame);
  const strip = h("div", { class: "strip" });
  const result = h("div", { class: "result", "aria-live": "polite" }); // beneath the picture that it is about
  const listeners = [];
  const plain = () => {
    canvas.hidden = true;
    frame.classList.remove("cut");
    big.src = picture(shown.id, number, shown.version, null);
  };
  const cut = (url) => {
    canvas.hidden = true;
    frame.classList.add("cut");
    big.src = url;
  };
  const turn = (to) => {
    number = (to + shown.picture_count) % shown.picture_count;
    plain();
    [...strip.children].forEach((each, place) => each.setAttribute("aria-current", String(place === number)));
    listeners.forEach((listen) => listen());
  };
  if (shown.picture_count > 1) {
    for (let place = 0; place < shown.picture_count; place += 1) {
      strip.append(h("button", { type: "button", "aria-label": say("picture_of", place + 1, shown.picture_count), onclick: () => turn(place) },
        h("img", { src: picture(shown.id, place, shown.version, 160), alt: "", loading: "lazy" })));
    }
    stage.append(h("button", { type: "button", class: "turn previous", "aria-label": say("previous"), onclick: () => turn(number - 1) }, "‹"),
      h("button", { type: "button", class: "turn next", "aria-label": say("next"), onclick: () => turn(number + 1) }, "›"));
    stage.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) { event.stopPropagation(); turn(number + step); }
    });
  }
  turn(0);
  return { node: h("div", { class: "gallery" }, stage, result, shown.picture_count > 1 ? strip : null), result, canvas, plain, cut, number: () => number, onturn: (listen) => listeners.push(listen) };
}

// Type a word: it is painted over the picture, or cut out of it.
function finderOf(shown, gallery, can) {
  const input = h("input", { type: "text", maxlength: "200", "aria-label": say("find"), placeholder: say("find_hint", shown.nouns.slice(0, 2).join(", ") || "…") });
  const { result } = gallery;
  gallery.onturn(() => result.replaceChildren());
  const hide = h("button", { type: "button", class: "pill", onclick: () => { gallery.plain(); result.replaceChildren(); } }, say("hide"));
  const asked = () => ({ product: shown.id, number: gallery.number(), words: input.value.trim() || shown.nouns[0] });
  const working = async (button, work) => {
    if (!asked().words) return input.focus();
    if (!input.value.trim()) input.value = asked().words;
    button.disabled = true;
    const patience = setTimeout(() => result.replaceChildren(h("p", { class: "soft" }, say("loading"))), 250);
    try {
      await work();
    } catch (error) {
      result.replaceChildren(h("p", { class: "error", role: "alert" }, sayError(error)));
    } finally {
      clearTimeout(patience);
      button.disabled = false;
      gallery.node.scrollIntoView({ block: "nearest" });
    }
  };
  const show = h("button", { type: "submit", class: "primary" }, say("show"));
  const cut = can.cutout ? h("button", { type: "button", onclick: () => working(cut, cutOut) }, say("cutout")) : null;

  async function find() {
    const mask = await call("/api/segment", { values: asked() });
    gallery.plain();
    drawMask(gallery.canvas, mask);
    result.replaceChildren(h("ul", { class: "legend" }, mask.regions.map((region) => {
      const dot = h("span", { class: "dot" });
      dot.style.background = hue(region.number);
      return h("li", { class: region.share ? "" : "soft" }, dot, region.word, " ", h("small", {}, region.share ? percent(region.share) : say("not_found")));
    })), hide);
    announce(mask.regions.map((region) => `${region.word}: ${region.share ? percent(region.share) : say("not_found")}`).join(", "));
  }

  async function cutOut() {
    const png = await bytes("/api/cutout", asked());
    const url = URL.createObjectURL(png);
    const name = `${shown.id.replace(/[^\p{L}\p{N}._-]+/gu, "-")}-${gallery.number() + 1}.png`;
    gallery.cut(url);
    result.replaceChildren(h("a", { class: "button primary", href: url, download: name }, say("save")), hide, h("span", { class: "soft" }, say("cut_note")));
    announce(say("cut_note"));
  }

  const form = h("form", { class: "ask", onsubmit: (event) => { event.preventDefault(); working(show, find); } }, input, show, cut);
  const nouns = shown.nouns.map((noun) => h("button", { type: "button", class: "pill", onclick: () => { input.value = noun; working(show, find); } }, noun));
  return h("section", { class: "finder" }, h("h2", {}, say("find")), h("p", { class: "note" }, say("find_note")), form,
    nouns.length ? h("p", { class: "pills" }, `${say("try")}: `, nouns) : null);
}

// What the catalogue says beside what the model sees.
async function factsInto(section, shown, can) {
  const known = new Map(Object.entries(shown.attributes));
  const drawn = h("div");
  section.replaceChildren(drawn, can.labels ? tagger(shown) : "");
  const draw = (answers, isLearning) => {
    const asked = new Map(answers.map((answer) => [answer.question, answer]));
    const names = [...new Set([...asked.keys(), ...known.keys()])];
    const rows = names.map((name) => {
      const answer = asked.get(name);
      const stated = name === "category" ? shown.category.at(-1) : known.get(name);
      return h("tr", {}, h("th", { scope: "row" }, name === "category" ? say("category") : name),
        h("td", { class: stated ? "" : "soft" }, stated ?? say("unknown")), can.labels ? h("td", {}, answer ? guesses(answer) : "") : null);
    });
    const note = !can.labels ? "facts_plain" : shown.picture_count ? "facts_note" : "facts_note_text";
    drawn.replaceChildren(h("h2", {}, say("facts")), h("p", { class: "note" }, say(note), isLearning ? h("strong", {}, ` ${say("learning")}`) : null),
      rows.length ? h("table", {}, h("thead", {}, h("tr", {}, h("th", {}), h("th", { scope: "col" }, say("known")), can.labels ? h("th", { scope: "col" }, say("sees")) : null)), h("tbody", {}, rows)) : "");
  };
  draw([], Boolean(can.labels));
  if (!can.labels) return;
  try {
    let told = { is_learning: true };
    while (told.is_learning && section.isConnected) {
      told = await call(`${productAddress(shown.id)}/labels`);
      draw(told.labels, told.is_learning);
      if (told.is_learning) await new Promise((done) => setTimeout(done, 2000));
    }
  } catch (error) {
    section.append(h("p", { class: "error", role: "alert" }, sayError(error)));
  }
}

function guesses(answer) {
  const best = answer.guesses[0];
  if (!best) return "";
  const same = answer.known !== null && best.label.toLowerCase() === answer.known.toLowerCase();
  const mark = answer.known === null ? null
    : same ? h("span", { class: "mark-good", title: say("agrees") }, "✓", h("span", { class: "visually-hidden" }, say("agrees")))
      : best.confidence >= 0.5 ? h("span", { class: "mark-odd" }, say("differs")) : null;
  return h("div", { class: "guesses" }, answer.guesses.slice(0, 2).filter((each, place) => !place || each.confidence >= 0.1).map((each, place) => bar(each, place ? null : mark)));
}

function bar(guess, mark) {
  const fill = h("span", {});
  fill.style.width = `${Math.round(100 * guess.confidence)}%`;
  return h("div", { class: "guess" }, h("span", { class: "label" }, guess.label, mark ? " " : null, mark),
    h("span", { class: "track", "aria-hidden": "true" }, fill), h("span", { class: "figure" }, percent(guess.confidence)));
}

function tagger(shown) {
  const input = h("input", { type: "text", maxlength: "200", required: true, "aria-label": say("own"), placeholder: say("own_hint") });
  const result = h("div", { class: "result", "aria-live": "polite" });
  return h("div", { class: "tagger" }, h("h3", {}, say("own")), h("form", { class: "ask", onsubmit: async (event) => {
    event.preventDefault();
    try {
      const { labels: [answer] } = await call(`${productAddress(shown.id)}/labels`, { values: { words: input.value } });
      result.replaceChildren(h("div", { class: "guesses" }, answer.guesses.map((each) => bar(each, null))));
    } catch (error) {
      result.replaceChildren(h("p", { class: "error", role: "alert" }, sayError(error)));
    }
  } }, input, h("button", { type: "submit" }, say("test"))), result);
}

function similar(shown, go) {
  const grid = h("ol", { class: "grid" });
  call(`${productAddress(shown.id)}/neighbours`, { values: { top: 8 } })
    .then((found) => grid.replaceChildren(...found.cards.map(card)))
    .catch((error) => grid.replaceWith(h("p", { class: "error" }, sayError(error))));
  const input = h("input", { type: "text", maxlength: "200", "aria-label": say("but"), placeholder: say("but_hint") });
  return h("section", { class: "similar" }, h("div", { class: "similar-top" }, h("h2", {}, say("similar")),
    h("form", { class: "ask but", onsubmit: (event) => { event.preventDefault(); go(`/?${new URLSearchParams({ like: shown.id, text: input.value.trim() })}`); } },
      h("label", {}, say("but"), " ", input), h("button", { type: "submit" }, say("find_like")))), grid);
}
