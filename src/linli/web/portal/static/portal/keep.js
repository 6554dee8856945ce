// What is typed into an application is kept on this phone until the server has it. A form marked data-keep is sent from here: if
// no answer comes, nothing is lost, the page says so, and the same submission (with the same key) is tried again when the network
// is back. Kept for this tab only, and forgotten as soon as it is saved. Without this file the forms post as usual.
(() => {
  "use strict";

  const words = document.getElementById("keep-words").dataset;
  const say = (word) => words[word];
  const WAIT = 30000;
  const keyOf = (form) => `keep:${location.pathname}:${[...document.querySelectorAll("form[data-keep]")].indexOf(form)}`;
  const QUIET = new Set(["csrfmiddlewaretoken", "once"]);

  // ---- what was typed ----------------------------------------------------------------------------------------------

  const typed = (form) =>
    [...form.elements]
      .filter((e) => e.name && !QUIET.has(e.name) && !["file", "submit", "button", "hidden"].includes(e.type))
      .map((e) => [e.name, e.type === "checkbox" || e.type === "radio" ? `${e.value}=${e.checked}` : e.value]);

  const remember = (form) => {
    try {
      sessionStorage.setItem(keyOf(form), JSON.stringify(typed(form)));
    } catch {
      // No room or not allowed: then the page itself is the only place, as without this file.
    }
  };
  const forget = (form) => sessionStorage.removeItem(keyOf(form));

  const bringBack = (form) => {
    const kept = JSON.parse(sessionStorage.getItem(keyOf(form)) ?? "null");
    if (!kept || JSON.stringify(kept) === JSON.stringify(typed(form))) return;
    const fields = [...form.elements].filter((e) => e.name && !QUIET.has(e.name) && !["file", "submit", "button", "hidden"].includes(e.type));
    if (fields.length !== kept.length || fields.some((e, n) => e.name !== kept[n][0])) return; // another page by now
    fields.forEach((e, n) => {
      if (e.type === "checkbox" || e.type === "radio") e.checked = kept[n][1] === `${e.value}=true`;
      else e.value = kept[n][1];
    });
    tell(form, "back", "done");
    form.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // ---- saying how it stands ----------------------------------------------------------------------------------------

  const tell = (form, word, tone, again) => {
    let box = form.querySelector("[data-keep-says]");
    if (!box) {
      box = document.createElement("div");
      box.dataset.keepSays = "";
      box.setAttribute("role", "status");
      form.append(box);
    }
    box.className = `l-alert l-tone-${tone}`;
    const body = document.createElement("div");
    body.className = "l-alert-body";
    const sentence = document.createElement("p");
    sentence.textContent = say(word);
    body.append(sentence);
    if (again) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "l-button l-button-secondary";
      button.textContent = say("again");
      button.addEventListener("click", again);
      body.append(button);
    }
    box.replaceChildren(body);
    box.scrollIntoView({ block: "nearest" });
  };

  // ---- sending -----------------------------------------------------------------------------------------------------

  let waiting = null;
  const busy = (form, yes) => {
    if (yes) form.dataset.sent = "yes";
    else {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((b) => b.removeAttribute("aria-busy"));
    }
  };

  const send = async (form, body, action) => {
    busy(form, true);
    let answer;
    try {
      answer = await fetch(action, {
        method: "POST", body, credentials: "same-origin", headers: { "Linli-Keep": "1" }, signal: AbortSignal.timeout?.(WAIT),
      });
      if (answer.status >= 500) throw new Error(String(answer.status));
    } catch {
      busy(form, false);
      const again = () => {
        waiting = null;
        send(form, body, action);
      };
      waiting = again;
      tell(form, navigator.onLine ? "noAnswer" : "offline", "soon", again);
      return;
    }
    waiting = null;
    const to = answer.headers.get("Linli-To");
    if (to) {
      forget(form);
      location.assign(to);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.getElementById("main");
    if (!main) {
      location.reload();
      return;
    }
    document.title = page.title;
    document.getElementById("main").replaceWith(main);
    window.htmx?.process(main);
    window.scrollTo(0, 0);
    main.querySelector(".l-errors")?.focus();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-keep]") || event.defaultPrevented || !window.fetch) return;
    event.preventDefault();
    remember(form);
    const body = new FormData(form, event.submitter ?? undefined);
    const action = event.submitter?.getAttribute("formaction") || form.getAttribute("action") || location.href;
    send(form, body, action);
  });
  window.addEventListener("online", () => waiting?.());

  // Something else was typed while the answer is out: that is another intention, and gets a key of its own.
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-keep]");
    if (!form) return;
    remember(form);
    if (!waiting) return;
    waiting = null;
    const key = form.querySelector("[name=once]");
    if (key) key.value = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
    form.querySelector("[data-keep-says]")?.remove();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form[data-keep]");
    if (form && event.detail.successful) forget(form);
    else if (form) tell(form, navigator.onLine ? "notSaved" : "typing", "soon");
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-keep]").forEach(bringBack));

  // ---- photographs: made small enough for a slow network before they are sent ----------------------------------------

  const MOST = 1_500_000;
  const EDGE = 2200;
  const shrink = async (file) => {
    if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size <= MOST) return file;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, EDGE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
      return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
    } catch {
      return file;
    }
  };
  document.addEventListener(
    "change",
    async (event) => {
      const input = event.target;
      if (input.type !== "file" || !input.closest("form[data-shrink]") || input.dataset.small) return;
      if (![...input.files].some((f) => f.size > MOST)) return;
      event.stopImmediatePropagation();
      const files = new DataTransfer();
      for (const file of input.files) files.items.add(await shrink(file));
      input.files = files.files;
      input.dataset.small = "yes";
      input.dispatchEvent(new Event("change", { bubbles: true }));
      delete input.dataset.small;
    },
    true,
  );
})();
