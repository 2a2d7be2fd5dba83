// SPDX-License-Identifier: GPL-2.0-only
/*
 * The traffic of the tests: many flows from one process, opened one after
 * another and kept open. sink.c is their other end.
 *
 * Each flow is named on two lines: "open" once it is open, or could not be
 * opened, and "done" at the end.
 *
 *   open LABEL INDEX ADDRESS PORT RESULT MS
 *   done LABEL INDEX ADDRESS PORT RESULT SENT ERRORS GAP MSS
 *
 * with the local address and port (ICMP: type and code), the name of the first
 * error or "ok", how many milliseconds connect() took (or the first sendto()
 * without one), bytes sent, failed calls, the longest time in ms in which nothing
 * got through, and the segment size of TCP. "ok" of a TCP flow says that the peer
 * has read it all, and as many bytes as were sent.
 */

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FLOWS	512
#define DATAGRAM	1000
#define SEGMENT		8192

static const char usage[] =
	"flows [-n NETNS] [-l] [-i MS] [-t MS] SPEC...\n"
	"  -l  send until SIGTERM, a piece of each flow every -i ms (default 20);\n"
	"      otherwise 32768 bytes of each\n"
	"  -t  how long to wait for anything (default 5000)\n"
	"SPEC := LABEL,PROTO,ADDR[,port=N][,mark=N][,from=ADDR][,dev=DEV][,n=N]\n"
	"        [,nonblock|,burst][,also=ADDR][,remark=N]\n"
	"PROTO := tcp | udp | udpu | icmp     udpu: not connected, icmp: raw\n"
	"  burst: do not wait for one connection before the next\n"
	"  also: after each datagram sendto() one to ADDR, port + 1\n"
	"  remark: the mark from SIGUSR1 on\n";

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

enum proto { TCP, UDP, UDPU, ICMP, N_PROTOS };

struct spec {
	const char *label;
	enum proto proto;
	union address to;
	union address from;
	union address also;
	const char *dev;
	unsigned int mark;
	unsigned int remark;
	unsigned int n;
	unsigned char number;
	bool nonblock;
	bool burst;
};

struct flow {
	const struct spec *spec;
	unsigned int index;
	int fd;
	int err;
	long long sent;
	long long acked;
	long start;
	long progress;
	long gap;
	unsigned int errors;
	bool closing;
	bool finished;
};

static atomic_bool stopped, remarked;
static struct flow flows[MAX_FLOWS];
static unsigned int n_flows;
static long long quota = 32768;
static long interval, timeout = 5000;
static long moved;	/* when a byte of any flow last got through */
static long stolen;
static bool endless;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		remarked = true;
	else
		stopped = true;
}

