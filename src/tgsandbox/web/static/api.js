// The sandbox, as the page asks it.

export class Refused extends Error {}

let person = 0;
export const actAs = (id) => {
  person = id;
};

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused("offline");
  }
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.detail);
  return answer;
}

const query = (params) =>
  new URLSearchParams(
    Object.entries({ person, ...params }).filter(([, value]) => value !== undefined && value !== null),
  );

/** What there is: get("chats"), get("messages", {chat, before}). */
export const get = (what, params = {}) => ask(`/page/api/${what}?${query(params)}`);

const post = (path, params, body) =>
  ask(`/page/api/${path}?${query(params)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** What a person does: act("send", chat, {text}). */
export const act = (name, chat, given = {}) => post(`do/${name}`, { chat }, given);

/** A step of a payment: checkout("open", {chat, message}) or {link}, "submit", "pay", "confirm", "close". */
export const checkout = (step, given) => post(`checkout/${step}`, {}, given);

export const upload = (chat, kind, blob, about = {}) =>
  ask(`/page/api/upload?${query({ chat, kind, mime: blob.type || undefined, ...about })}`, {
    method: "POST",
    body: blob,
  });

/** What a QR code in a picture says; empty when there is none. */
export async function codeIn(file) {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, 1024 / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  pen.fillStyle = "#fff"; // behind what is transparent
  pen.fillRect(0, 0, width, height);
  pen.drawImage(image, 0, 0, width, height);
  const { data } = pen.getImageData(0, 0, width, height);
  const grey = Uint8Array.from({ length: width * height }, (_, at) => (data[at * 4] * 3 + data[at * 4 + 1] * 6 + data[at * 4 + 2]) / 10);
  return (await ask(`/page/api/code?${query({ width, height })}`, { method: "POST", body: grey })).text;
}

export const fileAddress = (id) => `/page/api/file/${encodeURIComponent(id)}`;

/** Steers the sandbox: control("GET"), control("POST", "faults", {...}). */
export const control = (method, path = "", body) =>
  ask(`/control${path && `/${path}`}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });

/** Server-sent events, which come back by themselves: follow("live", after, {message: (data) => ...}). */
export function follow(what, after, handlers, onstate = () => {}) {
  const source = new EventSource(`/page/api/${what}?${query({ after })}`);
  for (const [kind, handle] of Object.entries(handlers)) {
    source.addEventListener(kind, (event) => handle(JSON.parse(event.data), Number(event.lastEventId)));
  }
  source.onopen = () => onstate(true);
  source.onerror = () => onstate(false);
  return source;
}
