// The API's description for people, drawn from openapi.json without anybody else's program.

import { call } from "./api.js";
import { h } from "./dom.js";

const nameOf = (reference) => reference.split("/").at(-1);

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return schema.prefixItems ? `[${schema.prefixItems.map(typeOf).join(", ")}]` : `${typeOf(schema.items)}[]`;
  if (schema.additionalProperties) return `{ name: ${typeOf(schema.additionalProperties)} }`;
  return schema.type ?? "any";
}

function shape(schema, schemas) {
  const named = schema?.$ref ? nameOf(schema.$ref) : schema?.items?.$ref ? nameOf(schema.items.$ref) : null;
  if (!named) return null;
  const lines = Object.entries(schemas[named].properties ?? {}).map(([name, each]) => `  ${name}: ${typeOf(each)}`);
  return h("details", {}, h("summary", {}, typeOf(schema)), h("pre", {}, `{\n${lines.join("\n")}\n}`));
}

function route(path, verb, about, schemas) {
  const asked = (about.parameters ?? []).map((each) => h("tr", {},
    h("td", {}, `${each.name}${each.required ? "" : "?"}`), h("td", { class: "soft" }, typeOf(each.schema)), h("td", {}, each.description ?? each.schema.description ?? "")));
  const good = Object.entries(about.responses).find(([status]) => status.startsWith("2"));
  const content = Object.entries(good?.[1].content ?? {});
  const body = Object.keys(about.requestBody?.content ?? {})[0];
  const answer = content.find(([, each]) => each.schema)?.[1].schema;
  return h("article", { class: "route" },
    h("h3", {}, h("span", { class: "verb" }, `${verb.toUpperCase()} `), path), h("p", {}, about.description ?? about.summary),
    body ? h("p", { class: "note" }, `body: ${body}`) : null,
    asked.length ? h("table", {}, h("tbody", {}, asked)) : null,
    answer ? shape(answer, schemas) ?? h("p", { class: "note" }, `answers ${typeOf(answer)}`) : null);
}

const described = await call("/api/openapi.json");
const byTag = new Map();
for (const [path, verbs] of Object.entries(described.paths)) {
  for (const [verb, about] of Object.entries(verbs)) {
    const tag = about.tags?.[0] ?? "";
    byTag.set(tag, [...(byTag.get(tag) ?? []), route(path, verb, about, described.components.schemas)]);
  }
}
document.getElementById("routes").append(...[...byTag].map(([tag, routes]) => h("section", {}, h("h2", {}, tag), routes)));
