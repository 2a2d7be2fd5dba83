// SPDX-License-Identifier: GPL-2.0-only
// What the page is about: two hosts and a packet. It comes from the address bar, too, so all
// of it is checked and bounded here.

export const NICS_MAX = 8, ADDRESSES_MAX = 6, ROUTES_MAX = 8;
export const HOSTS = ['esx-a', 'esx-b'];
export const STACKS = ['default', 'vmotion', 'provisioning'];

const NAME = /^[A-Za-z0-9_.-]{1,15}$/;
const ADDRESS = /^[0-9a-fA-F.:]{1,45}(\/[0-9]{1,3})?$/;

const whole = (value, most) => Number.isInteger(value) && value >= 0 && value <= most ? value : 0;
const texts = (list, most) => (Array.isArray(list) ? list : []).filter(t => typeof t === 'string')
	.map(t => t.trim().slice(0, 49)).filter(t => ADDRESS.test(t)).slice(0, most);

export function tidyNic(raw, i, names) {
	let name = typeof raw.name === 'string' && NAME.test(raw.name) ? raw.name : `vmk${i}`;
	while (names.has(name))
		name = `vmk${++i}`;
	names.add(name);
	const stack = whole(raw.stack, STACKS.length - 1);
	return {
		name, stack,
		vmk: !!raw.vmk,
		migration: !!raw.migration,
		// As the module has it: the service is of the default stack.
		provisioning: !!raw.provisioning && stack === 0,
		down: !!raw.down,
		addresses: texts(raw.addresses, ADDRESSES_MAX),
		routes: texts(raw.routes, ROUTES_MAX),
	};
}

export function tidyHost(raw, i) {
	const names = new Set();
	const nics = (Array.isArray(raw?.nics) ? raw.nics : []).slice(0, NICS_MAX)
		.map((nic, at) => tidyNic(nic ?? {}, at, names));
	if (!nics.length)
		nics.push(tidyNic({}, 0, names));
	let served = false;
	for (const nic of nics) {
		nic.provisioning &&= !served;
		served ||= nic.provisioning;
	}
	return { name: HOSTS[i], strict: !!raw?.strict, first: whole(raw?.first, nics.length - 1), nics };
}

export function tidy(raw) {
	const hosts = HOSTS.map((_, i) => tidyHost(raw.hosts?.[i], i));
	const from = whole(raw.from, 1);
	const other = texts([raw.other], 1)[0]?.split('/')[0] ?? '';
	return {
		hosts, from,
		tag: whole(raw.tag, 2),
		family: (other ? other.includes(':') : raw.family === 6) ? 6 : 4,
		bind: ['address', 'device'].includes(raw.bind) ? raw.bind : 'none',
		bound: whole(raw.bound, hosts[from].nics.length - 1),
		to: whole(raw.to, hosts[1 - from].nics.length - 1),
		other,
	};
}

export const full = host => host.nics.length === NICS_MAX;
export const copy = state => tidy(structuredClone(state));

// In the address bar. A NIC is its name, letters for what it is, its addresses, and behind @
// its routes: vmk1,vm,192.0.2.11/24,@198.51.100.0/24
const FLAGS = { v: 'vmk', m: 'migration', p: 'provisioning', d: 'down' };
const ON_STACK = ['', 'V', 'P'];

function nicText(nic, isFirst) {
	const flags = Object.keys(FLAGS).filter(letter => nic[FLAGS[letter]]).join('') +
		ON_STACK[nic.stack] + (isFirst ? 'f' : '');
	return [nic.name, flags, ...nic.addresses, ...nic.routes.map(route => '@' + route)].join(',');
}

function hostText(host) {
	return (host.strict ? 'strict;' : '') + host.nics.map((nic, i) => nicText(nic, i === host.first)).join(';');
}

export function toText(state) {
	return [`from=${state.from}`, `tag=${state.tag}`, `ip=${state.family}`, `bind=${state.bind}`,
		`bound=${state.bound}`, `to=${state.to}`, ...(state.other ? [`other=${state.other}`] : []),
		`a=${hostText(state.hosts[0])}`, `b=${hostText(state.hosts[1])}`].join('&');
}

function nicFrom(text) {
	const [name, flags = '', ...rest] = text.split(',');
	const nic = { name, stack: Math.max(0, ['', 'V', 'P'].findIndex(s => s && flags.includes(s))) };
	for (const letter in FLAGS)
		nic[FLAGS[letter]] = flags.includes(letter);
	nic.addresses = rest.filter(t => !t.startsWith('@'));
	nic.routes = rest.filter(t => t.startsWith('@')).map(t => t.slice(1));
	return [nic, flags.includes('f')];
}

function hostFrom(text) {
	const parts = text.split(';').slice(0, NICS_MAX + 1);
	const strict = parts[0] === 'strict';
	const nics = parts.slice(strict ? 1 : 0).map(nicFrom);
	return { strict, nics: nics.map(([nic]) => nic), first: Math.max(0, nics.findIndex(([, isFirst]) => isFirst)) };
}

// Null if it is none of ours.
export function fromText(text) {
	const values = new Map(text.slice(0, 8000).split('&').map(pair => {
		const at = pair.indexOf('=');
		return [pair.slice(0, at), pair.slice(at + 1)];
	}));
	if (!values.has('a') || !values.has('b'))
		return null;
	const number = key => parseInt(values.get(key), 10);
	return tidy({
		hosts: ['a', 'b'].map(key => hostFrom(values.get(key))),
		from: number('from'), tag: number('tag'), family: number('ip'), bind: values.get('bind'),
		bound: number('bound'), to: number('to'), other: values.get('other'),
	});
}
