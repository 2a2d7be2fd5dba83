// SPDX-License-Identifier: GPL-2.0-only
/*
 * The other end of flows.c: reads all that arrives at a port and forgets it. At the
 * end of a connection it says how many bytes it has read, as 64 bit big endian. No
 * connection outlives it: one that nobody answers any more would keep the network
 * namespace for minutes. What is open when it is killed is reset, and open is what the
 * peer has not acknowledged the end of.
 */

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FLOWS	1024
#define ENDED_MS	100	/* how often to look which have ended */

static void die(const char *what)
{
	fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listen_on(int type, int port, unsigned int mark)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type, 0), on = 1;
	struct linger reset = { .l_onoff = 1 };

	if (mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		die("SO_MARK");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    (type == SOCK_STREAM && listen(fd, MAX_FLOWS)))
		die("listen");
	return fd;
}

/* poll() ignores what is negative. */
static void end(struct pollfd *flow, unsigned long long total)
{
	total = htobe64(total);
	send(flow->fd, &total, sizeof(total), MSG_NOSIGNAL);
	shutdown(flow->fd, SHUT_WR);
	flow->fd = ~flow->fd;
	flow->revents = 0;
}

static bool has_ended(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ||
	       info.tcpi_state == TCP_CLOSE;
}

int main(int argc, char **argv)
{
	static struct pollfd fds[MAX_FLOWS];
	static unsigned long long totals[MAX_FLOWS];
	static char data[65536];
	nfds_t n = 2, i;
	unsigned int mark, ending = 0;
	ssize_t got;

	if (argc < 2) {
		fputs("sink PORT [MARK]\n", stderr);
		return 1;
	}
	mark = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	fds[0].fd = listen_on(SOCK_STREAM, atoi(argv[1]), mark);
	fds[1].fd = listen_on(SOCK_DGRAM, atoi(argv[1]), mark);
	fds[0].events = POLLIN;
	fds[1].events = POLLIN;
	puts("ready");
	fflush(stdout);

	for (;;) {
		if (poll(fds, n, ending ? ENDED_MS : -1) < 0)
			die("poll");
		for (i = n; i-- > 1;) {
			if (fds[i].fd < 0 && has_ended(~fds[i].fd)) {
				close(~fds[i].fd);
				ending--;
				fds[i] = fds[--n];
				totals[i] = totals[n];
				continue;
			}
			if (!fds[i].revents)
				continue;
			got = recv(fds[i].fd, data, sizeof(data), 0);
			if (got > 0)
				totals[i] += got;
			if (got > 0 || i == 1)
				continue;
			end(&fds[i], totals[i]);
			ending++;
		}
		if (fds[0].revents && n < MAX_FLOWS) {
			fds[n].fd = accept(fds[0].fd, NULL, NULL);
			fds[n].revents = 0;
			totals[n] = 0;
			fds[n++].events = POLLIN;
		}
	}
}
