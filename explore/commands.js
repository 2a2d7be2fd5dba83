// SPDX-License-Identifier: GPL-2.0-only
// The commands that make the same of the lab: what it has when it begins is in cases.js.
import { cases } from './cases.js';
import { STACKS } from './state.js';
import { look, words } from './rule.js';

const begins = cases[0].state.hosts;
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
// Those whose routes come first are given their addresses first.
const inOrder = host => [host.first, ...host.nics.keys()].filter((i, at, all) => all.indexOf(i) === at);

function hostCommands(host, at) {
	const lab = begins[at];
	const here = lab.nics.map(nic => nic.name);
	const { nics: seen, wrong, provisioning } = look(host, 4);
	const lines = [], on = `${host.name} `;

	const left = wrong.reduce((n, nic) => n + nic.addresses.length + nic.routes.length, 0);
	if (left)
		lines.push(`# left out: ${left} of ${host.name} that are no address, or no route`);
	for (const nic of host.nics)
		if (!here.includes(nic.name))
			lines.push(`# the lab has no ${nic.name}: leave it out, or give it another name`);
	const present = inOrder(host).filter(i => here.includes(host.nics[i].name));
	const differs = host.first !== lab.first && present.length > 1 ||
		present.some(i => !same(seen[i].addresses, lab.nics[here.indexOf(host.nics[i].name)].addresses));
	if (differs) {
		for (const name of here)
			lines.push(`${on}ip address flush dev ${name} scope global`);
		for (const i of present)
			for (const address of seen[i].addresses)
				lines.push(`${on}ip address add ${address} dev ${host.nics[i].name}${address.includes(':') ? ' nodad' : ''}`);
	}
	for (const i of present)
		for (const route of seen[i].routes)
			lines.push(`${on}ip route append ${route} dev ${host.nics[i].name}`);
	host.nics.forEach((nic, i) => {
		if (!nic.vmk || !present.includes(i))
			return;
		lines.push(`${on}migsel vmk add ${nic.name}` + (nic.stack ? ` stack ${STACKS[nic.stack]}` : '') +
			(nic.migration && !nic.stack ? ' migration on' : '') + (i === provisioning ? ' provisioning on' : ''));
	});
	if (host.strict)
		lines.push(`${on}migsel policy set fallback strict`);
	for (const i of present)
		if (host.nics[i].down)
			lines.push(`switch ip link set ${host.name.slice(-1)}-${host.nics[i].name} down`);
	return lines;
}

export function commands(state, answer) {
	const lines = state.hosts.flatMap(hostCommands);
	if (!answer)
		return lines;
	const source = state.hosts[state.from];
	const name = source.nics[state.bound].name;
	const tag = words.classes[state.tag];
	const bound = state.bind === 'device' ? ` dev ${name}` :
		state.bind === 'address' && answer.source ? ` from ${answer.source}` : '';
	const binding = state.bind === 'none' || !answer.source ? '' : ` -B ${answer.source}${state.bind === 'device' ? `%${name}` : ''}`;
	lines.push(tag === 'none' ? `${source.name} ip route get ${answer.to}` :
		`${source.name} migsel -d route get ${answer.to}${bound} tag ${tag}`);
	const receiver = state.hosts[1 - state.from].name;
	// In the lab esx-b listens.
	if (state.from === 1)
		lines.push(`${receiver} iperf3 -s -D`);
	lines.push(`${source.name} ${tag === 'none' ? '' : `migsel exec ${tag} -- `}iperf3 -c ${answer.to}${binding} -n 10M`,
		`${source.name} ip -s link`);
	return lines;
}
