/* SPDX-License-Identifier: Apache-2.0 */
/* commit.pml - what every controller does with a module (libdf/commit.c, recover.c, apply.c). */

/* What an operation comes to: both counts one up. An opcode that fits already is no edit. */
#define PLAN_COUNT(i) was[i] = current[i]
#define PLAN_CODE(i) found[i] = code[i]
#define FORGET(i) was[i] = 0; found[i] = 0
#define IS_EDIT(i) (found[i] != OPCODE(was[i] + 1))

#define WRITE_IF(condition, i, opcode, failed)                                                     \
	if                                                                                         \
	:: atomic { condition -> code[i] = opcode }                                                \
	:: atomic { condition && faults > 0 -> faults-- }; goto failed                             \
	:: !(condition)                                                                            \
	fi
#define SERIALISE(failed)                                                                          \
	if                                                                                         \
	:: true                                                                                    \
	:: atomic { faults > 0 -> faults-- }; goto failed                                          \
	fi
#define CODE_FROM_PLAN(i) WRITE_IF(IS_EDIT(i), i, OPCODE(was[i] + 1), write_failed)
#define CODE_BACK(i) WRITE_IF(IS_EDIT(i), i, found[i], undo_failed)
#define CODE_FROM_NEXT(i) WRITE_IF(current[i] != next[i], i, OPCODE(next[i]), recovery_failed)
#define CODE_FROM_CURRENT(i) WRITE_IF(current[i] != next[i], i, OPCODE(current[i]), recovery_failed)

#define NEXT_FROM_PLAN(i) next[i] = was[i] + 1
#define NEXT_BACK(i) next[i] = was[i]
#define NEXT_FROM_CURRENT(i) next[i] = current[i]
#define CURRENT_FROM_PLAN(i) current[i] = was[i] + 1
#define CURRENT_FROM_NEXT(i) current[i] = next[i]

#define SETTLE(value) initialised = (initialised == 2 -> value : initialised)

/* Goes to recovery_failed, in the phase that was found, if a write fails. */
inline recover()
{
	if
	:: phase == 0
#ifdef MUTANT_RECOVERS_FORWARD_ONLY
	:: phase != 0 ->
#else
	:: phase == 2 || phase == 3 ->
#endif
#ifndef MUTANT_RECOVERY_FORGETS_CODE
		BOTH(CODE_FROM_NEXT);
#endif
		SERIALISE(recovery_failed);
		phase = 3;
		BOTH(CURRENT_FROM_NEXT);
		SETTLE(1);
		generation++;
		phase = 0
#ifndef MUTANT_RECOVERS_FORWARD_ONLY
	:: phase == 1 || phase == 4 ->
		if
		:: phase == 4 -> BOTH(CODE_FROM_CURRENT); SERIALISE(recovery_failed)
		:: else
		fi;
		BOTH(NEXT_FROM_CURRENT);
#ifndef MUTANT_RECOVERY_FORGETS_INITIALISED
		SETTLE(0);
#endif
		phase = 0
#endif
	fi
}

#define PASS_COMMIT_POINT                                                                          \
	atomic { phase = 2; committed++; initialisation = (begins -> 1 : initialisation) }

/* Goes to write_failed if a write fails. */
inline commit()
{
#ifdef MUTANT_PHASE_BEFORE_NEXT
	PASS_COMMIT_POINT;
#elif !defined(MUTANT_NO_PHASE_PREPARING)
	phase = 1;
#endif
	initialised = (begins -> 2 : initialised);
	BOTH(NEXT_FROM_PLAN);
#ifndef MUTANT_PHASE_BEFORE_NEXT
	PASS_COMMIT_POINT;
#endif
#ifndef MUTANT_CURRENT_BEFORE_CODE
	BOTH(CODE_FROM_PLAN);
	SERIALISE(write_failed);
#endif
#ifdef MUTANT_IDLE_BEFORE_CURRENT
	phase = 0;
#else
	phase = 3;
#endif
	BOTH(CURRENT_FROM_PLAN);
#ifdef MUTANT_CURRENT_BEFORE_CODE
	BOTH(CODE_FROM_PLAN);
#endif
	SETTLE(1);
	generation++;
	phase = 0
}

/* Goes to undo_failed, in phase 4, if a write fails. */
inline undo()
{
	atomic {
#ifndef MUTANT_NO_PHASE_UNDOING
		phase = 4;
#endif
		committed--;
		initialisation = (begins -> 0 : initialisation)
	};
	BOTH(CODE_BACK);
	SERIALISE(undo_failed);
	BOTH(NEXT_BACK);
	SETTLE(0);
	phase = 0
}
