// Calls of the API. What goes wrong is an ApiError with a code that words.js knows how to say.

import { say } from "./words.js";

export class ApiError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export function address(path, values = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "" && value !== false) query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export async function call(path, { values = {}, signal, method = "GET", body } = {}) {
  const answer = await request(address(path, values), { signal, method, body });
  return answer.json();
}

export async function bytes(path, values) {
  const answer = await request(address(path, values), {});
  return answer.blob();
}

export const product = (id) => `/api/products/${encodeURIComponent(id)}`;
export const page = (id) => `/product/${encodeURIComponent(id)}`;
export const picture = (id, number, version, width) => address(`${product(id)}/pictures/${number}`, { width, version });

async function request(where, options) {
  let answer;
  try {
    answer = await fetch(where, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("offline", say("offline"));
  }
  if (answer.ok) return answer;
  if (answer.status === 401) {
    location.assign(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
    throw new ApiError("expired", say("expired"));
  }
  const problem = await answer.json().catch(() => ({ code: "failed", message: say("failed") }));
  throw new ApiError(problem.code, problem.message);
}

// A photo of a telephone is made small here: it travels faster, and whatever this browser can show can be searched by.
export async function upload(file, { longest = 1024, small = 1 << 20 } = {}) {
  let body = file;
  if (file.size > small || !/^image\/(jpeg|png|webp|gif|bmp)$/.test(file.type)) body = (await shrunk(file, longest)) ?? file;
  return call("/api/pictures", { method: "POST", body });
}

async function shrunk(file, longest) {
  try {
    const drawn = await createImageBitmap(file);
    const scale = Math.min(1, longest / Math.max(drawn.width, drawn.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(drawn.width * scale));
    canvas.height = Math.max(1, Math.round(drawn.height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(drawn, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  } catch {
    return null; // the server says in words what is wrong with it
  }
}
