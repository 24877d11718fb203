/* SPDX-License-Identifier: Apache-2.0 */
/* deny.c - calls of libdf's that fail when a test wants it so. */
#include "deny.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>

struct deny deny = {.writes = -1, .again = -1, .memory = -1};
int refused;

int __real_mprotect(void *at, size_t size, int prot);
int __wrap_mprotect(void *at, size_t size, int prot);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t from);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t from);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
char *__wrap_strndup(const char *text, size_t size);

int __wrap_mprotect(void *at, size_t size, int prot)
{
	if (!deny.windows || (prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC))
		return __real_mprotect(at, size, prot);
	errno = EPERM;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (!deny.opening || strcmp(path, "/proc/self/mem") != 0)
		return __real_open(path, flags);
	errno = EACCES;
	return -1;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	if (deny.writes < 0 || deny.writes-- > 0)
		return __real_pwrite(fd, bytes, size, at);
	deny.writes = deny.again-- == 0 ? -1 : 0;
	if (deny.writes < 0)
		return __real_pwrite(fd, bytes, size, at);
	errno = EIO;
	return -1;
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t from)
{
	if (!deny.mapping)
		return __real_mmap(at, size, prot, flags, fd, from);
	errno = ENOMEM;
	return MAP_FAILED;
}

long __wrap_syscall(long number, ...)
{
	long arg[6];
	va_list args;
	va_start(args, number);
	for (size_t i = 0; i < sizeof(arg) / sizeof(arg[0]); i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (!deny.barriers || number != SYS_membarrier)
		return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	errno = EPERM;
	return -1;
}

static bool refuse(void)
{
	if (deny.memory < 0 || deny.memory-- > 0)
		return false;
	deny.memory = -1;
	refused++;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return refuse() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return refuse() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return refuse() ? NULL : __real_strndup(text, size);
}
