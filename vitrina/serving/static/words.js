// What the page says, in English and Spanish. The choice is remembered; at first it is the browser's (Accept-Language).

const ENGLISH = {
  skip: "Skip to the products", search: "Search", language: "Language", docs: "API", keys: "/ search · ← ↑ → ↓ choose · Enter open · Esc back",
  words: "What are you looking for?", words_hint: "Type words, or drop a picture", words_but: "… but different: say how, e.g. in red",
  choose: "Search by a picture", drop: "Drop the picture to search by it",
  picture_chip: "your picture", like_chip: "like {0}", remove: "Remove {0}",
  browse: "All products", found: "Best matches", count: "{0} products", count_1: "1 product", of: "{0} of {1} products", among: "among {0}",
  more: "Show more", more_here: "{0} more", filters: "Filters", clear: "Clear filters", category: "Category", all: "All categories",
  price: "Price", price_from: "from", price_to: "to", any_price: "{0} products between {1} and {2}", text_language: "Texts in", any: "any",
  pictures: "Only with pictures", no_picture: "No picture", damaged: "Damaged picture",
  try: "Try", nothing: "Nothing passes these filters", nothing_hint: "Take one away, or clear them all:",
  failed: "That did not work", again: "Try again", front: "To all products",
  reading: "Reading your picture …", loading: "Looking …",
  back: "Back to the products", known: "In the catalogue", sees: "The model sees", agrees: "agrees", differs: "differs: check", unknown: "not stated",
  facts: "Facts and labels", facts_note: "What the catalogue says, and beside it what the model sees in the picture, with how sure it is.", facts_note_text: "What the catalogue says, and beside it what the model reads in the title, with how sure it is.", learning: "It is still learning this shop's words …", facts_plain: "What the catalogue says.",
  own: "Test your own labels", own_hint: "e.g. summer, formal, striped", test: "Tag",
  find: "Find it in the picture", find_note: "Name what you want to see; commas separate several things.", find_hint: "e.g. {0}", show: "Show",
  cutout: "Cut out", hide: "Hide", cut_note: "Everything else is transparent.", save: "Save PNG", not_found: "not found",
  descriptions: "Description", description: "Description", similar: "Similar products", but: "This one, but …", but_hint: "in red", find_like: "Find",
  picture_of: "Picture {0} of {1}", previous: "Previous picture", next: "Next picture", brand: "brand",
  no_link: "That is only the address of a picture: save the picture first, then drop the file.",
  expired: "Your session has ended.", offline: "The shop does not answer: is it still running?",
  error: { no_product: "There is no such product. It may have been taken out of the catalogue.", damaged: "This picture is damaged. Look at it in the catalogue.", picture_forgotten: "Your picture is no longer here. Choose or drop it again.", not_a_picture: "This file is not a picture that can be read. Choose a JPEG, PNG or WebP.", empty: "The file is empty. Choose another.", too_large: "The file is too large. Choose a picture of at most 16 MB.", one_label: "One label leaves nothing to choose. Give two or more, with commas between.", nothing_found: "Nothing of that kind stands out in this picture. Try another word.", too_many_pixels: "The picture has too many pixels. Choose a smaller one.", busy: "Too much is going on at once. Try again in a moment.", too_slow: "That took too long and was given up. Try again.", nothing_here: "There is nothing at this address." },
};

