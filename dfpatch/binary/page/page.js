// SPDX-License-Identifier: Apache-2.0
// page.js - searching, sorting and grouping the flags of a page that is complete without it.
//
// What is shown is written to the fragment of the address, so that it can be sent to
// somebody, and read from there: q, state, only, group, sort ("-" before it: downwards).
// Texts of the page are untrusted: they are only ever set as text.
"use strict";

(() => {
	const DEFAULTS = { q: "", state: "", only: "", group: "kind", sort: "" };
	const ORDER = new Intl.Collator("en", { numeric: true, sensitivity: "variant" });
	const view = { ...DEFAULTS };

	function make(name, attributes, ...children) {
		const element = document.createElement(name);
		for (const [key, value] of Object.entries(attributes))
			element.setAttribute(key, value);
		element.append(...children);
		return element;
	}

	// ---- what is on the page ----

	// A flag: its row, and what is read of it when it is asked for.
	class Flag {
		constructor(tr, index, columns) {
			this.tr = tr;
			this.index = index;
			this.columns = columns;
			this.shown = true;
		}

		cell(column) {
			return this.tr.children[this.columns.get(column)]?.textContent ?? "";
		}

		get kind() {
			return this.cell("kind");
		}

		get file() {
			return this.cell("place").replace(/:\d+$/, "");
		}

		get state() {
			return this.cell("now") || this.cell("built");
		}

		// What a search looks through: the full name as patterns have it, and all else that is said.
		get text() {
			this.read ??= [
				`${this.kind}:${this.cell("name")}@${this.cell("place")}`,
				`state:${this.state}`,
				...["doc", "at", "source", "author", "changed"].map((column) => this.cell(column)),
			]
				.join(" ")
				.toLowerCase();
			return this.read;
		}
	}

	// A group: a body of the table, with its flags in order.
	class Group {
		constructor(body, flags) {
			this.body = body;
			this.flags = flags;
			this.count = make("span", { class: "count" });
			body.querySelector("tr.group th")?.append(this.count);
		}

		showCount() {
			const shown = this.flags.filter((flag) => flag.shown).length;
			this.body.hidden = shown === 0;
			this.count.textContent =
				shown === this.flags.length ? `${shown}` : `${shown} of ${this.flags.length}`;
		}
	}

	// As the page comes, flags are grouped by kind.
	class Table {
		constructor(element) {
			this.element = element;
			this.heads = [...element.tHead.rows[0].cells];
			this.columns = new Map(this.heads.map((th, index) => [th.classList[0], index]));
			this.flags = [];
			this.groups = [...element.tBodies].map((body) => this.readGroup(body));
		}

		readGroup(body) {
			const rows = [...body.rows].filter((tr) => tr.className !== "group");
			const first = this.flags.length;
			const flags = rows.map((tr, index) => new Flag(tr, first + index, this.columns));
			this.flags.push(...flags);
			return new Group(body, flags);
		}
	}

	const tables = [...document.querySelectorAll("table.flags")].map((element) => new Table(element));
	const lists = [...document.querySelectorAll("table.findings")].map((table) => ({
		details: table.closest("details"),
		findings: [...table.tBodies[0].rows].map((tr) => ({ tr, text: tr.textContent.toLowerCase() })),
	}));

	// ---- searching ----

	function wanted(flag, words) {
		return (
			(view.state === "" || flag.state === view.state) &&
			(view.only !== "findings" || flag.tr.className === "finding") &&
			(view.only !== "nodoc" || flag.cell("doc") === "") &&
			words.every((word) => flag.text.includes(word))
		);
	}

	function filterFlags(words) {
		let shown = 0;
		for (const table of tables) {
			for (const flag of table.flags) {
				flag.shown = wanted(flag, words);
				if (flag.tr.hidden === flag.shown) flag.tr.hidden = !flag.shown;
				shown += flag.shown;
			}
			for (const group of table.groups) group.showCount();
		}
		return shown;
	}

	// Those of a code go as a whole when none of them is left.
	function filterFindings(words) {
		let shown = 0;
		for (const list of lists) {
			let left = 0;
			for (const finding of list.findings) {
				const hit = words.every((word) => finding.text.includes(word));
				finding.tr.hidden = !hit;
				left += hit;
			}
			list.details.hidden = left === 0;
			shown += left;
		}
		return shown;
	}

	function sum(list, number) {
		return list.reduce((all, one) => all + number(one), 0);
	}

	// Of flags that are not listed, nothing is found here.
	function describe(shown, left) {
		const flags = sum(tables, (table) => table.flags.length);
		const all = sum(tables, (table) => Number(table.element.dataset.all));
		const findings = sum(lists, (list) => list.findings.length);
		const parts = [`${shown} of ${flags} ${flags === 1 ? "flag" : "flags"}`];
		if (all > flags) parts[0] += ` listed (${all} in all)`;
		if (findings > 0) parts.push(`${left} of ${findings} findings and notes`);
		return parts.join(", ");
	}

	function filter() {
		const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
		status.textContent = describe(filterFlags(words), filterFindings(words));
	}

	// ---- sorting and grouping ----

	function keyOf(flag, column, isNumber) {
		const text = flag.cell(column);
		return isNumber ? Number.parseInt(text, text.startsWith("0x") ? 16 : 10) || 0 : text;
	}

	// By the column of view.sort, and within it as the page came.
	function sorted(table) {
		const column = view.sort.replace(/^-/, "");
		const sign = view.sort.startsWith("-") ? -1 : 1;
		const head = table.heads[table.columns.get(column)];
		if (!head) return table.flags;
		const isNumber = head.classList.contains("number");
		const keys = table.flags.map((flag) => keyOf(flag, column, isNumber));
		const compare = isNumber ? (a, b) => a - b : ORDER.compare;
		return [...table.flags].sort(
			(a, b) => sign * compare(keys[a.index], keys[b.index]) || a.index - b.index,
		);
	}

	function split(flags) {
		const parts = new Map();
		for (const flag of flags) {
			const name = view.group === "none" ? "" : flag[view.group];
			if (!parts.has(name)) parts.set(name, []);
			parts.get(name).push(flag);
		}
		return [...parts].sort(([a], [b]) => ORDER.compare(a, b));
	}

	function makeGroup(name, flags, width) {
		const body = make("tbody", {});
		if (view.group !== "none") {
			const th = make("th", { scope: "rowgroup", colspan: width }, name);
			body.append(make("tr", { class: "group" }, th));
		}
		body.append(...flags.map((flag) => flag.tr));
		return new Group(body, flags);
	}

	function markSort(table) {
		for (const th of table.heads) {
			const name = th.classList[0];
			if (view.sort === name) th.setAttribute("aria-sort", "ascending");
			else if (view.sort === `-${name}`) th.setAttribute("aria-sort", "descending");
			else th.removeAttribute("aria-sort");
		}
	}

	let arranged = `${DEFAULTS.group} ${DEFAULTS.sort}`;

	function arrange() {
		const wish = `${view.group} ${view.sort}`;
		if (wish === arranged) return;
		arranged = wish;
		for (const table of tables) {
			const width = table.heads.length;
			table.groups = split(sorted(table)).map(([name, flags]) => makeGroup(name, flags, width));
			for (const body of [...table.element.tBodies]) body.remove();
			table.element.append(...table.groups.map((group) => group.body));
			table.element.dataset.group = view.group;
			markSort(table);
		}
	}

	// ---- the address ----

	// A fragment without "=" is a place on the page.
	function readAddress() {
		const text = location.hash.slice(1);
		if (text !== "" && !text.includes("=")) return false;
		const given = new URLSearchParams(text);
		for (const key of Object.keys(DEFAULTS)) view[key] = given.get(key) ?? DEFAULTS[key];
		if (!["kind", "file", "none"].includes(view.group)) view.group = DEFAULTS.group;
		return true;
	}

	function writeAddress() {
		const changed = Object.entries(view).filter(([key, value]) => value !== DEFAULTS[key]);
		const text = new URLSearchParams(changed).toString();
		history.replaceState(null, "", text === "" ? location.pathname + location.search : `#${text}`);
	}

	// ---- tools ----

	function choice(label, key, options) {
		const select = make("select", { "data-key": key });
		for (const [value, text] of options) select.append(make("option", { value }, text));
		select.addEventListener("change", () => change(key, select.value));
		return make("label", {}, `${label} `, select);
	}

	function makeSearch() {
		const input = make("input", {
			type: "search",
			"data-key": "q",
			placeholder: "kind, name, file, doc, state",
			autocomplete: "off",
			spellcheck: "false",
		});
		let timer = 0;
		input.addEventListener("input", () => {
			clearTimeout(timer);
			timer = setTimeout(() => change("q", input.value), 60);
		});
		return input;
	}

	const search = makeSearch();
	const status = make("output", { role: "status", "aria-live": "polite" });
	const tools = document.getElementById("tools");
	tools.append(
		make("label", {}, "Search", search),
		choice("State", "state", [
			["", "any"],
			["on", "on"],
			["off", "off"],
			["held", "held"],
			["mixed", "mixed"],
		]),
		choice("Show", "only", [
			["", "all"],
			["findings", "with findings"],
			["nodoc", "without doc"],
		]),
		choice("Group by", "group", [
			["kind", "kind"],
			["file", "file"],
			["none", "nothing"],
		]),
		status,
	);

	function showTools() {
		for (const control of tools.querySelectorAll("[data-key]"))
			if (control.value !== view[control.dataset.key]) control.value = view[control.dataset.key];
	}

	function show() {
		arrange();
		filter();
		showTools();
	}

	function change(key, value) {
		view[key] = value;
		writeAddress();
		show();
	}

	// Up, down, and as it was.
	function nextSort(name) {
		if (view.sort === name) return `-${name}`;
		return view.sort === `-${name}` ? "" : name;
	}

	for (const table of tables) {
		for (const th of table.heads) {
			const button = make("button", { type: "button" }, th.textContent);
			button.addEventListener("click", () => change("sort", nextSort(th.classList[0])));
			th.replaceChildren(button);
		}
	}

	// A link to a finding leads to details that may be folded up.
	function unfold() {
		const target = document.getElementById(location.hash.slice(1));
		if (target?.localName === "details") target.open = true;
	}

	addEventListener("hashchange", () => {
		unfold();
		if (!readAddress()) return;
		show();
		tables.find((table) => table.flags.some((flag) => flag.shown))?.element.scrollIntoView();
	});
	addEventListener("keydown", (event) => {
		if (event.key === "/" && !/^(INPUT|SELECT)$/.test(document.activeElement?.tagName)) {
			event.preventDefault();
			search.focus();
		} else if (event.key === "Escape" && document.activeElement === search) {
			change("q", "");
		}
	});

	if (tables.length > 0) {
		tools.hidden = false;
		new ResizeObserver(() => {
			const sticky = getComputedStyle(tools).position === "sticky";
			const height = sticky ? tools.offsetHeight : 0;
			document.documentElement.style.setProperty("--tools", `${height}px`);
		}).observe(tools);
		readAddress();
		show();
		unfold();
	}
})();
