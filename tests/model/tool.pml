/* SPDX-License-Identifier: Apache-2.0 */
/* tool.pml - dfpatch, from its plan on (dfpatch/run.c, libdf/apply.c). */

/* Of tools that are alike, any may be the first. */
#ifdef TOOLS_ALIKE
#define IS_TURN(tool) (tool == THREADS + 1 || IS_OVER(tool - 1))
#else
#define IS_TURN(tool) true
#endif

#define OWNER_IS_GONE(word) (word == 0 || dead[OWNER(word)])

/*
 * From a running program: control block, states, control block again, code. Goes to
 * `again` if the module changed meanwhile.
 */
inline plan()
{
	seen_phase = phase;
	seen_generation = generation;
	BOTH(PLAN_COUNT);
	if
	:: phase != seen_phase -> goto again
	:: phase == seen_phase
	fi;
	if
	:: generation != seen_generation -> goto again
	:: generation == seen_generation
	fi;
	BOTH(PLAN_CODE)
}

inline forget_plan()
{
	seen_phase = 0;
	seen_generation = 0;
	BOTH(FORGET)
}

/* Whether all is still as the plan found it. */
#ifdef MUTANT_RECHECKS_EDITS_ONLY
#define SAME_CODE(i) (!IS_EDIT(i) || code[i] == found[i])
#else
#define SAME_CODE(i) (code[i] == found[i])
#endif
#ifdef MUTANT_NO_RECHECK
#define AS_PLANNED true
#else
#define AS_PLANNED                                                                                 \
	(phase == 0 && generation == seen_generation && SAME_CODE(0) && SAME_CODE(1))
#endif

/* A writer from outside writes in pieces. */
inline write_claim(id, nonce)
{
	claims!ID(id);
	claims!NONCE(nonce)
}

/* Waits for the lock with the claim in place: whoever takes it gives way. */
inline find_lock_free()
{
	do
	:: word = lock;
		if
		:: OWNER_IS_GONE(word) -> break
#ifdef MUTANT_GIVES_WAY_AT_ONCE
		:: !OWNER_IS_GONE(word) -> goto withdraw
#else
		:: !OWNER_IS_GONE(word) && (lock != word || OWNER_IS_GONE(lock))
#ifndef LIVENESS
		:: !OWNER_IS_GONE(word) -> goto withdraw /* out of time */
#endif
#endif
		fi
	od
}

inline own_by_claim()
{
#ifdef MUTANT_LOCK_BEFORE_CLAIM
	find_lock_free();
#endif
	write_claim(1, me);
#ifndef MUTANT_CLAIM_NO_FENCE
	empty(claims);
#endif
#if !defined(MUTANT_LOCK_BEFORE_CLAIM) && !defined(MUTANT_QUIET_IGNORES_LOCK)
	find_lock_free();
#endif
	word = 0;
	if
#ifdef MUTANT_TRUSTS_CLAIM
	:: atomic { true -> become_controller() }
#else
	:: atomic { CLAIM == CLAIM_OF(me) -> become_controller() }
	:: CLAIM != CLAIM_OF(me) -> goto withdraw
#endif
	fi
}

inline own_by_stop()
{
	atomic { stopped == 0 -> stopped = me };
	if
#ifndef MUTANT_STOP_IGNORES_LOCK
	:: !OWNER_IS_GONE(lock) ->
		atomic { stopped = 0; forget_plan() };
		OWNER_IS_GONE(lock); /* tries again later */
		goto again
#endif
	:: else -> atomic { become_controller() }
	fi;
	atomic {
		if
		:: CLAIMED -> clear_claim()
		:: else
		fi
	}
}

proctype tool(byte me; bool stops)
{
	byte word, seen_phase, seen_generation;
	byte was[2];
	bit found[2], begins;
	bool again_later;
	{
#ifdef MUTANT_TOOLS_TOGETHER
		advisory = me;
#else
		atomic { advisory == 0 && IS_TURN(me) -> advisory = me };
#endif
again:
		plan();
		if
		:: stops -> own_by_stop()
		:: else -> own_by_claim()
		fi;
		if
		:: seen_phase != 0 -> again_later = true; recover()
		:: seen_phase == 0 && !AS_PLANNED -> again_later = true
		:: seen_phase == 0 && AS_PLANNED -> commit()
		fi;
		goto let_go;
write_failed:
		undo();
undo_failed:
		goto let_go;
recovery_failed:
		again_later = false;
let_go:
		atomic { resign(); forget_plan() };
		if
		:: stops -> stopped = 0
		:: else ->
			write_claim(0, 0)
		fi;
		if
		:: again_later -> again_later = false; goto again
		:: !again_later
		fi;
		goto finish;
withdraw:
		atomic { word = 0; forget_plan() };
		write_claim(0, 0);
		goto again;
finish:
		empty(claims);
		atomic { advisory = 0; done[me] = true }
	} unless {
		atomic { dead[me] -> word = 0; again_later = false; forget_plan() }
	}
}
