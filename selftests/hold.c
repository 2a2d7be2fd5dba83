// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens a connection that is refused, and keeps its socket's lock: no other program
 * takes the CPU between the two. The lock is held while the kernel waits for a program
 * that is to load a module, a congestion control that does not exist.
 *
 *   hold ADDR PORT MARK
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* The work item that tells of the refusal is due on this CPU. */
static void take_cpu(void)
{
	struct sched_param param = { .sched_priority = 1 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) ||
	    sched_setscheduler(0, SCHED_FIFO, &param))
		err(1, "scheduler");
}

int main(int argc, char **argv)
{
	static const char module[] = "held";
	union address to = {};
	socklen_t len;
	int fd, mark;

	if (argc != 4)
		errx(1, "hold ADDR PORT MARK");
	if (inet_pton(AF_INET, argv[1], &to.in.sin_addr) == 1) {
		to.in.sin_family = AF_INET;
		to.in.sin_port = htons(atoi(argv[2]));
		len = sizeof(to.in);
	} else if (inet_pton(AF_INET6, argv[1], &to.in6.sin6_addr) == 1) {
		to.in6.sin6_family = AF_INET6;
		to.in6.sin6_port = htons(atoi(argv[2]));
		len = sizeof(to.in6);
	} else {
		errx(1, "%s is no address", argv[1]);
	}

	fd = socket(to.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0)
		err(1, "socket");
	mark = strtoul(argv[3], NULL, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		err(1, "SO_MARK");

	take_cpu();
	if (!connect(fd, &to.sa, len) || errno != EINPROGRESS)
		err(1, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, module, sizeof(module) - 1);
	err(1, "the lock is free");
}
