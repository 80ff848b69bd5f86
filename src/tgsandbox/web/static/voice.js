// Voice notes: played with their wave, recorded from the microphone.
import { fileAddress } from "./api.js";
import { h, icon } from "./dom.js";
import { duration, texts } from "./i18n.js";

const t = texts({
  ru: { play: "Воспроизвести", pause: "Пауза", wave: "Перемотать" },
  uz: { play: "Tinglash", pause: "Pauza", wave: "Oldinga yoki orqaga" },
  en: { play: "Play", pause: "Pause", wave: "Seek" },
});

const BARS = 48;
const waves = new Map(); // by file, the heights of its bars
let playing = null;

async function heights(id) {
  if (!waves.has(id)) {
    const made = (async () => {
      const bytes = await (await fetch(fileAddress(id))).arrayBuffer();
      const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes);
      const samples = sound.getChannelData(0);
      const step = Math.max(1, Math.floor(samples.length / BARS));
      const peaks = Array.from({ length: BARS }, (_, bar) => {
        let peak = 0;
        for (let at = bar * step; at < (bar + 1) * step; at += 8) peak = Math.max(peak, Math.abs(samples[at] ?? 0));
        return peak;
      });
      const most = Math.max(...peaks, 0.01);
      return peaks.map((peak) => peak / most);
    })();
    waves.set(id, made.catch(() => Array(BARS).fill(0.3)));
  }
  return waves.get(id);
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    entry.target.dispatchEvent(new Event("shown"));
  }
});

/** The player of a voice or an audio file. */
export function player(file, title = "") {
  const canvas = h("canvas", { class: "wave", width: 2 * BARS * 4, height: 56, role: "slider", tabindex: "0",
    "aria-label": t("wave"), "aria-valuemin": "0", "aria-valuemax": String(file.duration), "aria-valuenow": "0" });
  const time = h("span", { class: "about" }, duration(file.duration));
  const button = h("button", { type: "button", class: "circle", "aria-label": t("play") }, icon("play"));
  let bars = Array(BARS).fill(0.15);
  let audio = null;

  const draw = () => {
    const pen = canvas.getContext("2d");
    const part = audio && audio.duration ? audio.currentTime / audio.duration : 0;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = getComputedStyle(canvas).color;
    bars.forEach((height, at) => {
      const tall = Math.max(4, height * canvas.height);
      pen.globalAlpha = (at + 1) / BARS <= part ? 1 : 0.45;
      pen.fillRect(at * 8, canvas.height - tall, 4, tall);
    });
  };
  canvas.addEventListener("shown", async () => {
    draw();
    bars = await heights(file.file_id);
    draw();
  });
  seen.observe(canvas);

  const show = (name, label) => {
    button.replaceChildren(icon(name));
    button.setAttribute("aria-label", label);
  };
  const begin = () => {
    if (audio) return audio;
    audio = new Audio(fileAddress(file.file_id));
    audio.ontimeupdate = () => {
      time.textContent = duration(audio.currentTime || file.duration);
      canvas.setAttribute("aria-valuenow", String(Math.round(audio.currentTime)));
      draw();
    };
    audio.onplay = () => show("pause", t("pause"));
    audio.onpause = () => show("play", t("play"));
    audio.onended = () => {
      audio.currentTime = 0;
      draw();
    };
    return audio;
  };
  button.onclick = () => {
    const sound = begin();
    if (!sound.paused) return sound.pause();
    if (playing && playing !== sound) playing.pause();
    playing = sound;
    return sound.play();
  };
  const seek = (part) => {
    const sound = begin();
    sound.currentTime = part * (Number.isFinite(sound.duration) ? sound.duration : file.duration);
    draw();
  };
  canvas.onclick = (event) => seek(event.offsetX / canvas.clientWidth);
  canvas.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) seek(Math.max(0, (begin().currentTime + step) / file.duration));
  };
  return h("div", { class: "file voice" }, button,
    h("span", { style: { flex: "1", minWidth: "0" } }, title && h("span", { class: "name" }, title), canvas, time));
}

/** Records until `stop()`; gives {blob, seconds}, or null when it was called off. */
export async function record(ontick) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const type = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus"].find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
  const chunks = [];
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const ticking = setInterval(() => ontick(seconds()), 100);
  recorder.ondataavailable = (event) => chunks.push(event.data);
  let kept = true;
  const done = new Promise((resolve) => {
    recorder.onstop = () => {
      clearInterval(ticking);
      for (const track of stream.getTracks()) track.stop();
      const blob = new Blob(chunks, { type: recorder.mimeType.split(";")[0] });
      resolve(kept ? { blob, seconds: Math.max(1, Math.round(seconds())) } : null);
    };
  });
  recorder.start();
  return {
    done,
    stop: () => recorder.stop(),
    cancel: () => {
      kept = false;
      recorder.stop();
    },
  };
}
