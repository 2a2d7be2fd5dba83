// SPDX-License-Identifier: GPL-2.0-only
// The rule, as C has it: explore.h says what is called here.
/* global WASM, TABLE */

const said = [];
let calls, memory;

// The C library wants to write complaints; of the rest of a system there is none.
function system(name) {
	if (name === 'proc_exit')
		return () => { throw new Error('out of memory'); };
	if (name !== 'fd_write')
		return () => 8;
	return (fd, vectors, n, written) => {
		const view = new DataView(memory.buffer);
		let total = 0;
		for (let i = 0; i < n; i++) {
			const from = view.getUint32(vectors + 8 * i, true);
			const length = view.getUint32(vectors + 8 * i + 4, true);
			said.push(new TextDecoder().decode(new Uint8Array(memory.buffer, from, length)));
			total += length;
		}
		view.setUint32(written, total, true);
		return 0;
	};
}

function put(text) {
	const room = calls.explore_input_max();
	const bytes = new TextEncoder().encode(text).subarray(0, room);
	const input = new Uint8Array(memory.buffer, calls.explore_input(), room + 1);
	input.set(bytes);
	input[bytes.length] = 0;
	return bytes.length;
}

function got(pointer) {
	const bytes = new Uint8Array(memory.buffer);
	return pointer ? JSON.parse(new TextDecoder().decode(bytes.subarray(pointer, bytes.indexOf(0, pointer)))) : null;
}

// What the reasons, the tags and the rows of the table are called, and say.
export let words;
// The table in the words of the manual, by reason.
export const table = new Map(TABLE.map(row => [row.reason, row]));

export async function load() {
	const bytes = Uint8Array.from(atob(WASM), c => c.charCodeAt(0));
	const module = await WebAssembly.compile(bytes);
	const imports = {};
	for (const { module: from, name } of WebAssembly.Module.imports(module))
		(imports[from] ??= {})[name] = system(name);
	calls = (await WebAssembly.instantiate(module, imports)).exports;
	memory = calls.memory;
	calls._initialize();
	words = got(calls.explore_words());
}

const VMK = 1, MIGRATION = 2, PROVISIONING = 4, DOWN = 8;

// Describes a host to the rule. Returns what of it is no address or route, as text.
function describe(host) {
	const wrong = [];
	calls.explore_begin(host.strict);
	for (const nic of host.nics) {
		put(nic.name);
		const at = calls.explore_add_nic((nic.vmk && VMK) | (nic.migration && MIGRATION) |
			(nic.provisioning && PROVISIONING) | (nic.down && DOWN), nic.stack);
		for (const [texts, add] of [[nic.addresses, calls.explore_add_address], [nic.routes, calls.explore_add_route]])
			for (const text of texts) {
				put(text);
				if (!add(at))
					wrong.push(text);
			}
	}
	return wrong;
}

// What is behind the length of an address, without that.
export const bare = address => address.split('/')[0];

// The first address of a family that a NIC was given, as it was written.
export function addressOf(nic, family) {
	return nic.addresses.find(a => a.includes(':') === (family === 6) && !/^fe[89ab]/i.test(a));
}

export function destinationOf(state) {
	const nic = state.hosts[1 - state.from].nics[state.to];
	return state.other || bare((nic && addressOf(nic, state.family)) ?? '');
}

// Which row decides on the packet, and by which NIC it leaves; null without a destination.
export function decide(state, tag = state.tag) {
	const host = state.hosts[state.from];
	const wrong = describe(host);
	const to = destinationOf(state);
	const bound = state.bind === 'none' ? -1 : Math.min(state.bound, host.nics.length - 1);
	put(to);
	const answer = got(calls.explore_decide(tag, bound, state.bind === 'device'));
	if (!answer)
		return null;

	// Plain Linux: the longest prefix, and of several routes alike the first one.
	const order = [host.first, ...host.nics.keys()].filter(i => i < host.nics.length);
	answer.plain = order.reduce((best, i) =>
		answer.nics[i].match > (best < 0 ? -1 : answer.nics[best].match) ? i : best, -1);
	if (answer.verdict === 'pass')
		answer.by = state.bind === 'device' ? [bound] : answer.plain < 0 ? [] : [answer.plain];
	const source = answer.nics[bound >= 0 ? bound : answer.plain];
	answer.source = bare(source?.addresses.find(a => a.asked && !/^fe[89ab]/.test(a.address))?.address ?? '');
	answer.to = to;
	answer.wrong = wrong;
	answer.names = answer.by.map(i => host.nics[i].name);
	return answer;
}

// Hosts in what somebody has pasted, and what could not be read there.
export function read(text) {
	said.length = 0;
	const room = calls.explore_input_max();
	if (new TextEncoder().encode(text).length > room)
		return { hosts: [], complaints: `This is too long: at most ${room} bytes are read here, migsel explain reads more.` };
	const hosts = got(calls.explore_read(put(text)));
	return { hosts, complaints: said.join('').trim() };
}

// The NICs of a host as the rule sees them, in a family, and what is no address or route.
export function look(host, family = 4) {
	const wrong = describe(host);
	put(family === 6 ? '2001:db8::1' : '192.0.2.1');
	return { nics: got(calls.explore_decide(1, -1, false)).nics, wrong };
}
