/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demo_server.c - the program that scripts/demo.sh shows: a small web server
 * with eight threads and a few flags, and a client that puts load on it. It
 * includes df.h and links nothing of ours.
 *
 *   demo_server                  serves on a free port of 127.0.0.1, prints the port
 *   demo_server PORT SECONDS     puts load on such a server, prints a line per second
 */
#include <arpa/inet.h>
#include <df.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 8
#define CLIENTS 4

/* ---- the server ---- */

/* Stands for a page made of templates and queries: some 0.2 ms of work. */
static uint32_t render(uint32_t seed)
{
	for (int i = 0; i < 100000; i++)
		seed = seed * 1664525u + 1013904223u;
	return seed;
}

static int answer(char *reply, size_t size)
{
	static const char cached[] = "<h1>Hello from the cache</h1>";
	char page[64];
	const char *body = cached;
	if (!DF_FEATURE(http, fast_path, "answer from the cache instead of rendering the page")) {
		snprintf(page, sizeof(page), "<h1>Hello, rendered %08x</h1>", render(1));
		body = page;
	}
	return snprintf(
		reply, size, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n%s",
		strlen(body),
		DF_DEFAULT(http, keep_alive, "keep connections open") ? "keep-alive" : "close",
		body);
}

static void serve(int connection)
{
	char request[4096], reply[512];
	ssize_t got;
	while ((got = recv(connection, request, sizeof(request) - 1, 0)) > 0) {
		request[got] = '\0';
		if (DF_FEATURE(http, trace, "print the first line of each request"))
			fprintf(stderr, "trace: %.*s\n", (int)strcspn(request, "\r\n"), request);
		const int length = answer(reply, sizeof(reply));
		if (send(connection, reply, (size_t)length, MSG_NOSIGNAL) != length)
			break;
	}
	close(connection);
}

static void *work(void *argument)
{
	const int listener = *(int *)argument;
	for (;;) {
		const int connection = accept(listener, NULL, NULL);
		if (connection >= 0)
			serve(connection);
		else if (DF_DEBUG(accept_errors, "say why a connection was not accepted"))
			perror("accept");
	}
	return NULL;
}

static int serve_forever(void)
{
	static int listener;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	pthread_t thread;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
	    listen(listener, 64) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
		perror("demo_server");
		return 1;
	}
	for (int i = 1; i < WORKERS; i++)
		if (pthread_create(&thread, NULL, work, &listener) != 0)
			return 1;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	work(&listener);
	return 0;
}

/* ---- the client ---- */

static _Atomic unsigned long replies, from_cache;

static void *load(void *argument)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: demo\r\n\r\n";
	char reply[1024];
	const int connection = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(connection, argument, sizeof(struct sockaddr_in)) != 0)
		return NULL;
	while (send(connection, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0) {
		const ssize_t got = recv(connection, reply, sizeof(reply) - 1, 0);
		if (got <= 0)
			break;
		reply[got] = '\0';
		replies++;
		from_cache += strstr(reply, "cache") != NULL;
	}
	close(connection);
	return NULL;
}

static int put_load(int port, int seconds)
{
	static struct sockaddr_in address = {.sin_family = AF_INET};
	pthread_t thread;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)port);
	for (int i = 0; i < CLIENTS; i++)
		if (pthread_create(&thread, NULL, load, &address) != 0)
			return 1;
	for (int i = 1; i <= seconds; i++) {
		sleep(1);
		const unsigned long all = atomic_exchange(&replies, 0);
		const unsigned long cached = atomic_exchange(&from_cache, 0);
		printf("  second %2d: %7lu requests/s, %3lu %% from the cache\n", i, all,
		       all ? cached * 100 / all : 0);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return put_load(atoi(argv[1]), atoi(argv[2]));
	return serve_forever();
}
