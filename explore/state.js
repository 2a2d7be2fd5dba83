// SPDX-License-Identifier: GPL-2.0-only
// What the page is about: two hosts and a packet. It comes from the address bar, too, so all
// of it is checked and bounded here. What it means is for the rule to say.
import { look } from './rule.js';

export const NICS_MAX = 8, ADDRESSES_MAX = 6, ROUTES_MAX = 8;
const HOSTS = ['esx-a', 'esx-b'];
export const STACKS = ['default', 'vmotion', 'provisioning'];
const UNTOLD = ['services', 'routes4', 'routes6', 'rest'];

const NAME = /^[A-Za-z0-9_.-]{1,15}$/;

const whole = (value, most) => Number.isInteger(value) && value >= 0 && value <= most ? value : 0;
// Words as they were typed, right or wrong: they are shown again, with what is wrong of them.
const texts = (list, most) => (Array.isArray(list) ? list : []).filter(t => typeof t === 'string')
	.map(t => t.trim().slice(0, 49).replace(/[^!-~]|,/g, '?')).filter(Boolean).slice(0, most);

function tidyNic(raw, i, names) {
	let name = typeof raw.name === 'string' && NAME.test(raw.name) ? raw.name : `vmk${i}`;
	while (names.has(name))
		name = `vmk${++i}`;
	names.add(name);
	return {
		name,
		stack: whole(raw.stack, STACKS.length - 1),
		vmk: !!raw.vmk,
		migration: !!raw.migration,
		provisioning: !!raw.provisioning,
		down: !!raw.down,
		addresses: texts(raw.addresses, ADDRESSES_MAX),
		routes: texts(raw.routes, ROUTES_MAX),
	};
}

function tidyHost(raw, i) {
	const names = new Set();
	const nics = (Array.isArray(raw?.nics) ? raw.nics : []).slice(0, NICS_MAX)
		.map((nic, at) => tidyNic(nic ?? {}, at, names));
	if (!nics.length)
		nics.push(tidyNic({}, 0, names));
	const untold = Array.isArray(raw?.untold) ? raw.untold : [];
	return {
		name: HOSTS[i], strict: !!raw?.strict, first: whole(raw?.first, nics.length - 1), nics,
		untold: UNTOLD.filter(what => untold.includes(what)),
	};
}

export function tidy(raw) {
	const hosts = HOSTS.map((_, i) => tidyHost(raw.hosts?.[i], i));
	const from = whole(raw.from, 1);
	const other = texts([raw.other], 1)[0] ?? '';
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

// The NIC at which a host receives: the first that carries migrations.
export const receiver = (host, family) => Math.max(0, look(host, family).nics.findIndex(nic => nic.carries));

// NICs get other numbers: @moved gives the new one, -1 for none.
function renumber(state, at, moved) {
	state.hosts[at].first = Math.max(0, moved(state.hosts[at].first));
	if (at !== state.from) {
		const to = moved(state.to);
		state.to = to < 0 ? receiver(state.hosts[at], state.family) : to;
		return;
	}
	state.bound = moved(state.bound);
	if (state.bound < 0)
		state.bind = 'none';
}

export function removeNic(state, at, i) {
	state.hosts[at].nics.splice(i, 1);
	renumber(state, at, k => k === i ? -1 : k > i ? k - 1 : k);
}

export function swapNics(state, at, i, j) {
	const { nics } = state.hosts[at];
	[nics[i], nics[j]] = [nics[j], nics[i]];
	renumber(state, at, k => k === i ? j : k === j ? i : k);
}

export function sendFrom(state, from) {
	Object.assign(state, { from, bind: 'none', to: receiver(state.hosts[1 - from], state.family) });
}

// In the address bar. A NIC is its name, letters for what it is, its addresses, and behind @
// its routes: vmk1,vm,192.0.2.11/24,@198.51.100.0/24
const FLAGS = { v: 'vmk', m: 'migration', p: 'provisioning', d: 'down' };
const ON_STACK = ['', 'V', 'P'];
// What addresses are not made of stands as ~ and its number: such words would come apart.
const escaped = text => text.replace(/[^0-9A-Za-z.:/]/g, c => `~${c.charCodeAt().toString(16)}.`);
const unescaped = text => text.replace(/~([0-9a-f]{2})\./g, (_, code) => String.fromCharCode(parseInt(code, 16)));

function nicText(nic, isFirst) {
	const flags = Object.keys(FLAGS).filter(letter => nic[FLAGS[letter]]).join('') +
		ON_STACK[nic.stack] + (isFirst ? 'f' : '');
	return [nic.name, flags, ...nic.addresses.map(escaped), ...nic.routes.map(route => '@' + escaped(route))].join(',');
}

function hostText(host) {
	return [...host.strict ? ['strict'] : [], ...host.untold.map(what => `untold.${what}`),
		...host.nics.map((nic, i) => nicText(nic, i === host.first))].join(';');
}

export function toText(state) {
	return [`from=${state.from}`, `tag=${state.tag}`, `ip=${state.family}`, `bind=${state.bind}`,
		`bound=${state.bound}`, `to=${state.to}`, ...(state.other ? [`other=${escaped(state.other)}`] : []),
		`a=${hostText(state.hosts[0])}`, `b=${hostText(state.hosts[1])}`].join('&');
}

function nicFrom(text) {
	const [name, flags = '', ...rest] = text.split(',');
	const nic = { name, stack: Math.max(0, ['', 'V', 'P'].findIndex(s => s && flags.includes(s))) };
	for (const letter in FLAGS)
		nic[FLAGS[letter]] = flags.includes(letter);
	nic.addresses = rest.filter(t => !t.startsWith('@')).map(unescaped);
	nic.routes = rest.filter(t => t.startsWith('@')).map(t => unescaped(t.slice(1)));
	return [nic, flags.includes('f')];
}

function hostFrom(text) {
	const parts = text.split(';').slice(0, NICS_MAX + UNTOLD.length + 2);
	const nics = parts.filter(part => part.includes(',')).map(nicFrom);
	return {
		strict: parts.includes('strict'),
		untold: UNTOLD.filter(what => parts.includes(`untold.${what}`)),
		nics: nics.map(([nic]) => nic),
		first: Math.max(0, nics.findIndex(([, isFirst]) => isFirst)),
	};
}

// Null if it is none of ours. Of one that is damaged, what is left of it.
export function fromText(text) {
	const values = new Map(text.slice(0, 8000).split('&').map(pair => {
		const at = pair.indexOf('=');
		return [pair.slice(0, at), pair.slice(at + 1)];
	}));
	if (!values.has('a') || !values.has('b'))
		return null;
	const number = key => /^[0-9]$/.test(values.get(key)) ? +values.get(key) : undefined;
	return tidy({
		hosts: ['a', 'b'].map(key => hostFrom(values.get(key))),
		from: number('from'), tag: number('tag'), family: number('ip'), bind: values.get('bind'),
		bound: number('bound'), to: number('to'), other: unescaped(values.get('other') ?? ''),
	});
}
