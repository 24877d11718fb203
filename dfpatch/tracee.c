/* SPDX-License-Identifier: Apache-2.0 */
/* tracee.c - one thread of a target, stopped and let go. */
#include "tracee.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
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

/* ---- a process that is about to start a program ---- */

int tracee_adopt(pid_t id)
{
	const uintptr_t options = PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;
	return ptrace(PTRACE_SEIZE, id, NULL, (void *)options) == 0 ? 0 : errno;
}

bool tracee_spare(pid_t id)
{
	return ptrace(PTRACE_SETOPTIONS, id, NULL, NULL) == 0;
}

static struct tracee_stop stop_of(int status)
{
	struct tracee_stop stop = {.event = TRACEE_EVENT_OTHER};
	const int event = status >> 16, signal = WSTOPSIG(status);
	if (!WIFSTOPPED(status))
		stop.event = TRACEE_EVENT_ENDED;
	else if (event == PTRACE_EVENT_EXEC)
		stop.event = TRACEE_EVENT_EXEC;
	else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
		stop.event = TRACEE_EVENT_JOB_STOP;
	else if (event == 0 && (signal & 0x80))
		stop.event = TRACEE_EVENT_CALL;
	else if (event == 0)
		stop = (struct tracee_stop){.event = TRACEE_EVENT_SIGNAL, .signal = signal};
	return stop;
}

struct tracee_stop tracee_next(pid_t id)
{
	int status;
	pid_t got;
	do
		got = waitpid(id, &status, __WALL);
	while (got < 0 && errno == EINTR);
	return got == id ? stop_of(status) : (struct tracee_stop){.event = TRACEE_EVENT_ENDED};
}

void tracee_continue(pid_t id, int signal)
{
	ptrace(PTRACE_CONT, id, NULL, (void *)(intptr_t)signal);
}

void tracee_step(pid_t id, int signal)
{
	ptrace(PTRACE_SINGLESTEP, id, NULL, (void *)(intptr_t)signal);
}

void tracee_stay(pid_t id)
{
	ptrace(PTRACE_LISTEN, id, NULL, NULL);
}

#define PLACE ((void *)offsetof(struct user_regs_struct, rip))

bool tracee_get_place(pid_t id, uint64_t *addr)
{
	errno = 0;
	*addr = (uint64_t)ptrace(PTRACE_PEEKUSER, id, PLACE, NULL);
	return errno == 0;
}

bool tracee_set_place(pid_t id, uint64_t addr)
{
	return ptrace(PTRACE_POKEUSER, id, PLACE, (void *)addr) == 0;
}

bool tracee_get_mask(pid_t id, uint64_t *mask)
{
	return ptrace(PTRACE_GETSIGMASK, id, (void *)sizeof(*mask), mask) == 0;
}

bool tracee_set_mask(pid_t id, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, id, (void *)sizeof(mask), &mask) == 0;
}

static bool get_registers(pid_t id, struct user_regs_struct *registers)
{
	return ptrace(PTRACE_GETREGS, id, NULL, registers) == 0;
}

static bool set_registers(pid_t id, const struct user_regs_struct *registers)
{
	return ptrace(PTRACE_SETREGS, id, NULL, registers) == 0;
}

/* To the beginning or the end of a call. False if it ended. */
static bool run_to_call(pid_t id)
{
	struct tracee_stop stop = {.event = TRACEE_EVENT_OTHER};
	do {
		if (stop.event == TRACEE_EVENT_JOB_STOP)
			tracee_stay(id);
		else
			ptrace(PTRACE_SYSCALL, id, NULL, (void *)(intptr_t)stop.signal);
		stop = tracee_next(id);
	} while (stop.event != TRACEE_EVENT_CALL && stop.event != TRACEE_EVENT_ENDED);
	return stop.event == TRACEE_EVENT_CALL;
}

#define BELOW_STACK 512 /* bytes; what the program keeps below its stack pointer ends before */
#define INSTRUCTION 2	/* bytes */

static bool prepare_call(pid_t id, const struct tracee_call *call, struct user_regs_struct *r)
{
	const struct tracee tracee = {.id = id};
	r->rax = (unsigned long long)call->number;
	r->orig_rax = (unsigned long long)-1; /* it is in no call that could be begun anew */
	r->rdi = call->argument[0];
	r->rsi = call->data ? r->rsp - BELOW_STACK : call->argument[1];
	r->rdx = call->argument[2];
	r->r10 = call->argument[3];
	return set_registers(id, r) &&
	       (!call->data || tracee_poke(&tracee, r->rsi, call->data, call->size) == 0);
}

long tracee_call(pid_t id, const struct tracee_call *call)
{
	static const uint8_t syscall_bytes[INSTRUCTION] = {0x0f, 0x05};
	const struct tracee tracee = {.id = id};
	struct user_regs_struct before, registers;
	if (!get_registers(id, &before))
		return -ESRCH;
	errno = 0;
	const long text = ptrace(PTRACE_PEEKTEXT, id, (void *)before.rip, NULL);
	if (errno != 0 || tracee_poke(&tracee, before.rip, syscall_bytes, INSTRUCTION) != 0)
		return -ESRCH;
	registers = before;
	if (!prepare_call(id, call, &registers) || !run_to_call(id) || !run_to_call(id) ||
	    !get_registers(id, &registers))
		return -ESRCH;
	set_registers(id, &before);
	tracee_poke(&tracee, before.rip, &text, INSTRUCTION);
	return (long)registers.rax;
}

#define EXIT_GROUP_32 252
#define STOPS_MAX 100
#define CODE_64 0x33 /* what the segment register says of 64-bit code */

static void aim_to_exit(struct user_regs_struct *r, bool is_64, int status)
{
	r->rax = is_64 ? SYS_exit_group : EXIT_GROUP_32;
	r->rdi = r->rbx = (unsigned long long)status;
}

/* 32-bit code makes its calls by int 0x80; there, syscall is no instruction of every processor. */
static bool exit_at_once(pid_t id, struct user_regs_struct *r, int status)
{
	static const uint8_t instructions[2][INSTRUCTION] = {{0xcd, 0x80}, {0x0f, 0x05}};
	const struct tracee tracee = {.id = id};
	const bool is_64 = r->cs == CODE_64;
	aim_to_exit(r, is_64, status);
	r->orig_rax = (unsigned long long)-1;
	return tracee_poke(&tracee, r->rip, instructions[is_64], INSTRUCTION) == 0 &&
	       set_registers(id, r);
}

/*
 * Of a program that its caller may not read, nobody may write the memory, either: in place of the
 * first call that it makes, before which it cannot have done anything.
 */
static bool exit_by_first_call(pid_t id, int status)
{
	struct user_regs_struct r;
	if (!run_to_call(id) || !get_registers(id, &r))
		return false;
	aim_to_exit(&r, made_64_bit_call(id), status);
	r.orig_rax = r.rax;
	return set_registers(id, &r);
}

void tracee_exit(pid_t id, int status)
{
	struct user_regs_struct registers;
	if (!get_registers(id, &registers) ||
	    (!exit_at_once(id, &registers, status) && !exit_by_first_call(id, status)))
		return;
	/* What else would stop or end it comes too late; unless it is a fault of its own. */
	for (int i = 0; i < STOPS_MAX; i++) {
		tracee_continue(id, 0);
		if (tracee_next(id).event == TRACEE_EVENT_ENDED)
			return;
	}
	tracee_continue(id, SIGKILL);
	tracee_next(id);
}

/* NOLINTEND(performance-no-int-to-ptr) */
