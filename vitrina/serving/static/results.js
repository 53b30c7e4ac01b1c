// What was found: filters with counts at the side, cards in a grid.

import { call, page, picture } from "./api.js";
import { announce, h } from "./dom.js";
import { count, inOurs, language, languageName, money, products, say } from "./words.js";

const TOP = 24;
const FILTERS = ["category", "price_from", "price_to", "language", "pictures"];
const ASKED = ["text", "picture", "like"];
const CATEGORIES_SHOWN = 10;

export async function resultsView({ node, signal, go, about, query }) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)]));
  const asked = Object.fromEntries(ASKED.map((name) => [name, query.get(name)]));
  const isAsked = ASKED.some((name) => asked[name]);
  document.title = `${asked.text ?? say(isAsked ? "found" : "browse")} · Vitrina`;
  const patience = setTimeout(() => node.replaceChildren(h("p", { class: "waiting", role: "status" }, say("loading"))), 250);
  let found, facets;
  try {
    [found, facets] = await Promise.all([
      call("/api/search", { values: { ...asked, ...filters, top: TOP }, signal }),
      call("/api/facets", { values: filters, signal }),
    ]);
  } finally {
    clearTimeout(patience);
  }
  const change = (values) => {
    const next = new URLSearchParams(query);
    for (const [name, value] of Object.entries(values)) value ? next.set(name, value) : next.delete(name);
    const text = next.toString();
    go(text ? `/?${text}` : "/");
  };

  const grid = h("ol", { class: "grid" }, found.cards.map(card));
  let skip = found.cards.length;
  const more = h("button", { type: "button", class: "more", onclick: async () => {
    more.disabled = true;
    try {
      const next = await call("/api/search", { values: { ...asked, ...filters, top: TOP, skip } });
      const first = next.cards.map(card);
      grid.append(...first);
      skip += next.cards.length;
      more.hidden = !next.is_more;
      first[0]?.querySelector("a").focus({ preventScroll: true });
    } finally {
      more.disabled = false;
    }
  } }, say("more"));
  more.hidden = !found.is_more;

  const number = facets.matching === facets.products ? products(facets.products)
    : say("of", count(facets.matching), count(facets.products));
  const matching = isAsked ? say("among", number) : number;
  const title = h("h1", {}, say(isAsked ? "found" : "browse"), " ", h("small", {}, matching));
  const content = [title];
  if (!isAsked && !FILTERS.some((name) => filters[name])) content.push(examples(about));
  content.push(...(found.cards.length ? [grid, more] : [empty(filters, change)]));
  node.replaceChildren(filterPanel(facets, filters, change), h("section", { class: "found" }, content));
  announce(`${title.firstChild.textContent}: ${matching}`);

  let last = null;
  grid.addEventListener("focusin", (event) => { last = event.target; });
  return { refocus: () => last?.focus({ preventScroll: true }) };
}

export function card(each) {
  const { hit } = each;
  const title = nameOf(each.titles, hit.category, hit.id);
  const none = (word) => h("span", { class: "none" }, say(word));
  const shown = each.picture_count
    ? h("img", { src: picture(hit.id, 0, each.version, 320), alt: "", loading: "lazy", decoding: "async", width: "320", height: "320", onerror: (event) => event.target.replaceWith(none("damaged")) })
    : none("no_picture");
  return h("li", {}, h("a", { class: "card", href: page(hit.id), "data-id": hit.id },
    h("span", { class: "shot" }, shown),
    h("span", { class: "title" }, title),
    h("span", { class: "line" },
      h("span", { class: "where" }, each.titles.length ? hit.category.at(-1) ?? "" : hit.id),
      h("span", { class: "price" }, hit.price === null ? "" : money(hit.price, hit.currency)))));
}

// A product that nobody gave a title goes by what kind of thing it is.
export function nameOf(titles, category, id) {
  return inOurs(titles)?.text ?? (category.length ? category.at(-1) : id);
}

// Words that are sure to find something, for somebody who has no idea what there is.
function examples(about) {
  const some = about?.examples[language()] ?? Object.values(about?.examples ?? {})[0] ?? [];
  if (!some.length) return null;
  return h("p", { class: "examples" }, `${say("try")}: `,
    some.map((text) => h("a", { class: "pill", href: `/?${new URLSearchParams({ text })}` }, text)));
}

function empty(filters, change) {
  const chosen = FILTERS.filter((name) => filters[name]);
  return h("div", { class: "empty" }, h("p", { class: "big" }, say("nothing")), h("p", {}, say("nothing_hint")),
    h("p", { class: "row" },
      chosen.map((name) => h("button", { type: "button", class: "pill", onclick: () => change({ [name]: null }) }, `× ${filterName(name, filters[name])}`)),
      h("button", { type: "button", class: "primary", onclick: () => change(Object.fromEntries(FILTERS.map((each) => [each, null]))) }, say("clear"))));
}

