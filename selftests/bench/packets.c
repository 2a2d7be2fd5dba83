// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends packets in batches, and says what one took by the clock, in nanoseconds. Where
 * the clock counts instructions (ICOUNT=1) that is their number, and the least of some
 * batches is what the packets take without interrupts.
 *
 * One line: the least, the middle one, the most but for three; then each device of the
 * namespace with the packets that it has sent meanwhile.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD		64
#define CHUNK		65536	/* of a TCP stream */
#define PORT		5001
#define MAX_DEVICES	300
#define MAX_SAMPLES	1024

static const char usage[] =
	"packets [OPTION]... KIND ADDRESS\n"
	"  connected    datagrams of connected sockets, one after another\n"
	"  unconnected  datagrams of one socket, to one address after another\n"
	"  first        the first datagram of each connected socket\n"
	"  raw          segments of TCP that belong to no connection\n"
	"  stream       64 kB of a TCP connection, sent and read\n"
	"  connection   a TCP connection, opened and closed\n"
	"-n NAME    network namespace to send from\n"
	"-p NAME    network namespace to receive TCP in\n"
	"-m MARK    SO_MARK\n"
	"-s SOURCE  address to bind to\n"
	"-d DEVICE  SO_BINDTODEVICE\n"
	"-c N       sockets, or addresses from ADDRESS on (default: 1)\n"
	"-b N       batches (default: 11)\n";

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static struct options {
	const char *netns, *peer, *source, *device;
	unsigned int mark, count, batches;
	union address to;
} options = { .count = 1, .batches = 11 };

static long long samples[MAX_SAMPLES];
static unsigned int n_samples;

static void die(const char *what)
{
	fprintf(stderr, "packets: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void sample(long long took)
{
	if (n_samples < MAX_SAMPLES)
		samples[n_samples++] = took;
}

static void enter(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static socklen_t address_len(const union address *address)
{
	return address->sa.sa_family == AF_INET ? sizeof(address->in) :
						  sizeof(address->in6);
}

static union address parse_address(const char *text, int port)
{
	union address address = {};

	if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1) {
		address.in.sin_family = AF_INET;
		address.in.sin_port = htons(port);
	} else if (inet_pton(AF_INET6, text, &address.in6.sin6_addr) == 1) {
		address.in6.sin6_family = AF_INET6;
		address.in6.sin6_port = htons(port);
	} else {
		errno = EINVAL;
		die(text);
	}
	return address;
}

/* The address that many after the given one. */
static union address address_after(union address address, unsigned int n)
{
	unsigned char *end = (unsigned char *)&address.in.sin_addr + 2;

	if (address.sa.sa_family == AF_INET6)
		end = address.in6.sin6_addr.s6_addr + 14;
	n += end[0] << 8 | end[1];
	end[0] = n >> 8;
	end[1] = n;
	return address;
}

static int new_socket(int type, int protocol)
{
	int fd = socket(options.to.sa.sa_family, type, protocol);
	union address source;

	if (fd < 0)
		die("socket");
	if (options.mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &options.mark,
				       sizeof(options.mark)))
		die("SO_MARK");
	if (options.device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options.device,
		       strlen(options.device)))
		die(options.device);
	if (options.source) {
		source = parse_address(options.source, 0);
		if (bind(fd, &source.sa, address_len(&source)))
			die(options.source);
	}
	return fd;
}

static int connected_socket(int type)
{
	int fd = new_socket(type, 0);

	if (connect(fd, &options.to.sa, address_len(&options.to)))
		die("connect");
	return fd;
}

/* Where a profile begins and ends: see profile.py. */
__attribute__((noinline)) void profile_begin(void) { asm volatile(""); }
__attribute__((noinline)) void profile_end(void) { asm volatile(""); }

#define BATCH	192

static int *open_sockets(void)
{
	int *fds = calloc(options.count, sizeof(*fds));
	unsigned int i;

	if (!fds)
		die("calloc");
	for (i = 0; i < options.count; i++)
		fds[i] = connected_socket(SOCK_DGRAM);
	return fds;
}

static void send_one(int fd)
{
	static const char data[PAYLOAD];

	if (send(fd, data, sizeof(data), 0) != sizeof(data))
		die("send");
}

static void connected(void)
{
	unsigned int i, batch, next = 0;
	int *fds = open_sockets();
	long long start;

	for (i = 0; i < options.count + BATCH; i++)
		send_one(fds[i % options.count]);
	for (batch = 0; batch < options.batches; batch++) {
		start = now();
		for (i = 0; i < BATCH; i++) {
			send_one(fds[next]);
			next = next + 1 == options.count ? 0 : next + 1;
		}
		sample(now() - start);
	}
}

static void send_to(int fd, const union address *to)
{
	static const char data[PAYLOAD];

	if (sendto(fd, data, sizeof(data), 0, &to->sa, address_len(to)) !=
	    sizeof(data))
		die("sendto");
}

static void send_batches(int fd)
{
	union address *to = calloc(options.count, sizeof(*to));
	unsigned int i, batch, next = 0;
	long long start;

	if (!to)
		die("calloc");
	for (i = 0; i < options.count; i++)
		to[i] = address_after(options.to, i);
	for (i = 0; i < options.count + BATCH; i++)
		send_to(fd, &to[i % options.count]);
	for (batch = 0; batch < options.batches; batch++) {
		start = now();
		for (i = 0; i < BATCH; i++) {
			send_to(fd, &to[next]);
			next = next + 1 == options.count ? 0 : next + 1;
		}
		sample(now() - start);
	}
}

