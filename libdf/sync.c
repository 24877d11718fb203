/* SPDX-License-Identifier: Apache-2.0 */
/* sync.c - a module's lock and claim; making every processor serialise. */
#include "sync.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

/* How long to sleep on a lock until its owner's life is looked at again. */
#define LOOK_NS 50000000

/* All the time that an operation spends on claims before it gives up. */
#define CLAIMS_MAX_NS UINT64_C(10000000000)

/* ---- the calling thread ---------------------------------------------------------------- */

/*
 * A page of its own that the kernel empties in a forked child, whoever called fork
 * and however. 0 says that the process is new; else the number is one that no
 * ancestor used, so that what its threads remembered is not taken for ours.
 *
 * It stands in .bss and not in a mapping made for it, which nobody could take away
 * when a shared object that holds this copy of libdf is unloaded; in a section of its own,
 * so that what else is kept lies together and a small program touches one page of it.
 */
static union {
	uint64_t epoch;
	uint8_t page[PAGE];
} process __attribute__((__aligned__(PAGE), __section__(".bss.df_process")));

static uint64_t last_epoch; /* the highest that we or an ancestor used */

enum { WIPE_UNKNOWN, WIPE_WORKS, WIPE_MISSING };
static int wipe_state;

static _Thread_local struct {
	uint64_t epoch; /* `id` holds in the process of this epoch; 0 for none */
	uint32_t id;
} self;

static int ask_for_wipe(void)
{
	/* An emulator that nods at every advice does not carry it out either. */
	if (madvise(&process, sizeof(process), -1) == 0)
		return WIPE_MISSING;
	return madvise(&process, sizeof(process), MADV_WIPEONFORK) == 0 ? WIPE_WORKS : WIPE_MISSING;
}

/*
 * Advice splits a mapping, which costs some 30 times what the kernel takes to tell a number.
 * A program that flips a few flags at its start has no use for it.
 */
#define ASKS_BEFORE_WIPE 64

static unsigned asks;

static bool have_wipe(void)
{
	int state = __atomic_load_n(&wipe_state, __ATOMIC_ACQUIRE);
	if (state == WIPE_UNKNOWN &&
	    __atomic_fetch_add(&asks, 1, __ATOMIC_RELAXED) < ASKS_BEFORE_WIPE)
		return false;
	if (state == WIPE_UNKNOWN) {
		/* Threads that do this at the same time all get the same answer. */
		state = ask_for_wipe();
		__atomic_store_n(&wipe_state, state, __ATOMIC_RELEASE);
	}
	return state == WIPE_WORKS;
}

