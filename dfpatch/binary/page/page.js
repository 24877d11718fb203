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

	function cellText(tr, column) {
		return tr.querySelector(`td.${column}`)?.textContent ?? "";
	}

	// What a search looks through: the full name as patterns have it, and all else that is said.
	function textOf(tr) {
		const [kind, name, place, doc] = ["kind", "name", "place", "doc"].map((c) => cellText(tr, c));
		const state = cellText(tr, "now") || cellText(tr, "built");
		return `${kind}:${name}@${place} ${state} state:${state} ${doc} ${cellText(tr, "at")}`.toLowerCase();
	}

	function readFlag(tr, index) {
		return {
			tr,
			index,
			text: textOf(tr),
			kind: cellText(tr, "kind"),
			file: cellText(tr, "place").replace(/:\d+$/, ""),
			state: cellText(tr, "now") || cellText(tr, "built"),
			doc: cellText(tr, "doc") !== "",
			found: tr.classList.contains("finding"),
			shown: true,
		};
	}

	function readTable(table) {
		const heads = [...table.tHead.rows[0].cells];
		const rows = [...table.querySelectorAll("tbody tr:not(.group)")];
		return { table, heads, flags: rows.map(readFlag), bodies: [] };
	}

	const tables = [...document.querySelectorAll("table.flags")].map(readTable);
	const lists = [...document.querySelectorAll("table.findings")].map((table) => ({
		details: table.closest("details"),
		findings: [...table.tBodies[0].rows].map((tr) => ({ tr, text: tr.textContent.toLowerCase() })),
	}));

	// ---- searching ----

	function wanted(flag, words) {
		return (
			(view.state === "" || flag.state === view.state) &&
			(view.only !== "findings" || flag.found) &&
			(view.only !== "nodoc" || !flag.doc) &&
			words.every((word) => flag.text.includes(word))
		);
	}

	function plural(number, one) {
		return number === 1 ? one : `${one}s`;
	}

	function filterGroups(table) {
		for (const group of table.bodies) {
			const shown = group.flags.filter((flag) => flag.shown).length;
			group.body.hidden = shown === 0;
			group.count.textContent =
				shown === group.flags.length ? `${shown}` : `${shown} of ${group.flags.length}`;
		}
	}

	function filterFlags(words) {
		let shown = 0;
		for (const table of tables) {
			for (const flag of table.flags) {
				flag.shown = wanted(flag, words);
				flag.tr.hidden = !flag.shown;
				shown += flag.shown;
			}
			filterGroups(table);
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

	function total(lists, member) {
		return lists.reduce((sum, list) => sum + list[member].length, 0);
	}

	function filter() {
		const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
		const flags = total(tables, "flags");
		const findings = total(lists, "findings");
		let text = `${filterFlags(words)} of ${flags} ${plural(flags, "flag")}`;
		const left = filterFindings(words);
		if (findings > 0) text += `, ${left} of ${findings} findings and notes`;
		status.textContent = text;
	}

	// ---- sorting and grouping ----

	function sorted(flags) {
		const column = view.sort.replace(/^-/, "");
		const sign = view.sort.startsWith("-") ? -1 : 1;
		if (!COLUMNS.has(column)) return flags;
		const number = COLUMNS.get(column);
		const keys = new Map();
		for (const flag of flags) {
			const text = cellText(flag.tr, column);
			keys.set(flag, number ? Number.parseInt(text, text.startsWith("0x") ? 16 : 10) || 0 : text);
		}
		const compare = number
			? (a, b) => keys.get(a) - keys.get(b)
			: (a, b) => ORDER.compare(keys.get(a), keys.get(b));
		return [...flags].sort((a, b) => sign * compare(a, b) || a.index - b.index);
	}

	// Names of columns, and whether they hold numbers.
	const COLUMNS = new Map();
	for (const table of tables)
		for (const th of table.heads) COLUMNS.set(th.classList[0], th.classList.contains("number"));

	function groupsOf(flags) {
		if (view.group === "none") return new Map([["", flags]]);
		const groups = new Map();
		for (const flag of flags) {
			const name = flag[view.group];
			if (!groups.has(name)) groups.set(name, []);
			groups.get(name).push(flag);
		}
		return new Map([...groups].sort(([a], [b]) => ORDER.compare(a, b)));
	}

	function makeGroup(table, name, flags) {
		const body = make("tbody", {});
		const count = make("span", { class: "count" });
		if (view.group !== "none") {
			const th = make("th", { scope: "rowgroup", colspan: table.heads.length }, name, count);
			body.append(make("tr", { class: "group" }, th));
		}
		body.append(...flags.map((flag) => flag.tr));
		return { body, count, flags };
	}

	function markSort(table) {
		for (const th of table.heads) {
			const name = th.classList[0];
			if (view.sort === name) th.setAttribute("aria-sort", "ascending");
			else if (view.sort === `-${name}`) th.setAttribute("aria-sort", "descending");
			else th.removeAttribute("aria-sort");
		}
	}

	function arrange() {
		for (const table of tables) {
			const groups = groupsOf(sorted(table.flags));
			table.bodies = [...groups].map(([name, flags]) => makeGroup(table, name, flags));
			for (const body of [...table.table.tBodies]) body.remove();
			table.table.append(...table.bodies.map((group) => group.body));
			table.table.dataset.group = view.group;
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

	function change(key, value) {
		view[key] = value;
		writeAddress();
		if (key === "sort" || key === "group") arrange();
		filter();
		showTools();
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

	function follow() {
		if (!readAddress()) return;
		arrange();
		filter();
		showTools();
	}

	// A link to a finding leads to details that may be folded up.
	function unfold() {
		const target = document.getElementById(location.hash.slice(1));
		if (target?.localName === "details") target.open = true;
	}

	addEventListener("hashchange", () => {
		follow();
		unfold();
		if (location.hash.includes("=")) tables[0]?.table.scrollIntoView();
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
		follow();
		if (tables.every((table) => table.bodies.length === 0)) {
			arrange();
			filter();
		}
		unfold();
	}
})();
