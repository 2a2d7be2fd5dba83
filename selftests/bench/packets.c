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
#include <sched.h>
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
	"-b N       batches (default: 11)\n"
	"-w N       one batch of at most so many, and wait for a line before it and after\n";

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static struct options {
	const char *netns, *peer, *source, *device;
	unsigned int mark, count, batches, wait;
	union address to;
} options = { .count = 1, .batches = 11 };

static long long samples[MAX_SAMPLES];
static unsigned int n_samples;

/* What the kinds send by. */
static int *sockets, listener, from, to;
static union address *addresses;

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

static void *allocate(size_t size)
{
	void *memory = calloc(options.count, size);

	if (!memory)
		die("calloc");
	return memory;
}

static void open_sockets(void)
{
	unsigned int i;

	sockets = allocate(sizeof(*sockets));
	for (i = 0; i < options.count; i++)
		sockets[i] = connected_socket(SOCK_DGRAM);
}

/* Nothing is wrong if the first one is refused. */
static void send_connected(unsigned int n)
{
	static const char data[PAYLOAD];

	send(sockets[n % options.count], data, sizeof(data), 0);
}

static void open_for_addresses(int type, int protocol, int port)
{
	unsigned int i;

	from = new_socket(type, protocol);
	options.to.in.sin_port = htons(port);
	addresses = allocate(sizeof(*addresses));
	for (i = 0; i < options.count; i++)
		addresses[i] = address_after(options.to, i);
}

static void open_unconnected(void)
{
	open_for_addresses(SOCK_DGRAM, 0, PORT);
}

static void open_raw(void)
{
	open_for_addresses(SOCK_RAW, IPPROTO_TCP, 0);
}

static void send_to_address(unsigned int n)
{
	const union address *address = &addresses[n % options.count];
	static const char data[PAYLOAD];

	if (sendto(from, data, sizeof(data), 0, &address->sa,
		   address_len(address)) != sizeof(data))
		die("sendto");
}

static void open_listener(void)
{
	union address any = { .sa.sa_family = options.to.sa.sa_family };
	int on = 1;

	enter(options.peer);
	any.in.sin_port = htons(PORT);
	listener = socket(any.sa.sa_family, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener < 0 || bind(listener, &any.sa, address_len(&any)) ||
	    listen(listener, 128))
		die("listen");
	enter(options.netns);
}

static void open_connection(void)
{
	from = connected_socket(SOCK_STREAM);
	to = accept(listener, NULL, NULL);
	if (to < 0)
		die("accept");
}

static void open_stream(void)
{
	open_listener();
	open_connection();
}

/* Both ends are here, so that nobody waits and the clock does not leap. */
static void send_chunk(unsigned int n)
{
	static char data[CHUNK];
	ssize_t sent = 0, got = 0, done;

	(void)n;
	while (got < CHUNK) {
		if (sent < CHUNK) {
			done = send(from, data, CHUNK - sent, MSG_DONTWAIT);
			if (done < 0 && errno != EAGAIN)
				die("send");
			sent += done > 0 ? done : 0;
		}
		done = recv(to, data, sizeof(data), MSG_DONTWAIT);
		if (done == 0 || (done < 0 && errno != EAGAIN))
			die("recv");
		got += done > 0 ? done : 0;
	}
}

static void connect_and_close(unsigned int n)
{
	(void)n;
	open_connection();
	close(to);
	close(from);
}

static const struct kind {
	const char *name;
	void (*open)(void);
	void (*send)(unsigned int n);
	unsigned int batch;
} kinds[] = {
	{ "connected", open_sockets, send_connected, 192 },
	{ "first", open_sockets, send_connected, 1 },
	{ "unconnected", open_unconnected, send_to_address, 192 },
	{ "raw", open_raw, send_to_address, 192 },
	{ "stream", open_stream, send_chunk, 8 },
	{ "connection", open_listener, connect_and_close, 16 },
	{ }
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
		memcpy(device->name, name, sizeof(name));
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

/* What is between them is profiled: see profile.py. */
static __attribute__((noipa)) void profile_begin(void)
{
}

static __attribute__((noipa)) void profile_end(void)
{
}

static void await_word(const char *word)
{
	char line[16];

	if (!options.wait)
		return;
	puts(word);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

/* From socket or address number n on. */
static void send_batch(const struct kind *kind, unsigned int batch,
		       unsigned int n)
{
	long long start;
	unsigned int i;

	await_word("ready");
	start = now();
	profile_begin();
	for (i = 0; i < batch; i++)
		kind->send(n + i);
	profile_end();
	samples[n_samples++] = now() - start;
	await_word("done");
}

static void send_batches(const struct kind *kind)
{
	unsigned int warm = options.count + 64, n = 0, batch = kind->batch;
	unsigned int batches = options.batches;

	if (kind->batch == 1) {
		warm = 0;
		batches = options.count;
	}
	if (options.wait) {
		warm = kind->batch == 1 ? options.count - 1 : warm;
		batches = 1;
		batch = options.wait < batch ? options.wait : batch;
	}
	kind->open();
	for (; n < warm; n++)
		kind->send(n);
	for (; batches-- && n_samples < MAX_SAMPLES; n += batch)
		send_batch(kind, batch, n);
}

static void measure(const struct kind *kind)
{
	unsigned int batch = kind->batch;
	const struct device *device;

	count_sent(-1);
	send_batches(kind);
	count_sent(1);
	qsort(samples, n_samples, sizeof(samples[0]), compare);
	printf("%.1f %.1f %.1f", (double)samples[0] / batch,
	       (double)samples[n_samples / 2] / batch,
	       (double)samples[n_samples > 4 ? n_samples - 4 : n_samples - 1] / batch);
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

	while ((option = getopt(argc, argv, "n:p:m:s:d:c:b:w:")) != -1) {
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
		case 'w':
			options.wait = atoi(optarg);
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
	for (kind = kinds; kind->name; kind++) {
		if (strcmp(kind->name, argv[optind]))
			continue;
		measure(kind);
		return 0;
	}
bad:
	fputs(usage, stderr);
	return 1;
}
