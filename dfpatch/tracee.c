/* SPDX-License-Identifier: Apache-2.0 */
/* tracee.c - one thread of a target, stopped and let go. */
#include "tracee.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "restart.h"

_Static_assert(TRACEE_LOOK == WNOHANG, "the option is waitpid's");

/* Of the kernel, which programs never see: run the call again, unless a handler ran. */
#define ERESTARTNOHAND 514

int tracee_seize(pid_t id)
{
	return ptrace(PTRACE_SEIZE, id, NULL, NULL) == 0 ? 0 : errno;
}

bool tracee_interrupt(pid_t id)
{
	return ptrace(PTRACE_INTERRUPT, id, NULL, NULL) == 0;
}

/* NOLINTBEGIN(performance-no-int-to-ptr): ptrace(2) takes numbers as pointers */

/* Those up to the number of the call. */
static bool read_registers(pid_t id, struct user_regs_struct *registers)
{
	struct iovec part = {.iov_base = registers,
			     .iov_len = offsetof(struct user_regs_struct, rip)};
	return ptrace(PTRACE_GETREGSET, id, (void *)NT_PRSTATUS, &part) == 0;
}

/* 64-bit calls have numbers of their own; 64-bit code can make the others too, by int 0x80. */
static bool made_64_bit_call(pid_t id)
{
	struct __ptrace_syscall_info info;
	const long got = ptrace(PTRACE_GET_SYSCALL_INFO, id, (void *)sizeof(info), &info);
	return got > 0 && info.arch == AUDIT_ARCH_X86_64;
}

/*
 * A call that our stop ended with EINTR is to be made again, as if the kernel had
 * said so: before the thread goes on, the kernel looks at this value once more.
 * If a signal came too, its handler runs and the call then ends with EINTR, as
 * always. A thread that was in user space has no call (-1), or no such value.
 */
static void make_call_again(pid_t id)
{
	struct user_regs_struct registers;
	if (read_registers(id, &registers) && (long)registers.rax == -EINTR &&
	    restart_is_safe((long)registers.orig_rax) && made_64_bit_call(id))
		ptrace(PTRACE_POKEUSER, id, (void *)offsetof(struct user_regs_struct, rax),
		       (void *)-ERESTARTNOHAND);
}

static void take_status(struct tracee *tracee, int status)
{
	if (!WIFSTOPPED(status)) {
		tracee->state = TRACEE_GONE;
		return;
	}
	tracee->state = TRACEE_STOPPED;
	/* A stop with an event is ours or a group-stop; one without is a signal under way. */
	const bool event = status >> 16 != 0;
	tracee->signal = event ? 0 : (uint8_t)WSTOPSIG(status);
	/* What a stop by job control does to a call is not our doing. */
	tracee->by_us = !event || WSTOPSIG(status) == SIGTRAP;
}

bool tracee_wait(struct tracee *tracee, int options)
{
	int status;
	const pid_t got = waitpid(tracee->id, &status, __WALL | options);
	if (got == tracee->id)
		take_status(tracee, status);
	else if (got < 0 && errno != EINTR)
		tracee->state = TRACEE_GONE;
	return got >= 0 || errno != EINTR;
}

/* Registers are looked at here: right after its stop a thread may still be on a processor. */
bool tracee_detach(struct tracee *tracee)
{
	if (tracee->by_us)
		make_call_again(tracee->id);
	const bool let_go =
		ptrace(PTRACE_DETACH, tracee->id, NULL, (void *)(uintptr_t)tracee->signal) == 0;
	tracee->state = let_go ? TRACEE_GONE : TRACEE_RUNS;
	return let_go;
}

void tracee_dismiss(struct tracee *tracee)
{
	const struct timespec moment = {.tv_nsec = 100000};
	tracee_interrupt(tracee->id);
	for (int i = 0; i < 100 && tracee->state == TRACEE_RUNS; i++) {
		tracee_wait(tracee, WNOHANG);
		if (tracee->state == TRACEE_RUNS)
			nanosleep(&moment, NULL);
	}
	if (tracee->state == TRACEE_STOPPED)
		tracee_detach(tracee);
}

/* The aligned word at `addr` with `size` of its bytes, from `offset` on, replaced. Returns errno.
 */
static int poke_word(pid_t id, uint64_t addr, size_t offset, const void *bytes, size_t size)
{
	errno = 0;
	long word = ptrace(PTRACE_PEEKTEXT, id, (void *)addr, NULL);
	if (errno != 0)
		return errno;
	memcpy((char *)&word + offset, bytes, size);
	return ptrace(PTRACE_POKETEXT, id, (void *)addr, (void *)word) == 0 ? 0 : errno;
}

/* NOLINTEND(performance-no-int-to-ptr) */

int tracee_poke(const struct tracee *tracee, uint64_t addr, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		const size_t offset = (addr + done) % sizeof(long);
		const size_t left = size - done, room = sizeof(long) - offset;
		const size_t now = left < room ? left : room;
		const int status = poke_word(tracee->id, addr + done - offset, offset,
					     (const char *)bytes + done, now);
		if (status != 0)
			return status;
		done += now;
	}
	return 0;
}
