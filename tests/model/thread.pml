/* SPDX-License-Identifier: Apache-2.0 */
/* thread.pml - a thread that calls libdf (libdf/sync.c, operate.c). */

#ifdef MUTANT_STEALS_LIVE_LOCK
#define IS_FREE(word) true
#elif defined(MUTANT_KEEPS_LOCK_OF_DEAD)
#define IS_FREE(word) (word == 0)
#else
#define IS_FREE(word) (word == 0 || OWNER(word) == me || dead[OWNER(word)])
#endif

/* A claim that stands too long. A live tool's does not: a watchdog kills the tool before. */
#ifdef MUTANT_TAKES_LIVE_CLAIM
#define IS_STALE true
#elif defined(MUTANT_KEEPS_CLAIM_OF_DEAD)
#define IS_STALE false
#else
#define IS_STALE left_behind
#endif

/* The instruction that takes the lock is a fence: it is done before the next load. */
#ifdef MUTANT_LOCK_NO_FENCE
#define SET_LOCK(word) locks!word
#else
#define SET_LOCK(word) lock = word
#endif

#ifdef SLEEPERS
/* In a configuration of its own, nobody looks from time to time: a sleeper must be woken. */
inline sleep_on_lock()
{
	if
	:: atomic { word < WAITERS && lock == word -> lock = word + WAITERS };
		word = word + WAITERS
	:: word < WAITERS && lock != word
	:: word >= WAITERS
	fi;
	if
	:: atomic { word >= WAITERS && lock == word -> asleep[me] = true };
		!asleep[me]
	:: word < WAITERS || lock != word
	fi
}

inline release_lock()
{
	atomic { word = lock; lock = 0 };
	if
	:: word < WAITERS
	:: atomic { word >= WAITERS && asleep[1] -> asleep[1] = false }
	:: atomic { word >= WAITERS && asleep[2] -> asleep[2] = false }
	:: atomic { word >= WAITERS && asleep[3] -> asleep[3] = false }
	:: else
	fi;
	word = 0
}
#else
/* The time to look again comes at last; before anything has changed it makes no difference. */
inline sleep_on_lock() { lock != word || IS_FREE(lock) }

inline release_lock()
{
#ifdef MUTANT_LOCK_NO_FENCE
	empty(locks);
#endif
	lock = 0
}
#endif

inline take_lock()
{
	mine = me;
	do
	:: atomic { lock == 0 -> SET_LOCK(mine) }; break
	:: atomic { lock != 0 -> word = lock };
		if
		:: IS_FREE(word) ->
			if
			:: atomic { lock == word -> SET_LOCK((word < WAITERS -> mine : me + WAITERS)) };
				break
			:: lock != word
			fi
		:: else -> sleep_on_lock()
		fi
#if defined(SLEEPERS) && !defined(MUTANT_FORGETS_SLEEPERS)
		mine = me + WAITERS /* a sleeper does not know whether it was the last */
#endif
	od;
	atomic { mine = 0; word = 0 }
}

inline clear_claim()
{
	external[ID] = 0;
	external[NONCE] = 0;
	left_behind = false
}

proctype thread(byte me) provided(stopped == 0)
{
	byte mine, word;
	byte left;
	byte was[2];
	bit found[2], begins;
	{
		left = CALLS;
call:
#ifdef MUTANT_EXTERNAL_BEFORE_LOCK
		!CLAIMED || IS_STALE;
#endif
		take_lock();
		do
#if defined(MUTANT_EXTERNAL_BEFORE_LOCK) || defined(MUTANT_IGNORES_CLAIM)
		:: atomic { true -> become_controller() }; break
#else
		:: atomic { !CLAIMED -> become_controller() }; break
		:: atomic { CLAIMED && IS_STALE -> word = CLAIM };
			if /* compare and exchange */
			:: atomic { CLAIM == word -> clear_claim(); become_controller() }; break
			:: CLAIM != word
			fi
		:: CLAIMED && !IS_STALE ->
			release_lock();
			!CLAIMED || IS_STALE; /* looks from time to time */
			goto call
#endif
		od;
		word = 0;
#ifndef MUTANT_NO_RECOVERY
		recover();
#endif
		atomic {
			begins = (initialised == 0);
			BOTH(PLAN_COUNT);
			BOTH(PLAN_CODE)
		};
		commit();
		goto let_go;
write_failed:
		undo();
undo_failed:
recovery_failed:
let_go:
		atomic { resign(); begins = 0; BOTH(FORGET) };
		release_lock();
		if
		:: atomic { left > 1 -> left-- }; goto call
		:: atomic { left == 1 -> left = 0; done[me] = true }
		fi
	} unless {
		atomic { dead[me] -> mine = 0; word = 0; left = 0; begins = 0; BOTH(FORGET) }
#ifdef MUTANT_REUSES_ID
		atomic { dead[me] = false; left = 1 }
		goto call
#endif
	}
}
