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

// What the tags and the rows of the table are called, and say.
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
const STRICT = 1, NOT_TOLD = { services: 2, routes4: 4, routes6: 8, rest: 16 };

// Describes a host to the rule. Returns, for each NIC, what is no address and no route.
function describe(host) {
	calls.explore_begin(host.untold.reduce((flags, what) => flags | NOT_TOLD[what], host.strict ? STRICT : 0), host.first);
	return host.nics.map(nic => {
		put(nic.name);
		const at = calls.explore_add_nic((nic.vmk && VMK) | (nic.migration && MIGRATION) |
			(nic.provisioning && PROVISIONING) | (nic.down && DOWN), nic.stack);
		const refused = (texts, add) => texts.filter(text => {
			put(text);
			return !add(at);
		});
		return {
			addresses: refused(nic.addresses, calls.explore_add_address),
			routes: refused(nic.routes, calls.explore_add_route),
		};
	});
}

// A host as the rule sees it, with the addresses of a family.
export function look(host, family) {
	const wrong = describe(host);
	return { ...got(calls.explore_look(family === 6)), wrong };
}

// Which row decides on the packet, and by which NIC it leaves; null without a destination.
export function decide(state, tag = state.tag) {
	const to = state.other || look(state.hosts[1 - state.from], state.family).nics[state.to].address;
	const source = state.hosts[state.from];
	describe(source);
	put(to);
	const answer = got(calls.explore_decide(tag, state.bind === 'none' ? -1 : state.bound, state.bind === 'device'));
	if (answer)
		answer.names = answer.by.map(i => source.nics[i].name);
	return answer;
}

// Hosts in what somebody has pasted, and what could not be read there.
export function read(text) {
	said.length = 0;
	const room = calls.explore_input_max();
	if (new TextEncoder().encode(text).length > room)
		return { hosts: [], complaints: [`This is too long: at most ${room} bytes are read here, migsel explain reads more.`] };
	const hosts = got(calls.explore_read(put(text)));
	return { hosts, complaints: said.join('').split('\n').filter(Boolean) };
}
