// SPDX-License-Identifier: GPL-2.0-only
// Elements, and how a part of the page becomes another one without losing what people are at:
// the focus, a click that has begun, text that is half typed.

export function el(name, more = {}, ...inner) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(more)) {
		if (key.startsWith('on'))
			element[key] = value;
		else if (value === true)
			element.setAttribute(key, '');
		else if (value !== false && value !== undefined)
			element.setAttribute(key, value);
	}
	element.append(...inner);
	return element;
}

// One that does nothing now keeps the focus.
export const button = (words, onclick, { useless, ...more } = {}) => el('button',
	{ type: 'button', onclick: useless ? null : onclick, 'aria-disabled': useless ? 'true' : undefined, ...more }, words);

export function choice(id, label, value, options, onchange) {
	return el('select', { id, 'aria-label': label, onchange: event => onchange(event.target.value) },
		...options.map(([key, words]) => el('option', { value: key, selected: `${key}` === `${value}` }, words)));
}

export function check(id, words, on, onchange, more = {}) {
	return el('label', {}, el('input', { type: 'checkbox', id, checked: on, onchange: event => onchange(event.target.checked), ...more }), ` ${words}`);
}

function follow(old, next) {
	if (old.nodeName !== next.nodeName || old.id !== next.id || old.type !== next.type) {
		old.replaceWith(next);
		return;
	}
	if (old.nodeType === Node.TEXT_NODE) {
		if (old.data !== next.data)
			old.data = next.data;
		return;
	}
	const typed = old.getAttribute('value') === next.getAttribute('value');
	for (const { name } of [...old.attributes])
		if (!next.hasAttribute(name))
			old.removeAttribute(name);
	// The policy of the page lets no attribute set a style.
	old.style.cssText = next.style.cssText;
	for (const { name, value } of next.attributes)
		if (name !== 'style' && old.getAttribute(name) !== value)
			old.setAttribute(name, value);
	old.onclick = next.onclick;
	old.onchange = next.onchange;
	followAll(old, next);
	if (old.nodeName === 'SELECT' && old.value !== next.value)
		old.value = next.value;
	else if (old.type === 'checkbox' || old.type === 'radio')
		old.checked = next.checked;
	else if (old.type === 'text' && !typed)
		old.value = next.value;
}

// The child with an id, from one on.
function named(id, child) {
	while (child && child.id !== id)
		child = child.nextSibling;
	return child;
}

// Takes away the children from one on, before another.
function drop(child, end) {
	while (child !== end) {
		const gone = child;
		child = child.nextSibling;
		gone.remove();
	}
}

// What has an id stays the same element, whatever comes and goes before it.
function followAll(old, next) {
	let at = old.firstChild;
	for (const child of [...next.childNodes]) {
		const same = child.id ? named(child.id, at) : at?.id ? null : at;
		if (!same) {
			old.insertBefore(child, at);
			continue;
		}
		drop(at, same);
		at = same.nextSibling;
		follow(same, child);
	}
	drop(at, null);
}

// The place gets what is given in the stead of what it has.
export function fill(place, ...inner) {
	const next = place.cloneNode(false);
	next.append(...inner);
	followAll(place, next);
}