static void die(const char *what)
{
	fprintf(stderr, "flows: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Time that this process was not kept from running, in ms. */
static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000 - stolen;
}

static void wait_ms(long ms)
{
	long start = now(), late;

	poll(NULL, 0, ms);
	late = now() - start - ms;
	if (late > 100)
		stolen += late;
}

static socklen_t address_len(const union address *address)
{
	return address->sa.sa_family == AF_INET ? sizeof(address->in) :
						  sizeof(address->in6);
}

static void parse_address(const char *text, int port, union address *address)
{
	if (inet_pton(AF_INET, text, &address->in.sin_addr) == 1) {
		address->in.sin_family = AF_INET;
		address->in.sin_port = htons(port);
	} else if (inet_pton(AF_INET6, text, &address->in6.sin6_addr) == 1) {
		address->in6.sin6_family = AF_INET6;
		address->in6.sin6_port = htons(port);
	} else {
		errno = EINVAL;
		die(text);
	}
}

static void parse_spec(char *text, struct spec *spec)
{
	static const char *const protos[] = { "tcp", "udp", "udpu", "icmp" };
	const char *to, *from = NULL, *also = NULL;
	int port = 5001;
	char *word;

	spec->n = 1;
	spec->label = strsep(&text, ",");
	word = strsep(&text, ",");
	while (spec->proto < N_PROTOS && word &&
	       strcmp(word, protos[spec->proto]))
		spec->proto++;
	to = strsep(&text, ",");
	if (!to || spec->proto == N_PROTOS)
		goto bad;

	while ((word = strsep(&text, ","))) {
		char *value = strchr(word, '=');

		if (!strcmp(word, "nonblock"))
			spec->nonblock = true;
		else if (!strcmp(word, "burst"))
			spec->burst = true;
		else if (!value)
			goto bad;
		else if (!strncmp(word, "port=", 5))
			port = atoi(value + 1);
		else if (!strncmp(word, "mark=", 5))
			spec->mark = strtoul(value + 1, NULL, 0);
		else if (!strncmp(word, "remark=", 7))
			spec->remark = strtoul(value + 1, NULL, 0);
		else if (!strncmp(word, "n=", 2))
			spec->n = atoi(value + 1);
		else if (!strncmp(word, "dev=", 4))
			spec->dev = value + 1;
		else if (!strncmp(word, "from=", 5))
			from = value + 1;
		else if (!strncmp(word, "also=", 5))
			also = value + 1;
		else
			goto bad;
	}
	parse_address(to, spec->proto == ICMP ? 0 : port, &spec->to);
	if (from)
		parse_address(from, 0, &spec->from);
	if (also)
		parse_address(also, port + 1, &spec->also);
	return;
bad:
	errno = EINVAL;
	die(word ? word : "SPEC");
}

static void set_mark(int fd, unsigned int mark)
{
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		die("SO_MARK");
}

static const char *result(const struct flow *flow)
{
	return flow->err ? strerrorname_np(flow->err) : "ok";
}

static unsigned char echo_type(const struct spec *spec)
{
	return spec->to.sa.sa_family == AF_INET ? ICMP_ECHO :
						  ICMP6_ECHO_REQUEST;
}

static void name_flow(const char *event, const struct flow *flow)
{
	const struct spec *spec = flow->spec;
	union address local = {};
	socklen_t len = sizeof(local);
	char text[INET6_ADDRSTRLEN];
	const void *addr;

	getsockname(flow->fd, &local.sa, &len);
	addr = local.sa.sa_family == AF_INET ? (void *)&local.in.sin_addr :
					       (void *)&local.in6.sin6_addr;
	inet_ntop(local.sa.sa_family, addr, text, sizeof(text));
	printf("%s %s %u %s %u %s ", event, spec->label, flow->index, text,
	       spec->proto == ICMP ? echo_type(spec) << 8 | spec->number :
				     ntohs(local.in.sin_port),
	       result(flow));
}

/* Bytes that the peer has acknowledged, or that were sent without one. */
static void note_progress(struct flow *flow)
{
	long long acked = flow->sent;
	int queued = 0;

	if (flow->spec->proto == TCP &&
	    !ioctl(flow->fd, SIOCOUTQ, &queued))
		acked -= queued;
	if (acked == flow->acked && acked < flow->sent + flow->errors) {
		if (now() - flow->progress > flow->gap)
			flow->gap = now() - flow->progress;
		return;
	}
	if (acked != flow->acked && now() - flow->progress > flow->gap)
		flow->gap = now() - flow->progress;
	if (acked != flow->acked)
		moved = now();
	flow->acked = acked;
	flow->progress = now();
}

static ssize_t send_datagram(struct flow *flow, const union address *to)
{
	char data[DATAGRAM] = {};

	/* The code tells one flow from another. */
	if (flow->spec->proto == ICMP) {
		data[0] = echo_type(flow->spec);
		data[1] = flow->spec->number;
	}
	if (flow->spec->proto == UDP && to == &flow->spec->to)
		return send(flow->fd, data, sizeof(data), 0);
	return sendto(flow->fd, data, sizeof(data), 0, &to->sa,
		      address_len(to));
}

static void send_piece(struct flow *flow)
{
	static const char data[SEGMENT];
	long long size = quota - flow->sent;
	ssize_t n;

	if (flow->spec->proto == TCP)
		n = send(flow->fd, data, size < SEGMENT ? size : SEGMENT,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
	else
		n = send_datagram(flow, &flow->spec->to);
	if (n > 0) {
		flow->sent += n;
	} else if (errno != EAGAIN) {
		flow->errors++;
		flow->err = flow->err ? flow->err : errno;
		flow->finished = flow->spec->proto == TCP ||
				 (!endless && flow->errors > 3);
	}
	if (flow->spec->also.sa.sa_family)
		send_datagram(flow, &flow->spec->also);
	note_progress(flow);
}

static int wait_connected(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = ETIMEDOUT;

	if (poll(&pollfd, 1, timeout) == 1)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

static int connect_flow(const struct flow *flow)
{
	struct timeval limit = { .tv_sec = timeout / 1000 };
	const struct spec *spec = flow->spec;

	setsockopt(flow->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (spec->nonblock || spec->burst)
		fcntl(flow->fd, F_SETFL, O_NONBLOCK);
	if (!connect(flow->fd, &spec->to.sa, address_len(&spec->to)))
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (spec->burst)
		return 0;
	return spec->nonblock ? wait_connected(flow->fd) : ETIMEDOUT;
}

static void opened(struct flow *flow)
{
	flow->finished = flow->err;
	if (!flow->err)
		send_piece(flow);
	name_flow("open", flow);
	printf("%ld\n", now() - flow->start);
	fflush(stdout);
}

static void open_flow(const struct spec *spec, unsigned int index)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_DGRAM, SOCK_RAW };
	struct flow *flow = &flows[n_flows++];
	int family = spec->to.sa.sa_family, protocol = 0;

	if (spec->proto == ICMP)
		protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	flow->spec = spec;
	flow->index = index;
	flow->fd = socket(family, types[spec->proto], protocol);
	if (flow->fd < 0)
		die("socket");
	if (spec->mark)
		set_mark(flow->fd, spec->mark);
	if (spec->dev && setsockopt(flow->fd, SOL_SOCKET, SO_BINDTODEVICE,
				    spec->dev, strlen(spec->dev)))
		die(spec->dev);
	if (spec->from.sa.sa_family &&
	    bind(flow->fd, &spec->from.sa, address_len(&spec->from)))
		die("bind");

	flow->start = now();
	flow->progress = flow->start;
	if (spec->proto == TCP || spec->proto == UDP)
		flow->err = connect_flow(flow);
	if (!spec->burst)
		opened(flow);
}

/* Whether the peer has read all: it says how much, and closes. */
static bool read_end(struct flow *flow)
{
	unsigned long long total;	/* big endian, see sink.c */
	ssize_t n;

	n = recv(flow->fd, &total, sizeof(total), MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN)
		flow->err = errno;
	else if (n == 0 || (n == sizeof(total) &&
			    be64toh(total) != (unsigned long long)flow->sent))
		flow->err = EBADMSG;
	return n == sizeof(total) || flow->err;
}

static void serve_flow(struct flow *flow)
{
	if (flow->spec->proto == TCP && read_end(flow)) {
		flow->finished = true;
	} else if (flow->sent < quota) {
		send_piece(flow);
	} else if (flow->spec->proto != TCP) {
		flow->finished = true;
	} else if (!flow->closing) {
		shutdown(flow->fd, SHUT_WR);
		flow->closing = true;
	}
	note_progress(flow);
}

static void run_flows(void)
{
	unsigned int i, left;
	bool remark;

	moved = now();
	do {
		/* A signal may come at any time: it is for all flows, or none yet. */
		remark = remarked;
		if (remark)
			remarked = false;
		if (stopped && endless) {
			endless = false;
			moved = now();
			for (i = 0; i < n_flows; i++)
				flows[i].closing = false;
			quota = 0;
		}
		for (left = 0, i = 0; i < n_flows; i++) {
			if (remark && flows[i].spec->remark)
				set_mark(flows[i].fd, flows[i].spec->remark);
			if (!flows[i].finished)
				serve_flow(&flows[i]);
			left += !flows[i].finished;
		}
		if (left)
			wait_ms(endless ? interval : 1);
	} while (left && (endless || now() < moved + timeout));

	for (i = 0; i < n_flows; i++)
		if (!flows[i].finished)
			flows[i].err = ETIMEDOUT;
}

/* What is not at its end would keep the network namespace for minutes. */
static void abandon(const struct flow *flow)
{
	struct linger linger = { .l_onoff = 1 };

	if (flow->spec->proto == TCP && flow->err)
		setsockopt(flow->fd, SOL_SOCKET, SO_LINGER, &linger,
			   sizeof(linger));
}

static void client(int n, char **texts)
{
	struct tcp_info info;
	unsigned int i;
	socklen_t len;
	int left;

	for (left = n; left--; texts++) {
		struct spec *spec = calloc(1, sizeof(*spec));

		if (!spec)
			die("calloc");
		parse_spec(*texts, spec);
		spec->number = n - left;
		for (i = 0; i < spec->n && n_flows < MAX_FLOWS; i++)
			open_flow(spec, i);
	}
	for (i = 0; i < n_flows; i++) {
		if (!flows[i].spec->burst)
			continue;
		flows[i].err = flows[i].err ?: wait_connected(flows[i].fd);
		opened(&flows[i]);
	}
	run_flows();
	for (i = 0; i < n_flows; i++) {
		len = sizeof(info);
		memset(&info, 0, sizeof(info));
		if (flows[i].spec->proto == TCP)
			getsockopt(flows[i].fd, IPPROTO_TCP, TCP_INFO, &info,
				   &len);
		name_flow("done", &flows[i]);
		printf("%lld %u %ld %u\n", flows[i].sent, flows[i].errors,
		       flows[i].gap, info.tcpi_snd_mss);
		abandon(&flows[i]);
	}
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

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int option;

	interval = 20;
	while ((option = getopt(argc, argv, "+n:li:t:")) != -1) {
		switch (option) {
		case 'n':
			enter(optarg);
			break;
		case 'l':
			endless = true;
			quota = 1LL << 40;
			break;
		case 'i':
			interval = atol(optarg);
			break;
		case 't':
			timeout = atol(optarg);
			break;
		default:
			goto bad;
		}
	}
	if (optind == argc)
		goto bad;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	client(argc - optind, argv + optind);
	return 0;
bad:
	fputs(usage, stderr);
	return 1;
}
