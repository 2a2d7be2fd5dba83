// SPDX-License-Identifier: GPL-2.0-only
// What to begin with, in the order of the lab's exercises, and what cures the pitfall.
import { tidy, copy, full } from './state.js';
import { decide, look, words } from './rule.js';

// The NICs of the lab; place is 1 on esx-a and 2 on esx-b.
const SUBNETS = [['192.0.2', '2001:db8:'], ['198.51.100', '2001:db8:1:'], ['203.0.113', '2001:db8:2:']];
const addresses = (subnet, place, i) =>
	[`${SUBNETS[subnet][0]}.${place}${i}/24`, `${SUBNETS[subnet][1]}:${place}${i}/64`];
const nic = (place, i, more = {}) => ({ name: `vmk${i}`, vmk: true, addresses: addresses(0, place, i), ...more });

// The route of vmk1 is first: plain Linux sends by it, and the rule never sends all by it.
function both(make) {
	return [1, 2].map(place => ({ first: 1, nics: make(place) }));
}

const one = place => [nic(place, 0), nic(place, 1, { migration: true })];
const two = place => [...one(place), nic(place, 2, { migration: true })];

export const cases = [
	{
		id: 'plain', title: 'Plain Linux', says: 'No NIC is registered with the module: Linux takes the first route that fits.',
		state: { hosts: both(place => [0, 1, 2].map(i => nic(place, i, { vmk: false }))), from: 0, tag: 0, to: 2 },
	}, {
		id: 'pitfall', title: 'The pitfall', says: 'vmk1 is set apart for migrations, in the subnet of vmk0.',
		state: { hosts: both(one), from: 0, tag: 1, to: 1 },
	}, {
		id: 'source', title: 'The source decides', says: 'esx-a has two migration NICs, esx-b has one, and now esx-b sends.',
		state: { hosts: [{ first: 1, nics: two(1) }, { first: 1, nics: one(2) }], from: 1, tag: 1, to: 1 },
	}, {
		id: 'own-subnet', title: 'A subnet of its own', says: 'vmk1 is in another subnet than vmk0, on both hosts.',
		state: {
			hosts: both(place => [nic(place, 0), nic(place, 1, { migration: true, addresses: addresses(1, place, 1) })]),
			from: 0, tag: 1, to: 1,
		},
	}, {
		id: 'second-nic', title: 'A second migration NIC', says: 'vmk1 and vmk2 carry migrations, all in the subnet of vmk0.',
		state: { hosts: both(two), from: 0, tag: 1, to: 1 },
	}, {
		id: 'stack', title: 'The vMotion stack', says: 'vmk1 is on the vMotion TCP/IP stack (ESXi 6.0 and later), in the subnet of vmk0.',
		state: { hosts: both(place => [nic(place, 0), nic(place, 1, { stack: 1 })]), from: 0, tag: 1, to: 1 },
	},
].map(made => ({ ...made, state: tidy(made.state) }));

// The NIC that carries migrations alone, by its number, -1 without.
const migrating = (state, at) => look(state.hosts[at], state.family).migration;

// One that carries nothing: of the default stack, or not registered yet, or else a new one.
function spareOf(host, at, family) {
	const seen = look(host, family);
	const i = seen.spare >= 0 ? seen.spare : host.nics.findIndex((n, j) => !n.vmk && seen.nics[j].address);
	if (i < 0 && !full(host))
		host.nics.push(nic(at + 1, host.nics.length));
	return host.nics.at(i);
}

// Each changes a copy, on both hosts where that is needed.
const changes = [
	['A subnet of its own for the migration NIC, on both hosts', state => {
		state.hosts.forEach((host, at) => {
			const i = migrating(state, at);
			if (i >= 0)
				host.nics[i].addresses = addresses(1, at + 1, i);
		});
	}],
	['A second migration NIC', state => {
		state.hosts.forEach((host, at) => {
			Object.assign(spareOf(host, at, state.family), { vmk: true, migration: true, stack: 0 });
		});
	}],
	['The vMotion stack for it (ESXi 6.0 and later)', state => {
		const i = migrating(state, state.from);
		if (i >= 0)
			state.hosts[state.from].nics[i].stack = 1;
	}],
	['migsel told to keep to it: fallback strict (ESXi has no such word)', state => {
		state.hosts[state.from].strict = true;
	}],
];
const spareBecomes = what => state => {
	Object.assign(spareOf(state.hosts[state.from], state.from, state.family), { vmk: true, ...what });
};
const enable = [
	['Migration on, on a NIC that carries nothing', spareBecomes({ migration: true })],
	['The vMotion stack for a NIC that carries nothing (ESXi 6.0 and later)', spareBecomes({ stack: 1 })],
];

// Those that help: what each would give is asked of the rule.
export function cures(state, answer) {
	if (!answer || answer.untold.length || (!answer.bypasses && answer.reason !== 'no-migration-vmk'))
		return [];
	return (answer.bypasses ? changes : enable).map(([title, change]) => {
		const cured = structuredClone(state);
		change(cured);
		const after = copy(cured);
		return { title, state: after, answer: decide(after, words.classes.indexOf('hot')) };
	}).filter(cure => cure.answer?.verdict === 'steer' && !cure.answer.pitfall);
}
