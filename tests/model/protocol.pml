/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol.pml - who may change a module, and the steps of a change, with deaths at
 * every step: what all share, and what runs it. commit.pml has the steps of a change,
 * thread.pml and tool.pml how each side comes to own the module.
 *
 * README.md says what stands for what, and what is taken for granted. The numbers below
 * make one configuration; check.sh has the list. Each MUTANT_ macro puts in one mistake,
 * which spin must find.
 */
#ifndef THREADS
#define THREADS 2 /* threads of the program that call libdf */
#endif
#ifndef CALLS
#define CALLS 1 /* operations of each of them */
#endif
#ifndef QUIET
#define QUIET 1 /* tools that claim */
#endif
#ifndef STOP
#define STOP 0 /* tools that stop every thread */
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef FAULTS
#define FAULTS 0 /* writes of text that fail */
#endif
#ifndef LEFT_BEHIND
#define LEFT_BEHIND 0 /* 1: at first there is a claim whose tool is dead */
#endif
#define AGENTS (THREADS + QUIET + STOP) /* their ids begin with 1, threads before tools */

/* ---- the module, as it lies in memory ---- */

byte lock; /* the owner's id, or 0; and whether somebody sleeps on it */
#define WAITERS 128
#define OWNER(word) ((word) % WAITERS)

byte external[2] = LEFT_BEHIND; /* the halves of a claim, or 0 and 0 */
#define ID 0
#define NONCE 1
#define CLAIMED (external[ID] != 0)
#define CLAIM (external[ID] + 2 * external[NONCE])
#define CLAIM_OF(tool) (1 + 2 * (tool)) /* the ids are equal, at worst */

byte phase;
byte initialised; /* 1: yes, 2: on the way */
byte generation;
byte current[2]; /* counts of two sites: of the operations that they took part in */
byte next[2];
bit code[2]; /* their opcodes */
#define OPCODE(count) ((count) % 2) /* so every operation changes every opcode */

#ifdef ONE_SITE
#define BOTH(step) step(0)
#else
#define BOTH(step) step(0); step(1)
#endif

/* ---- the world around it ---- */

/*
 * Stores on their way from a processor to memory: they keep their order, and loads may
 * overtake them (x86). That matters only where one writes its own word and then reads the
 * other's: all else is read by its writer alone until it lets go, and that is a store
 * behind the others. Tools exclude each other, so one buffer does for claims.
 */
chan claims = [4] of { bit, byte };
chan locks = [1] of { byte }; /* empty unless a mutant takes the lock without a fence */

byte advisory; /* the tool that has the lock among tools */
byte stopped;  /* the tool that holds every thread still */
bool asleep[AGENTS + 1];
bool dead[AGENTS + 2];
bool done[AGENTS + 1];
byte deaths = DEATHS;
byte faults = FAULTS;
#define IS_OVER(agent) (dead[agent] || done[agent])

/* ---- what must hold ---- */

byte controller;    /* who owns the module */
byte committed;	    /* operations that passed the commit point */
bit initialisation; /* whether one of them was to initialise */
bool left_behind = LEFT_BEHIND; /* the claim in memory reads as a dead tool left it */

#define RESTS(i) (current[i] == committed && next[i] == committed && code[i] == OPCODE(committed))
#ifdef ONE_SITE
#define IN_ORDER (phase != 0 || (RESTS(0) && initialised == initialisation))
#else
#define IN_ORDER (phase != 0 || (RESTS(0) && RESTS(1) && initialised == initialisation))
#endif

inline become_controller()
{
	assert(controller == 0);
	assert(IN_ORDER);
	controller = me
}

inline resign()
{
	assert(controller == me);
	assert(IN_ORDER);
	controller = 0
}

#include "commit.pml"
#include "thread.pml"
#include "tool.pml"

/* ---- what else happens ---- */

proctype memory()
{
	bit half;
	byte value;
end:
	do
	:: atomic {
		claims?half, value ->
			left_behind = left_behind && external[half] == value;
			external[half] = value;
			half = 0;
			value = 0
	}
	:: atomic { locks?value -> lock = value; value = 0 }
	od
}

/* With a tool go its advisory lock and its hold on the threads; what it wrote stays. */
inline kill(victim)
{
	deaths--;
	dead[victim] = true;
	asleep[victim] = false;
	do
	:: advisory == victim && nempty(claims) -> claims?half, value; external[half] = value
	:: advisory == victim && empty(claims) -> left_behind = (CLAIM != 0); advisory = 0
	:: advisory != victim -> break
	od;
	half = 0;
	value = 0;
	stopped = (stopped == victim -> 0 : stopped);
	controller = (controller == victim -> 0 : controller)
}

/* A thread that is stopped does not die of itself. */
#define MAY_DIE(agent) (deaths > 0 && !IS_OVER(agent) && (agent > THREADS || stopped == 0))

proctype reaper()
{
	bit half;
	byte value;
end:
	do
	:: atomic { MAY_DIE(1) -> kill(1) }
	:: atomic { MAY_DIE(2) -> kill(2) }
#if AGENTS > 2
	:: atomic { MAY_DIE(3) -> kill(3) }
#endif
#if AGENTS > 3
	:: atomic { MAY_DIE(4) -> kill(4) }
#endif
#ifdef LIVENESS
	:: deaths > 0 -> deaths-- /* nobody has to die */
#endif
	od
}

#if AGENTS < 3
#define ALL_OVER (IS_OVER(1) && IS_OVER(2))
#elif AGENTS < 4
#define ALL_OVER (IS_OVER(1) && IS_OVER(2) && IS_OVER(3))
#else
#define ALL_OVER (IS_OVER(1) && IS_OVER(2) && IS_OVER(3) && IS_OVER(4))
#endif

#ifdef LIVENESS
ltl everybody_gets_done { <> ALL_OVER }
#endif

init {
	byte me;
	atomic {
		run memory();
		run reaper();
		for (me : 1 .. AGENTS) {
			if
			:: me <= THREADS -> run thread(me)
			:: me > THREADS -> run tool(me, me > THREADS + QUIET)
			fi
		};
		me = AGENTS + 1
	};
	/* Whoever comes when all is over, and is not disturbed, brings the module to rest. */
	atomic { ALL_OVER && empty(claims) -> deaths = 0; faults = 0; become_controller() };
	recover();
recovery_failed:
	assert(phase == 0);
	atomic { resign() }
}