function filterName(name, value) {
  if (name === "category") return value;
  if (name === "language") return languageName(value);
  if (name === "pictures") return say("pictures");
  return `${say("price")} ${say(name)} ${value}`;
}

function filterPanel(facets, filters, change) {
  const chosen = FILTERS.filter((name) => filters[name]).length;
  const parts = [
    h("summary", {}, say("filters"), chosen ? h("span", { class: "badge" }, String(chosen)) : null),
    categoryFilter(facets, filters, change),
    facets.price_counts.length ? priceFilter(facets, filters, change) : null,
    facets.languages.length > 1 || filters.language ? languageFilter(facets, filters, change) : null,
    h("label", { class: "check" },
      h("input", { type: "checkbox", checked: Boolean(filters.pictures), onchange: (event) => change({ pictures: event.target.checked ? "true" : null }) }),
      h("span", {}, say("pictures")), h("span", { class: "count" }, count(facets.with_pictures))),
    chosen ? h("button", { type: "button", class: "pill", onclick: () => change(Object.fromEntries(FILTERS.map((name) => [name, null]))) }, say("clear")) : null,
  ];
  const wide = matchMedia("(min-width: 821px)");
  return h("details", { class: "filters", open: wide.matches }, parts.filter(Boolean));
}

function categoryFilter(facets, filters, change) {
  if (!facets.categories.length && !facets.parents.length) return null;
  const choice = (each, extra = "") => h("li", { class: extra },
    h("button", { type: "button", "aria-current": each.value === filters.category ? "true" : null, onclick: () => change({ category: each.value }) },
      h("span", {}, each.name), h("span", { class: "count" }, count(each.count))));
  const rest = facets.categories.slice(CATEGORIES_SHOWN);
  const list = h("ul", {}, [
    filters.category ? h("li", {}, h("button", { type: "button", onclick: () => change({ category: null }) }, h("span", {}, `‹ ${say("all")}`))) : null,
    ...facets.parents.map((each) => choice(each, each.value === filters.category ? "here" : "")),
    ...facets.categories.slice(0, CATEGORIES_SHOWN).map((each) => choice(each, filters.category ? "below" : "")),
  ].filter(Boolean));
  if (rest.length) {
    const more = h("li", {}, h("button", { type: "button", onclick: () => more.replaceWith(...rest.map((each) => choice(each, filters.category ? "below" : ""))) },
      h("span", { class: "soft" }, say("more_here", count(rest.length)))));
    list.append(more);
  }
  return h("fieldset", {}, h("legend", {}, say("category")), list);
}

function priceFilter(facets, filters, change) {
  const { price_steps: steps, price_counts: counts, currency } = facets;
  const highest = Math.max(...counts, 1);
  const low = Number(filters.price_from ?? -Infinity), high = Number(filters.price_to ?? Infinity);
  const bars = h("div", { class: "bars", "aria-hidden": "true" }, counts.map((number, place) => {
    const from = steps[place], to = steps[place + 1];
    const bar = h("button", { type: "button", tabIndex: -1, class: to > low && from < high ? "in" : "",
      title: say("any_price", count(number), money(from, currency), money(to, currency)),
      onclick: () => change({ price_from: String(from), price_to: String(to) }) }, h("span", {}));
    bar.firstChild.style.height = `${number ? Math.max(6, (100 * number) / highest) : 0}%`;
    return bar;
  }));
  const input = (name, hint) => h("input", { type: "number", min: "0", step: "any", inputmode: "decimal", placeholder: String(hint), value: filters[name] ?? "",
    "aria-label": `${say("price")} ${say(name)} (${currency ?? ""})`, onchange: (event) => event.target.validity.valid && change({ [name]: event.target.value }) });
  return h("fieldset", {}, h("legend", {}, `${say("price")}${currency ? ` (${currency})` : ""}`), bars,
    h("div", { class: "range" }, input("price_from", Math.floor(steps[0])), h("span", { "aria-hidden": "true" }, "–"), input("price_to", Math.ceil(steps.at(-1)))));
}

function languageFilter(facets, filters, change) {
  const option = (value, name, number) => h("button", { type: "button", class: "pill", "aria-pressed": String((filters.language ?? "") === value), onclick: () => change({ language: value || null }) },
    name, number === null ? null : h("span", { class: "count" }, count(number)));
  return h("fieldset", {}, h("legend", {}, say("text_language")), h("div", { class: "pills" },
    option("", say("any"), null), facets.languages.map((each) => option(each.value, languageName(each.value), each.count))));
}