static void unconnected(void)
{
	send_batches(new_socket(SOCK_DGRAM, 0));
}

static void raw(void)
{
	int fd = new_socket(SOCK_RAW, IPPROTO_TCP);

	options.to.in.sin_port = 0;
	send_batches(fd);
}

/* Nothing is wrong if the packet is refused. */
static void first(void)
{
	static const char data[PAYLOAD];
	int *fds = open_sockets();
	long long start;
	unsigned int i;

	for (i = 0; i < options.count; i++) {
		start = now();
		send(fds[i], data, sizeof(data), 0);
		sample(now() - start);
	}
}

static int new_listener(void)
{
	union address any = { .sa.sa_family = options.to.sa.sa_family };
	int fd, on = 1;

	enter(options.peer);
	any.in.sin_port = htons(PORT);
	fd = socket(any.sa.sa_family, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, &any.sa, address_len(&any)) ||
	    listen(fd, 128))
		die("listen");
	enter(options.netns);
	return fd;
}

static int accepted(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		die("accept");
	return fd;
}

/* Both ends are here, so that nobody waits and the clock does not leap. */
static void send_chunk(int from, int to)
{
	static char data[CHUNK];
	ssize_t sent = 0, got = 0, n;

	while (got < CHUNK) {
		if (sent < CHUNK) {
			n = send(from, data, CHUNK - sent, MSG_DONTWAIT);
			if (n < 0 && errno != EAGAIN)
				die("send");
			sent += n > 0 ? n : 0;
		}
		n = recv(to, data, sizeof(data), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			die("recv");
		got += n > 0 ? n : 0;
	}
}

static void stream(void)
{
	int listener = new_listener(), from = connected_socket(SOCK_STREAM);
	int to = accepted(listener), i;
	unsigned int batch;
	long long start;

	for (i = 0; i < 64; i++)
		send_chunk(from, to);
	for (batch = 0; batch < options.batches; batch++) {
		start = now();
		for (i = 0; i < 8; i++)
			send_chunk(from, to);
		sample(now() - start);
	}
}

static void connection(void)
{
	int listener = new_listener(), from, to, i;
	unsigned int batch;
	long long start;

	for (batch = 0; batch <= options.batches; batch++) {
		start = now();
		for (i = 0; i < 16; i++) {
			from = connected_socket(SOCK_STREAM);
			to = accepted(listener);
			close(to);
			close(from);
		}
		if (batch)
			sample(now() - start);
	}
}

static const struct kind {
	const char *name;
	void (*run)(void);
	int each;	/* in a sample */
} kinds[] = {
	{ "connected", connected, BATCH },
	{ "unconnected", unconnected, BATCH },
	{ "first", first, 1 },
	{ "raw", raw, BATCH },
	{ "stream", stream, 8 },
	{ "connection", connection, 16 },
};

static struct device {
	char name[32];
	long long sent;
} devices[MAX_DEVICES];

/* Adds to, or takes from, what each device has sent. */
static void count_sent(int sign)
{
	FILE *file = fopen("/proc/thread-self/net/dev", "r");
	struct device *device;
	char line[512], name[32];
	long long sent;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %31[^:]: %*d %*d %*d %*d %*d %*d %*d %*d %*d %lld",
			   name, &sent) != 2)
			continue;
		for (device = devices; device->name[0]; device++)
			if (!strcmp(device->name, name))
				break;
		if (device == devices + MAX_DEVICES - 1)
			break;
		strcpy(device->name, name);
		device->sent += sign * sent;
	}
	if (file)
		fclose(file);
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static void measure(const struct kind *kind)
{
	const struct device *device;

	count_sent(-1);
	kind->run();
	count_sent(1);
	qsort(samples, n_samples, sizeof(samples[0]), compare);
	printf("%.1f %.1f %.1f", (double)samples[0] / kind->each,
	       (double)samples[n_samples / 2] / kind->each,
	       (double)samples[n_samples > 4 ? n_samples - 4 : n_samples - 1] / kind->each);
	for (device = devices; device->name[0]; device++)
		if (device->sent)
			printf(" %s %lld", device->name, device->sent);
	puts("");
}

int main(int argc, char **argv)
{
	struct rlimit files = { .rlim_cur = 16384, .rlim_max = 16384 };
	const struct kind *kind;
	int option;

	while ((option = getopt(argc, argv, "n:p:m:s:d:c:b:")) != -1) {
		switch (option) {
		case 'n':
			options.netns = optarg;
			break;
		case 'p':
			options.peer = optarg;
			break;
		case 'm':
			options.mark = strtoul(optarg, NULL, 0);
			break;
		case 's':
			options.source = optarg;
			break;
		case 'd':
			options.device = optarg;
			break;
		case 'c':
			options.count = atoi(optarg);
			break;
		case 'b':
			options.batches = atoi(optarg);
			break;
		default:
			goto bad;
		}
	}
	if (optind + 2 != argc || !options.netns)
		goto bad;
	setrlimit(RLIMIT_NOFILE, &files);
	enter(options.netns);
	options.to = parse_address(argv[optind + 1], PORT);
	for (kind = kinds; kind < kinds + sizeof(kinds) / sizeof(kinds[0]); kind++) {
		if (strcmp(kind->name, argv[optind]))
			continue;
		measure(kind);
		return 0;
	}
bad:
	fputs(usage, stderr);
	return 1;
}