static uint64_t begin_epoch(void)
{
	uint64_t none = 0;
	const uint64_t epoch = __atomic_add_fetch(&last_epoch, 1, __ATOMIC_RELAXED);
	const bool ours = __atomic_compare_exchange_n(&process.epoch, &none, epoch, false,
						      __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return ours ? epoch : none;
}

uint32_t sync_thread(void)
{
	uint64_t epoch = __atomic_load_n(&process.epoch, __ATOMIC_RELAXED);
	if (epoch != 0 && self.epoch == epoch)
		return self.id;
	const uint32_t id = (uint32_t)syscall(SYS_gettid);
	if (have_wipe()) {
		self.id = id;
		self.epoch = epoch != 0 ? epoch : begin_epoch();
	}
	return id;
}

void sync_keep_thread(void)
{
	if (__atomic_load_n(&asks, __ATOMIC_RELAXED) < ASKS_BEFORE_WIPE)
		__atomic_store_n(&asks, ASKS_BEFORE_WIPE, __ATOMIC_RELAXED);
	(void)sync_thread();
}

/*
 * The page tells us as much; this is for an emulator that only says that it wipes it. Not by
 * way of `self`: thread-local storage cannot be asked for while this copy is unloaded (guard.c).
 */
void sync_forked(void)
{
	process.epoch = 0;
}

/* ---- the lock -------------------------------------------------------------------------- */

static bool exchange(struct df_control_v1 *control, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&control->lock, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

/*
 * Whether nobody will ever give back a lock that reads `word`. Our own number was
 * left by a thread that bore it before us, or came with the memory of a parent.
 */
static bool is_stale(uint32_t word, uint32_t id)
{
	const uint32_t owner = word & DF_LOCK_OWNER;
	if (owner == 0 || owner == id)
		return true;
	return syscall(SYS_tgkill, getpid(), owner, 0) != 0 && errno == ESRCH;
}

/* Sleeps until the lock is given back, or it is time to look again. A signal is no harm. */
static void sleep_on(struct df_control_v1 *control, uint32_t word)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	const uint32_t waiting = word | DF_LOCK_WAITERS;
	if (word == waiting || exchange(control, word, waiting))
		syscall(SYS_futex, &control->lock, FUTEX_WAIT_PRIVATE, waiting, &look, NULL, 0);
}

static void take_contended(struct df_control_v1 *control, uint32_t id)
{
	/* A sleeper does not know whether it was the last: so it leaves the bit behind. */
	for (uint32_t mine = id;; mine = id | DF_LOCK_WAITERS) {
		const uint32_t word = __atomic_load_n(&control->lock, __ATOMIC_RELAXED);
		if (is_stale(word, id)) {
			if (exchange(control, word, mine | (word & DF_LOCK_WAITERS)))
				return;
		} else {
			sleep_on(control, word);
		}
	}
}

/*
 * Whichever way the lock is taken, it is by a locked instruction: a full fence, so
 * that the claim, which is read next, is not read before.
 */
static void take(struct df_control_v1 *control)
{
	const uint32_t id = sync_thread();
	if (!exchange(control, 0, id))
		take_contended(control, id);
}

void sync_disown(struct df_control_v1 *control)
{
	if (__atomic_exchange_n(&control->lock, 0, __ATOMIC_SEQ_CST) & DF_LOCK_WAITERS)
		syscall(SYS_futex, &control->lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- the claim ------------------------------------------------------------------------- */

/* `external` in the low half, the nonce above it, as they lie in memory. */
typedef uint64_t claim_word __attribute__((__may_alias__));

_Static_assert(offsetof(struct df_control_v1, external) % sizeof(claim_word) == 0, "aligned");
_Static_assert(offsetof(struct df_control_v1, external_nonce) ==
		       offsetof(struct df_control_v1, external) + sizeof(uint32_t),
	       "one word");

static claim_word *claim_of(struct df_control_v1 *control)
{
	return (claim_word *)(void *)&control->external;
}

/* The writer may be in the middle of it, byte by byte. */
static uint64_t read_claim(const claim_word *word)
{
	uint64_t claim, before = __atomic_load_n(word, __ATOMIC_SEQ_CST);
	while ((claim = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != before)
		before = claim;
	return claim;
}

static bool is_claimed(uint64_t claim)
{
	return (uint32_t)claim != 0;
}

/* Counts the time since the last look. A long one is a time when perhaps nobody ran. */
static void remember(struct sync_patience *patience, uint64_t claim)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	const uint64_t now = (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
	uint64_t passed = patience->looked != 0 ? now - patience->looked : 0;
	if (passed > LOOK_NS)
		passed = LOOK_NS;
	patience->stood = claim == patience->claim ? patience->stood + passed : 0;
	patience->waited += passed;
	patience->claim = claim;
	patience->looked = now;
}

static int give_up(const struct sync_patience *patience, struct df_err *err)
{
	return df_fail(err, DF_E_BUSY,
		       "controllers outside the process claimed the flags one after another for "
		       "ten seconds, the last with the claim %" PRIu32 ", nonce %#" PRIx32
		       "; nothing was changed: try again when they have finished",
		       (uint32_t)patience->claim, (uint32_t)(patience->claim >> 32));
}

int sync_own(struct df_control_v1 *control, struct sync_patience *patience, struct df_err *err)
{
	claim_word *word = claim_of(control);
	take(control);
	for (uint64_t claim = read_claim(word); is_claimed(claim);) {
		remember(patience, claim);
		if (patience->stood < SYNC_CLAIM_MAX_NS) {
			sync_disown(control);
			return patience->waited < CLAIMS_MAX_NS ? 0 : give_up(patience, err);
		}
		/* Its controller is dead; if it is not the claim we know, look at that one. */
		if (__atomic_compare_exchange_n(word, &claim, 0, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			break;
	}
	return 1;
}

void sync_pause(void)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	nanosleep(&moment, NULL);
}

/* ---- serialising every processor ------------------------------------------------------- */

static bool ask_membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0) == 0;
}

/*
 * A process has to register, and a child takes that over; the kernel remembers it for us,
 * and we that we asked. Where it has forgotten, it says EPERM.
 */
static bool serialise_by_membarrier(void)
{
	static bool registered;
	if (!__atomic_load_n(&registered, __ATOMIC_RELAXED))
		__atomic_store_n(
			&registered,
			ask_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
			__ATOMIC_RELAXED);
	if (ask_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE))
		return true;
	return errno == EPERM &&
	       ask_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) &&
	       ask_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
}

static void serialise_this_one(void)
{
	uint32_t eax = 0, ecx = 0;
	__asm__ __volatile__("cpuid" : "+a"(eax), "+c"(ecx) : : "ebx", "edx", "memory");
}

/*
 * A page that is in use is taken away. Before munmap returns, every processor that
 * runs the process has to drop its translation, by an instruction that serialises
 * or a new address space, which does too; one that takes the process up later loads
 * its address space. Making the page read-only would come to the same, but that
 * needs a page that stays, and a lock so that no other thread makes it read-only
 * between our write and our own turn. The write sees to it that there is a
 * translation to drop.
 */
static bool serialise_by_unmapping(void)
{
	volatile uint8_t *page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return false;
	*page = 1;
	if (munmap((void *)page, PAGE) != 0)
		return false;
	serialise_this_one();
	return true;
}

int sync_cores(struct df_err *err)
{
	char buffer[128];
	if (serialise_by_membarrier())
		return 0;
	const int denial = errno;
	if (serialise_by_unmapping())
		return 0;
	const int failure = errno;
	/* GNU strerror_r: returns the text, in the buffer or elsewhere. */
	const char *text = strerror_r(denial, buffer, sizeof(buffer));
	errno = failure;
	return df_fail_errno(err, DF_E_SYSTEM,
			     "cannot make running threads take up new instructions: membarrier(2) "
			     "fails (%s), and so does mapping and unmapping a page instead",
			     text);
}
