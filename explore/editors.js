// SPDX-License-Identifier: GPL-2.0-only
// The hosts, to be changed.
import { STACKS, ADDRESSES_MAX, ROUTES_MAX, full, removeNic, swapNics } from './state.js';
import { el, button, choice, check } from './dom.js';

function field(id, words, values, wrong, onchange) {
	return el('label', {}, words, el('input', {
		type: 'text', id, value: values.join(' '), maxlength: 400, spellcheck: 'false', autocomplete: 'off',
		'aria-invalid': wrong.length ? 'true' : undefined, 'aria-describedby': wrong.length ? `${id}-wrong` : undefined,
		onchange: event => onchange(event.target.value.split(/[\s,]+/).filter(Boolean)),
	}), wrong.length ? el('span', { class: 'bad', id: `${id}-wrong` }, `Not understood, and left out: ${wrong.join(', ')}`) : '');
}

function nicEditor(host, at, i, seen, { changed, say, focus }) {
	const nic = host.nics[i], id = `${at}-${i}-`;
	const edit = change => changed(next => change(next.hosts[at].nics[i], next.hosts[at]));
	// Once somebody says which have them, it is told.
	const serve = change => edit((n, h) => {
		h.untold = h.untold.filter(what => what !== 'services');
		change(n, h);
	});
	const words = (key, most, what) => list => {
		edit(n => { n[key] = list; });
		if (list.length > most)
			say(`A NIC has at most ${most} ${what} here: the last ones were left out.`);
	};
	const swap = (j, which) => {
		changed(next => swapNics(next, at, i, j));
		focus(`${at}-${j}-${which}`);
	};
	return el('fieldset', {}, el('legend', {}, nic.name),
		check(`${id}vmk`, 'registered with migsel (a vmk)', nic.vmk, on => edit(n => { n.vmk = on; })),
		check(`${id}migration`, 'migration (vMotion)', nic.stack === 0 ? nic.migration : seen.nics[i].carries,
			on => serve(n => { n.migration = on; }), { disabled: !nic.vmk || nic.stack !== 0 }),
		check(`${id}provisioning`, 'provisioning (cold)', i === seen.provisioning, on => serve((n, h) => {
			h.nics.forEach(other => { other.provisioning = false; });
			n.provisioning = on;
		}), { disabled: !nic.vmk || nic.stack !== 0 }),
		el('label', {}, 'TCP/IP stack ', choice(`${id}stack`, `stack of ${nic.name}`, nic.stack, STACKS.map((name, s) => [s, name]),
			value => edit(n => { n.stack = +value; }))),
		check(`${id}up`, 'link up', !nic.down, on => edit(n => { n.down = !on; })),
		el('label', {}, el('input', {
			type: 'radio', name: `${at}-first`, id: `${id}first`, checked: host.first === i,
			onchange: () => edit((_, h) => { h.first = i; }),
		}), ' its routes come first'),
		field(`${id}addresses`, 'addresses, with their lengths', nic.addresses, seen.wrong[i].addresses, words('addresses', ADDRESSES_MAX, 'addresses')),
		field(`${id}routes`, 'more routes by it (0.0.0.0/0: a default route)', nic.routes, seen.wrong[i].routes, words('routes', ROUTES_MAX, 'routes')),
		el('div', { class: 'buttons' },
			button('Earlier', () => swap(i - 1, 'earlier'), { id: `${id}earlier`, useless: i === 0, 'aria-label': `${nic.name} earlier` }),
			button('Later', () => swap(i + 1, 'later'), { id: `${id}later`, useless: i === host.nics.length - 1, 'aria-label': `${nic.name} later` }),
			button('Remove', () => changed(next => removeNic(next, at, i)),
				{ id: `${id}remove`, useless: host.nics.length === 1, 'aria-label': `remove ${nic.name}` })));
}

// @page: what it does when something was changed.
export function editors(state, seen, page) {
	return state.hosts.map((host, at) => el('section', { class: 'editor', 'aria-label': host.name },
		el('h3', { tabindex: -1 }, `${host.name}${at === state.from ? ', the source: it decides' : ', the destination'}`),
		check(`${at}-strict`, 'fallback strict: keep to the migration NIC (not on ESXi)', host.strict,
			on => page.changed(next => { next.hosts[at].strict = on; })),
		host.untold.length ? el('p', { class: 'untold' }, 'Not all was told of this host. ', button('What stands here is all',
			() => page.changed(next => { next.hosts[at].untold = []; }), { id: `${at}-all` })) : '',
		el('div', { class: 'nics' }, ...host.nics.map((_, i) => nicEditor(host, at, i, seen[at], page))),
		el('div', { class: 'buttons' }, button('Add a NIC', () => page.changed(next => {
			const i = host.nics.length;
			next.hosts[at].nics.push({ name: `vmk${i}`, vmk: true, stack: 0, addresses: [`192.0.2.${at + 1}${i}/24`, `2001:db8::${at + 1}${i}/64`] });
		}), { id: `${at}-add`, useless: full(host), 'aria-label': `add a NIC to ${host.name}` }))));
}
