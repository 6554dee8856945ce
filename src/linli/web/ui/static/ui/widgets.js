// Controls that keep a state of their own, as Alpine components (the build that needs no eval).
document.addEventListener("alpine:init", () => {
  "use strict";

  const say = (...args) => window.linli.say(...args);
  const megabytes = (bytes) => (bytes / 1048576).toFixed(1);

  // The browser's own file button speaks the browser's language; a label of ours speaks the page's.
  const dress = ({ input, label }) => {
    input.classList.add("l-hidden-visually");
    label.hidden = false;
  };

  // A file is right for an input if its accept list names its ending or its kind.
  const accepted = (file, accept) =>
    !accept ||
    accept.split(",").some((rule) => {
      const wanted = rule.trim().toLowerCase();
      if (wanted.startsWith(".")) return file.name.toLowerCase().endsWith(wanted);
      return wanted.endsWith("/*") ? file.type.startsWith(wanted.slice(0, -1)) : file.type === wanted;
    });

  // ---- files: dropped or chosen, checked at once, and sent at once where the page gives an address -----------------

  Alpine.data("fileDrop", () => ({
    init() {
      dress(this.$refs);
    },
    over() {
      this.$root.classList.add("l-drop-over");
    },
    away() {
      this.$root.classList.remove("l-drop-over");
    },
    dropped(event) {
      this.away();
      const { input } = this.$refs;
      const files = new DataTransfer();
      for (const file of input.multiple ? event.dataTransfer.files : [...event.dataTransfer.files].slice(0, 1)) files.items.add(file);
      input.files = files.files;
      this.chosen();
    },
    chosen() {
      const { input, list } = this.$refs;
      const good = new DataTransfer();
      if (!this.$root.dataset.upload) list.replaceChildren();
      for (const file of input.files) {
        const problem = this.problem(file);
        const line = this.line(file, problem);
        if (problem) continue;
        if (this.$root.dataset.upload) this.send(file, line);
        else good.items.add(file);
      }
      input.files = good.files;
    },
    problem(file) {
      const limit = Number(this.$root.dataset.limit);
      const size = megabytes(file.size);
      if (file.size > limit * 1048576) return say("too_large", { name: file.name, size, limit });
      return accepted(file, this.$refs.input.accept) ? "" : say("wrong_type", { name: file.name });
    },
    line(file, problem) {
      const line = document.createElement("li");
      const text = document.createElement("span");
      text.textContent = problem || `${file.name} · ${megabytes(file.size)} MB`;
      if (problem) text.className = "l-error";
      line.append(text);
      this.$refs.list.append(line);
      return line;
    },
    send(file, line) {
      const { input } = this.$refs;
      const bar = document.createElement("progress");
      bar.max = 1;
      bar.setAttribute("aria-label", say("uploading"));
      const holder = document.createElement("span");
      holder.className = "l-progress";
      holder.append(bar);
      line.append(holder);
      const body = new FormData();
      body.append(input.name, file);
      const request = new XMLHttpRequest();
      request.open("POST", this.$root.dataset.upload);
      for (const [name, value] of Object.entries(JSON.parse(document.body.getAttribute("hx-headers")))) request.setRequestHeader(name, value);
      request.setRequestHeader("HX-Request", "true");
      request.upload.addEventListener("progress", (event) => event.lengthComputable && (bar.value = event.loaded / event.total));
      request.addEventListener("load", () => {
        if (request.status >= 400) return this.failed(line, holder);
        // The answer is the line as the server keeps it, with a way to take it back.
        line.innerHTML = request.responseText;
        htmx.process(line);
      });
      request.addEventListener("error", () => this.failed(line, holder));
      request.send(body);
    },
    failed(line, holder) {
      const text = document.createElement("span");
      text.className = "l-error";
      text.textContent = say("upload_failed");
      holder.replaceWith(text);
    },
  }));

  // ---- camera: a preview where the browser has one, the ordinary file input everywhere -----------------------------

  Alpine.data("camera", () => ({
    stream: null,
    init() {
      dress(this.$refs);
      if (window.isSecureContext && navigator.mediaDevices?.getUserMedia) this.$refs.open.hidden = false;
    },
    async open() {
      const { dialog, video, problem } = this.$refs;
      problem.hidden = true;
      try {
        this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
      } catch {
        problem.textContent = say("no_camera");
        problem.hidden = false;
        return;
      }
      video.srcObject = this.stream;
      dialog.showModal();
    },
    take() {
      const { video, input } = this.$refs;
      const canvas = document.createElement("canvas");
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      canvas.getContext("2d").drawImage(video, 0, 0);
      canvas.toBlob((blob) => {
        const files = new DataTransfer();
        files.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
        input.files = files.files;
        this.chosen();
        this.close();
      }, "image/jpeg", 0.9);
    },
    chosen() {
      const { input, preview, problem } = this.$refs;
      const [file] = input.files;
      const limit = Number(this.$root.dataset.limit);
      problem.hidden = !file || file.size <= limit * 1048576;
      if (!problem.hidden) {
        problem.textContent = say("too_large", { name: file.name, size: megabytes(file.size), limit });
        input.value = "";
      }
      preview.hidden = !file || !problem.hidden;
      if (preview.src) URL.revokeObjectURL(preview.src);
      if (!preview.hidden) preview.src = URL.createObjectURL(file);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    },
    close() {
      this.$refs.dialog.close();
    },
    stop() {
      this.stream?.getTracks().forEach((track) => track.stop());
      this.stream = null;
    },
  }));

  // ---- signature: strokes on a canvas, kept as a PNG in a hidden field ---------------------------------------------

  Alpine.data("signaturePad", () => ({
    strokes: [],
    init() {
      const { pad } = this.$refs;
      this.resize();
      new ResizeObserver(() => this.resize()).observe(pad);
      pad.addEventListener("pointerdown", (event) => {
        pad.setPointerCapture(event.pointerId);
        this.strokes.push([this.point(event)]);
        this.draw();
      });
      pad.addEventListener("pointermove", (event) => {
        if (!pad.hasPointerCapture(event.pointerId)) return;
        for (const move of event.getCoalescedEvents?.() ?? [event]) this.strokes.at(-1).push(this.point(move));
        this.draw();
      });
      pad.addEventListener("pointerup", () => this.keep());
      pad.addEventListener("pointercancel", () => this.keep());
      this.tell();
    },
    // Points are kept as shares of the pad, so that turning the phone loses nothing.
    point(event) {
      const { pad } = this.$refs;
      const box = pad.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    },
    resize() {
      const { pad } = this.$refs;
      const scale = window.devicePixelRatio || 1;
      pad.width = pad.clientWidth * scale;
      pad.height = pad.clientHeight * scale;
      this.draw();
    },
    draw() {
      const { pad } = this.$refs;
      const pen = pad.getContext("2d");
      pen.clearRect(0, 0, pad.width, pad.height);
      pen.lineWidth = Math.max(2, pad.height / 70);
      pen.lineCap = pen.lineJoin = "round";
      pen.strokeStyle = pen.fillStyle = "#000";
      for (const stroke of this.strokes) {
        const at = stroke.map(([x, y]) => [x * pad.width, y * pad.height]);
        pen.beginPath();
        pen.moveTo(...at[0]);
        at.forEach(([x, y], n) => {
          const [nextX, nextY] = at[n + 1] ?? [x, y];
          pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
        });
        pen.stroke();
      }
    },
    keep() {
      const { pad, data } = this.$refs;
      data.value = this.strokes.length ? pad.toDataURL("image/png") : "";
      data.dispatchEvent(new Event("change", { bubbles: true }));
      this.tell();
    },
    undo() {
      this.strokes.pop();
      this.draw();
      this.keep();
    },
    clear() {
      this.strokes = [];
      this.draw();
      this.keep();
    },
    tell() {
      this.$refs.status.textContent = say(this.strokes.length || this.$refs.data.value ? "signed" : "unsigned");
    },
  }));

  // ---- palette: the list follows the arrow keys while the focus stays in the field ---------------------------------
  // Whoever types fast, or a card reader, presses Enter before the answer is there: then the first of it opens when it comes.

  Alpine.data("palette", () => ({
    shown: "",
    wanted: false,
    options() {
      return [...this.$refs.list.querySelectorAll("[role=option]")];
    },
    choose(option) {
      for (const other of this.options()) other.setAttribute("aria-selected", String(other === option));
      if (option) {
        this.$refs.input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      } else {
        this.$refs.input.removeAttribute("aria-activedescendant");
      }
    },
    first(event) {
      this.shown = event.detail.requestConfig.parameters.q ?? "";
      const [option] = this.options();
      this.choose(option);
      if (this.wanted && this.current()) {
        this.wanted = false;
        option?.click();
      }
    },
    current() {
      return this.shown === this.$refs.input.value;
    },
    move(event) {
      if (event.isComposing) return;
      this.wanted = event.key === "Enter" && !this.current();
      if (this.wanted) {
        event.preventDefault();
        return;
      }
      const options = this.options();
      const at = options.findIndex((option) => option.ariaSelected === "true");
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        this.choose(options[(at + step + options.length) % options.length]);
      } else if (event.key === "Enter" && at >= 0) {
        event.preventDefault();
        options[at].click();
      }
    },
  }));
});