const SPANISH = {
  skip: "Ir a los productos", search: "Buscar", language: "Idioma", docs: "API", keys: "/ buscar · ← ↑ → ↓ elegir · Intro abrir · Esc volver",
  words: "¿Qué buscas?", words_hint: "Escribe palabras o suelta una foto", words_but: "… pero distinto: di cómo, p. ej. en rojo",
  choose: "Buscar con una foto", drop: "Suelta la foto para buscar con ella",
  picture_chip: "tu foto", like_chip: "como {0}", remove: "Quitar {0}",
  browse: "Todos los productos", found: "Lo más parecido", count: "{0} productos", count_1: "1 producto", of: "{0} de {1} productos", among: "entre {0}",
  more: "Ver más", more_here: "{0} más", filters: "Filtros", clear: "Quitar filtros", category: "Categoría", all: "Todas las categorías",
  price: "Precio", price_from: "desde", price_to: "hasta", any_price: "{0} productos entre {1} y {2}", text_language: "Textos en", any: "cualquiera",
  pictures: "Solo con foto", no_picture: "Sin foto", damaged: "Foto dañada",
  try: "Prueba", nothing: "Nada pasa estos filtros", nothing_hint: "Quita uno, o todos:",
  failed: "Eso no ha funcionado", again: "Probar de nuevo", front: "A todos los productos",
  reading: "Leyendo tu foto …", loading: "Buscando …",
  back: "Volver a los productos", known: "En el catálogo", sees: "El modelo ve", agrees: "coincide", differs: "difiere: revisar", unknown: "no consta",
  facts: "Datos y etiquetas", facts_note: "Lo que dice el catálogo y, al lado, lo que el modelo ve en la foto y cuánto se fía de ello.", facts_note_text: "Lo que dice el catálogo y, al lado, lo que el modelo lee en el título y cuánto se fía de ello.", learning: "Aún está aprendiendo las palabras de esta tienda …", facts_plain: "Lo que dice el catálogo.",
  own: "Prueba tus etiquetas", own_hint: "p. ej. verano, formal, a rayas", test: "Etiquetar",
  find: "Encuéntralo en la foto", find_note: "Nombra lo que quieres ver; separa varias cosas con comas.", find_hint: "p. ej. {0}", show: "Mostrar",
  cutout: "Recortar", hide: "Ocultar", cut_note: "Todo lo demás es transparente.", save: "Guardar PNG", not_found: "no se encuentra",
  descriptions: "Descripción", description: "Descripción", similar: "Productos parecidos", but: "Este, pero …", but_hint: "en rojo", find_like: "Buscar",
  picture_of: "Foto {0} de {1}", previous: "Foto anterior", next: "Foto siguiente", brand: "marca",
  no_link: "Eso es solo la dirección de una foto: guarda la foto y suelta el archivo.",
  expired: "Tu sesión ha terminado.", offline: "La tienda no responde: ¿sigue en marcha?",
  error: { no_product: "No existe ese producto. Puede que lo hayan retirado del catálogo.", damaged: "Esta foto está dañada. Mírala en el catálogo.", picture_forgotten: "Tu foto ya no está aquí. Elígela o suéltala otra vez.", not_a_picture: "Este archivo no es una foto que se pueda leer. Elige un JPEG, PNG o WebP.", empty: "El archivo está vacío. Elige otro.", too_large: "El archivo es demasiado grande. Elige una foto de 16 MB como mucho.", one_label: "Con una sola etiqueta no hay nada que elegir. Da dos o más, separadas por comas.", nothing_found: "Nada así destaca en esta foto. Prueba con otra palabra.", too_many_pixels: "La foto tiene demasiados píxeles. Elige una más pequeña.", busy: "Hay demasiado trabajo a la vez. Prueba dentro de un momento.", too_slow: "Ha tardado demasiado y se ha dejado. Prueba de nuevo.", nothing_here: "No hay nada en esta dirección.", cannot: "El modelo de esta tienda no puede hacer eso.", bad_value: "Algo de lo pedido no vale. Cámbialo y prueba de nuevo.", bad_filter: "Estos filtros no se entienden. Quítalos y prueba de nuevo.", failed: "Algo ha fallado en el servidor. Prueba de nuevo." },
};

const ALL = { en: ENGLISH, es: SPANISH };
const REMEMBERED = "vitrina-language";

let current = remembered() ?? document.documentElement.lang;
if (!(current in ALL)) current = "en";

export const language = () => current;

export function say(key, ...values) {
  return values.reduce((text, value, place) => text.replace(`{${place}}`, value), ALL[current][key]);
}

export function sayError(error) {
  return ALL[current].error[error.code] ?? error.message;
}

export function speak(chosen) {
  current = chosen;
  try { localStorage.setItem(REMEMBERED, chosen); } catch { /* private windows remember nothing */ }
  translate();
}

export function translate() {
  document.documentElement.lang = current;
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = say(each.dataset.word);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", say(each.dataset.label));
  for (const each of document.querySelectorAll("[data-title]")) each.title = say(each.dataset.title);
  for (const each of document.querySelectorAll("[data-placeholder]")) each.placeholder = say(each.dataset.placeholder);
  for (const each of document.querySelectorAll("[data-language]")) each.setAttribute("aria-pressed", each.dataset.language === current);
}

export const count = (number) => new Intl.NumberFormat(current).format(number);
export const percent = (share) => new Intl.NumberFormat(current, { style: "percent" }).format(share);
export const products = (number) => (number === 1 ? say("count_1") : say("count", count(number)));

export function money(amount, currency) {
  const number = Number(amount);
  try {
    return new Intl.NumberFormat(current, { style: "currency", currency }).format(number);
  } catch {
    return `${new Intl.NumberFormat(current, { minimumFractionDigits: 2 }).format(number)} ${currency ?? ""}`.trim();
  }
}

export function languageName(code) {
  try { return new Intl.DisplayNames([current], { type: "language" }).of(code); } catch { return code; }
}

// The text in the reader's language, else the first.
export function inOurs(texts) {
  return texts.find((each) => (each.language ?? "").toLowerCase().split("-")[0] === current) ?? texts[0] ?? null;
}

function remembered() {
  try { return localStorage.getItem(REMEMBERED); } catch { return null; }
}
