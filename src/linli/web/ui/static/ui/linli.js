// What every page does besides what HTML does by itself. Behaviour hangs on data- attributes; words come from the page.
// Everything essential works without this file: forms post, links lead somewhere, details open.
(() => {
  "use strict";

  const words = JSON.parse(document.getElementById("l-words").textContent);
  const say = (word, values = {}) => words[word].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);
  const on = (type, selector, act) =>
    document.addEventListener(type, (event) => {
      const target = event.target.closest?.(selector);
      if (target) act(target, event);
    });
  const large = document.documentElement.dataset.print === "large";

  window.linli = { say };

  // ---- forms: one submission for one press -----------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
    // While the form saves itself its version is on the way: sent with the old one it would run into its own saving.
    const saving = form.elements.version && form.querySelector("[data-saved].htmx-request");
    if (!saving) return;
    event.preventDefault();
    const go = () => {
      if (!form.dataset.waits) return;
      delete form.dataset.waits;
      delete form.dataset.sent;
      form.requestSubmit(event.submitter);
    };
    form.dataset.waits = "yes";
    saving.addEventListener("htmx:afterRequest", () => queueMicrotask(go), { once: true });
    setTimeout(go, 5000);
  });

  // A page that comes back from the browser's memory can be sent again; its key makes that harmless.
  window.addEventListener("pageshow", () =>
    each("form[data-sent]", (form) => {
      delete form.dataset.sent;
      each("[aria-busy]", (button) => button.removeAttribute("aria-busy"), form);
    }),
  );

  // Long numbers are read back in groups while they are typed; a masked one is not.
  const echo = (input) => {
    const out = document.querySelector(`[data-echo-of="${CSS.escape(input.id)}"]`);
    if (!out) return;
    const digits = input.value.replace(/[\s-]/g, "");
    const parts = [];
    let rest = digits;
    for (const size of input.dataset.groups.split(" ").map(Number)) {
      if (!rest) break;
      parts.push(rest.slice(0, size));
      rest = rest.slice(size);
    }
    if (rest) parts.push(rest);
    out.textContent = digits && !digits.includes("*") ? `${parts.join(" ")} · ${say("characters", { n: digits.length })}` : "";
  };
  on("input", "[data-groups]", echo);

  // Rows of a table that is filled in.
  on("click", "[data-add-row]", (button, event) => {
    event.preventDefault();
    const table = button.closest("[data-rows]");
    const n = Number((table.dataset.next ??= String(table.querySelectorAll("tbody tr").length)));
    table.dataset.next = String(n + 1);
    const holder = document.createElement("tbody");
    holder.innerHTML = table.querySelector("template").innerHTML.replaceAll("__n__", String(n));
    const row = holder.firstElementChild;
    table.querySelector("tbody").append(row);
    row.querySelector("input, select, textarea")?.focus();
  });
  on("click", "[data-remove-row]", (button) => {
    const row = button.closest("tr");
    const near = row.nextElementSibling ?? row.previousElementSibling;
    row.dispatchEvent(new Event("change", { bubbles: true }));
    row.remove();
    near?.querySelector("input, select, textarea")?.focus();
  });

  // ---- dialogs, menus, copying -------------------------------------------------------------------------------------

  on("click", "[data-dialog]", (button) => document.getElementById(button.dataset.dialog)?.showModal());
  on("click", "[data-close]", (button) => button.closest("dialog")?.close());
  on("click", "[data-palette]", () => openPalette());
  on("click", "button[data-print]", () => window.print());
  document.addEventListener("click", (event) =>
    each("details[data-menu][open]", (menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    }),
  );
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    each("details[data-menu][open]", (menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // A menu near the left edge opens to the right.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches("details[data-menu][open]")) return;
    event.target.classList.remove("l-menu-left");
    event.target.classList.toggle("l-menu-left", event.target.lastElementChild.getBoundingClientRect().left < 0);
  }, true);

  on("click", "[data-copy]", async (button) => {
    let done = true;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      done = false;
    }
    toast(say(done ? "copied" : "copy_failed"), done ? "done" : "soon");
  });

  // ---- toasts ------------------------------------------------------------------------------------------------------

  function toast(text, tone = "info") {
    const box = document.createElement("div");
    box.className = `l-toast l-tone-${tone}`;
    box.dataset.toast = "";
    box.append(text);
    document.getElementById("l-toasts").append(box);
    watchToasts();
  }
  window.linli.toast = toast;

  // One that offers a way back stays until it is put away; so do all of them in large print.
  function watchToasts() {
    each("[data-toast]:not([data-watched])", (box) => {
      box.dataset.watched = "";
      if (large || box.querySelector("form")) return;
      const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : box.remove());
      setTimeout(leave, 8000);
    });
  }
  on("click", "[data-dismiss]", (button) => button.closest("[data-toast]").remove());

  // ---- keys --------------------------------------------------------------------------------------------------------
  // data-key="a", "Ctrl+Enter", "Alt+1", or two in a row as "g d". Single letters rest while somebody types, and can be
  // switched off by who talks to the computer.

  const SWITCH = "linli.keys";
  const lettersOn = () => localStorage.getItem(SWITCH) !== "off";
  let pending = "";
  let pendingUntil = 0;

  // What lies in a closed menu or dialog is not there.
  const visible = (element) => element.checkVisibility?.() ?? element.getClientRects().length > 0;
  const shown = (element) => visible(element) && !element.disabled && element.ariaDisabled !== "true";
  const find = (key) =>
    [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key.toLowerCase() === key.toLowerCase() && shown(e));

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented || event.repeat) return;
    const dialog = document.querySelector("dialog[open]");
    const typing = event.target.closest("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]");
    const combined = event.ctrlKey || event.altKey || event.metaKey;
    if (!combined && (typing || dialog || !lettersOn())) return;
    const name = event.key === " " ? "Space" : event.key;
    const one = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${name}`;
    const two = pending && Date.now() < pendingUntil ? `${pending} ${name}` : "";
    pending = "";
    const target = (two && find(two)) || find(one);
    if (target && !(dialog && !dialog.contains(target))) {
      event.preventDefault();
      if (target.matches("input, select, textarea")) target.focus();
      else target.click();
    } else if (!combined && name.length === 1 && document.querySelector(`[data-key^="${CSS.escape(name)} "]`)) {
      pending = name;
      pendingUntil = Date.now() + 1500;
    }
  });

  const keyList = document.querySelector("[data-keys-list]");
  on("click", '[data-dialog="l-keys"]', () => {
    keyList.replaceChildren();
    each("[data-key]", (element) => {
      if (!shown(element)) return;
      const row = keyList.insertRow();
      const key = document.createElement("kbd");
      key.className = "l-key";
      key.textContent = element.dataset.key.toUpperCase();
      row.insertCell().append(key);
      const text = element.ariaLabel || element.cloneNode(true);
      if (text instanceof Element) each(".l-key", (k) => k.remove(), text);
      row.insertCell().textContent = text instanceof Element ? text.textContent.trim() : text;
    });
  });
  const keySwitch = document.querySelector("[data-keys-switch]");
  keySwitch.checked = lettersOn();
  keySwitch.addEventListener("change", () => localStorage.setItem(SWITCH, keySwitch.checked ? "on" : "off"));

  function openPalette() {
    const palette = document.getElementById("l-palette");
    if (!palette || palette.open) return;
    palette.showModal();
    const input = palette.querySelector("input");
    input.select();
    htmx.trigger(input, "open");
  }

  // ---- HTMX: errors, saving, connection ----------------------------------------------------------------------------

  const banner = document.getElementById("l-connection");
  const away = (word) => {
    banner.textContent = say(word);
    banner.hidden = false;
  };
  const back = () => {
    if (banner.hidden) return;
    banner.hidden = true;
    toast(say("online"), "done");
  };
  window.addEventListener("offline", () => away("offline"));
  window.addEventListener("online", back);
  if (!navigator.onLine) away("offline");

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    // Our own errors say where they belong, and a form with mistakes comes back as itself. A stranger's page does not get in.
    if (xhr.status >= 400) event.detail.shouldSwap = xhr.status === 422 || xhr.getResponseHeader("HX-Retarget") !== null;
  });
  for (const type of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(type, () => away(navigator.onLine ? "server_away" : "offline"));
  }
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.getResponseHeader("Linli-Reference") === null) away("server_away");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, elt } = event.detail;
    if (xhr.status > 0 && xhr.getResponseHeader("Linli-Reference") !== null) {
      back();
      if (!event.detail.requestConfig.headers["Linli-Background"]) seen();
    }
    if (elt.matches?.("[data-saved]")) {
      elt.dataset.state = event.detail.successful ? "saved" : "failed";
      if (event.detail.successful) return;
      elt.textContent = say("not_saved");
      setTimeout(() => elt.isConnected && htmx.trigger(elt.closest("form"), "change"), 5000);
    }
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.target.matches?.("[data-saved]")) return;
    if (event.target.closest("form")?.dataset.sent) {
      event.preventDefault(); // all of it is being sent
      return;
    }
    event.target.dataset.state = "saving";
    event.target.textContent = say("saving");
  });

  // ---- the session: warned in time, and nothing typed is lost ------------------------------------------------------

  const WARN = 120;
  const SEEN = "linli.seen";
  const { idleMinutes, stay } = document.body.dataset;
  const dialog = document.getElementById("l-session");
  const part = (name) => dialog.querySelector(`[data-session-${name}]`);
  // Another tab's requests count too.
  function seen() {
    localStorage.setItem(SEEN, String(Date.now()));
  }
  if (dialog) {
    seen();
    const tick = () => {
      const idle = (Date.now() - Number(localStorage.getItem(SEEN))) / 1000;
      const left = Math.ceil(Number(idleMinutes) * 60 - idle);
      if (left > WARN) {
        if (dialog.open && !dialog.dataset.over) dialog.close();
      } else if (left > 0) {
        part("title").textContent = say("expires", { n: idleMinutes });
        part("left").textContent = say("seconds_left", { n: left });
        if (!dialog.open) dialog.showModal();
      } else {
        over();
      }
    };
    const over = () => {
      if (dialog.dataset.over) return;
      dialog.dataset.over = "yes";
      part("title").textContent = say("expired");
      part("left").textContent = "";
      part("stay").hidden = part("leave").hidden = true;
      part("again").hidden = dialog.querySelector("[data-close]").hidden = false;
      if (!dialog.open) dialog.showModal();
    };
    const stayed = async () => {
      try {
        const answer = await fetch(stay, {
          method: "POST",
          headers: JSON.parse(document.body.getAttribute("hx-headers")),
          redirect: "error",
        });
        if (!answer.ok) return over();
        seen();
        dialog.close();
        toast(say("stayed"), "done");
      } catch {
        away("server_away");
      }
    };
    part("stay").addEventListener("click", stayed);
    dialog.addEventListener("cancel", (event) => {
      if (dialog.dataset.over) return;
      event.preventDefault();
      stayed();
    });
    setInterval(tick, 1000);
    // Signed in again in another window: this page can go on.
    window.addEventListener("storage", (event) => {
      if (event.key !== SEEN || !dialog.dataset.over) return;
      delete dialog.dataset.over;
      part("stay").hidden = part("leave").hidden = false;
      part("again").hidden = dialog.querySelector("[data-close]").hidden = true;
      dialog.close();
    });
  }

  // ---- what has to be looked at each time something new stands in the page -----------------------------------------

  const covered = (element) =>
    setTimeout(() => {
      element.textContent = element.dataset.conceal;
      element.classList.remove("l-strong");
    }, 30000);

  const once = (script) =>
    (once[script] ??= new Promise((resolve) => {
      const tag = document.createElement("script");
      tag.src = script;
      tag.addEventListener("load", resolve);
      document.head.append(tag);
    }));

  // What an answer from elsewhere says of a field that is still empty. What somebody typed, or is about to type, stays.
  const fillIn = ({ dataset: { fill, value, note } }) => {
    const control = document.getElementById(fill);
    if (!control || control.value || "filled" in control.dataset || control === document.activeElement) return;
    control.value = value;
    if (!control.value) return;
    control.dataset.filled = "";
    const line = document.createElement("p");
    Object.assign(line, { id: `${fill}-from`, className: "l-help l-help-line", textContent: note, title: note });
    control.before(line);
    control.setAttribute("aria-describedby", [control.getAttribute("aria-describedby"), line.id].filter(Boolean).join(" "));
  };

  function lookOver(root) {
    each("[data-groups]", echo, root);
    each("[data-conceal]:not([data-covered])", (e) => ((e.dataset.covered = ""), covered(e)), root);
    each("template[data-fill]", fillIn, root);
    root.querySelector("[data-focus]")?.focus();
    each("[data-chart]:not([data-drawn])", async (place) => {
      place.dataset.drawn = "";
      await once(place.dataset.chartLibrary);
      await once(place.dataset.chartScript);
      window.linli.chart(place);
    }, root);
    watchToasts();
  }
  document.addEventListener("htmx:load", (event) => lookOver(event.detail.elt));
  lookOver(document);
})();
