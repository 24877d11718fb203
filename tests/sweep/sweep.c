/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.c - dfpatch, disturbed at each of its system calls.
 *
 *   sweep [OPTION...] COMMAND [ARGUMENT...]
 *
 * The command is one of dfpatch's, and gets the target's process by itself. After each
 * run the target must go on, and the next call must bring all flags to where they were
 * before the operation, or to where they are after it. Each run that breaks that is told
 * with the options that repeat it; then the exit status is 1.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "faults.h"
#include "judge.h"

static const char usage[] =
	"usage: sweep [OPTION...] COMMAND [ARGUMENT...]\n"
	"  --dfpatch PATH          another than was built with this\n"
	"  --target plain|inside   without libdf (default), or with it\n"
	"  --init                  the target initialises its flags by itself\n"
	"  --setup COMMAND         carried out on all of the crowd, first\n"
	"  --as pid|list|exe|tree|scan  how the target is named (default pid); list, exe and\n"
	"                          tree mean a second one as well, scan means all there are\n"
	"  --next tool|inside      who makes the next call (default tool)\n"
	"  --do WHAT,...           of the list below; default kill\n"
	"  --from N --to N --way K only these calls, and this way to fail\n"
	"  --part I/M              every M-th call, from the I-th on\n"
	"  --sample RUNS           only so many, by chance, spread over all calls\n"
	"  --seed N                of that chance\n"
	"kill, int, term, fail, fail-on (and from then on), orphan (its helpers are killed),\n"
	"hold (it stops there), helper-kill, helper-fail (at calls of its helpers)\n";

static const struct what {
	const char *name;
	struct disturbance disturb;
} whats[] = {
	{"kill", {.what = KILL}},
	{"int", {.what = SIGNAL, .signal = SIGINT}},
	{"term", {.what = SIGNAL, .signal = SIGTERM}},
	{"fail", {.what = FAIL}},
	{"fail-on", {.what = FAIL, .forever = true}},
	{"orphan", {.what = ORPHAN}},
	{"hold", {.what = HOLD}},
	{"helper-kill", {.what = KILL, .helper = true}},
	{"helper-fail", {.what = FAIL, .helper = true}},
};
#define WHATS (sizeof(whats) / sizeof(whats[0]))

struct sweep {
	struct trial trial;
	const char *target_name, *next_name, *as_name;
	const struct what *chosen[WHATS];
	size_t chosen_count;
	long from, to, way;
	long part, parts;
	long sample;
	unsigned long seed, salt;
	/* What it came to. */
	long runs, disturbed, ended_before, ended_after, claimed, wrong;
	long phases[5], statuses[256], killed;
	uint64_t longest;
};

/* ---- one run ---- */

static void tell(const struct sweep *s, const struct what *what, const struct disturbance *d,
		 const struct outcome *o, const struct verdict *v)
{
	printf("WRONG: %s\n  in %s", v->wrong, o->reached ? call_name(o->call) : "no call");
	if (o->done && d->what == FAIL)
		printf(" = %s", fault_name(o->fault));
	printf(", status %d, phase %u\n  sweep --target %s --next %s --as %s%s%s%s --do %s --from "
	       "%ld --to %ld --way %zu",
	       o->status, v->phase, s->target_name, s->next_name, s->as_name,
	       s->trial.init ? " --init" : "", s->trial.setup ? " --setup " : "",
	       s->trial.setup ? s->trial.setup : "", what->name, d->at, d->at, d->way);
	for (size_t i = 0; s->trial.args[i]; i++)
		printf(" %s", s->trial.args[i]);
	printf("\n  %s%s", o->err, *o->err ? "" : "(no message)\n");
	fflush(stdout);
}

static void run(struct sweep *s, const struct what *what, const struct disturbance *d,
		struct outcome *o)
{
	struct verdict v;
	judge_run(&s->trial, d, o, &v);
	s->runs++;
	s->disturbed += o->done;
	s->phases[v.phase % 5]++;
	s->claimed += v.claimed;
	if (o->status >= 0)
		s->statuses[o->status % 256]++;
	else
		s->killed++;
	if (v.recovery > s->longest)
		s->longest = v.recovery;
	if (*v.wrong != '\0') {
		s->wrong++;
		tell(s, what, d, o, &v);
	} else if (v.after) {
		s->ended_after++;
	} else {
		s->ended_before++;
	}
}

/* ---- all runs ---- */

/* At one call; false if there is no such call any more. Who was ended before by its watchdog, on
 * a busy machine, does not tell. */
static bool sweep_call(struct sweep *s, const struct what *what, long at)
{
	struct disturbance d = what->disturb;
	struct outcome o;
	long value;
	d.at = at;
	d.way = s->way < 0 ? 0 : (size_t)s->way;
	do {
		run(s, what, &d, &o);
		d.way++;
	} while (s->way < 0 && d.what == FAIL && o.reached &&
		 fault_of(o.call, d.way, o.size, &value));
	return o.reached || o.status != 0;
}

static void sweep_all(struct sweep *s)
{
	for (size_t i = 0; i < s->chosen_count; i++)
		for (long at = s->from; s->to < 0 || at <= s->to; at++)
			if ((at - s->from) % s->parts == s->part &&
			    !sweep_call(s, s->chosen[i], at))
				break;
}

/* How many ways are left of a call that did not fail in the way that it should have. */
static size_t ways_left(const struct outcome *o, size_t tried)
{
	size_t ways = 0;
	for (long value; o->reached && fault_of(o->call, ways, o->size, &value);)
		ways++;
	if (ways == 0)
		return 0;
	return tried < ways ? tried : tried % ways + 1;
}

/* The i-th of so many runs is at a call of the i-th of so many parts of all calls. */
static void sweep_part(struct sweep *s, long i)
{
	const struct what *what = s->chosen[(size_t)i % s->chosen_count];
	struct disturbance d = what->disturb;
	struct outcome o;
	const long calls = 1 + (d.helper ? s->trial.plain.helper_calls : s->trial.plain.calls);
	d.at = (i * calls + random() % calls) / s->sample;
	d.way = (size_t)random() % 6;
	run(s, what, &d, &o);
	if (d.what != FAIL || o.done)
		return;
	for (size_t left = ways_left(&o, d.way); left > 0 && !o.done;) {
		d.way = --left;
		run(s, what, &d, &o);
	}
}

static void sweep_sample(struct sweep *s)
{
	printf("seed %lu\n", s->seed);
	srandom((unsigned)(s->seed ^ s->salt));
	for (long i = 0; i < s->sample; i++)
		sweep_part(s, i);
}

static void sum_up(const struct sweep *s)
{
	printf("%s, %s, as %s:", s->target_name, s->trial.args[0], s->as_name);
	for (size_t i = 0; i < s->chosen_count; i++)
		printf(" %s", s->chosen[i]->name);
	printf(": %ld runs, %ld disturbed; %ld ended as before, %ld as after, %ld WRONG\n", s->runs,
	       s->disturbed, s->ended_before, s->ended_after, s->wrong);
	printf("  undisturbed %ld calls, %zu helpers with %ld; killed %ld", s->trial.plain.calls,
	       s->trial.plain.helpers, s->trial.plain.helper_calls, s->killed);
	for (size_t i = 0; i < 256; i++)
		if (s->statuses[i] > 0)
			printf(", status %zu %ld", i, s->statuses[i]);
	printf("\n  phases found 0 to 4: %ld %ld %ld %ld %ld; claims %ld; longest next call %lu "
	       "ms\n",
	       s->phases[0], s->phases[1], s->phases[2], s->phases[3], s->phases[4], s->claimed,
	       (unsigned long)(s->longest / 1000000));
}

/* ---- options ---- */

/* Of one seed, sweeps of different operations are to take different parts. */
static unsigned long salt_of(char *const *words)
{
	unsigned long salt = 5381;
	for (; *words; words++)
		for (const char *c = *words; *c != '\0'; c++)
			salt = salt * 33 + (unsigned char)*c;
	return salt;
}

static void refuse(void)
{
	fputs(usage, stderr);
	exit(2);
}

static long number(const char *text)
{
	char *end;
	const long value = strtol(text, &end, 10);
	if (end == text || *end != '\0' || value < 0)
		refuse();
	return value;
}

static void take_whats(struct sweep *s, char *list)
{
	for (char *rest, *name = strtok_r(list, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest)) {
		size_t i = 0;
		while (i < WHATS && strcmp(whats[i].name, name) != 0)
			i++;
		if (i == WHATS || s->chosen_count == WHATS)
			refuse();
		s->chosen[s->chosen_count++] = &whats[i];
	}
}

static void take_part(struct sweep *s, char *text)
{
	char *slash = strchr(text, '/');
	if (!slash)
		refuse();
	*slash = '\0';
	s->part = number(text);
	s->parts = number(slash + 1);
	if (s->part >= s->parts)
		refuse();
}

static void take_as(struct sweep *s, const char *name)
{
	static const char *const names[] = {"pid", "list", "exe", "tree", "scan"};
	size_t i = 0;
	while (i < sizeof(names) / sizeof(names[0]) && strcmp(names[i], name) != 0)
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		refuse();
	s->as_name = names[i];
	s->trial.as = (enum judge_as)i;
}

static void take_option(struct sweep *s, int option)
{
	switch (option) {
	case 't':
		s->target_name = optarg;
		break;
	case 'x':
		s->trial.dfpatch = optarg;
		break;
	case 'i':
		s->trial.init = true;
		break;
	case 'u':
		s->trial.setup = optarg;
		break;
	case 'a':
		take_as(s, optarg);
		break;
	case 'n':
		s->next_name = optarg;
		break;
	case 'd':
		take_whats(s, optarg);
		break;
	case 'f':
		s->from = number(optarg);
		break;
	case 'o':
		s->to = number(optarg);
		break;
	case 'w':
		s->way = number(optarg);
		break;
	case 'p':
		take_part(s, optarg);
		break;
	case 's':
		s->sample = number(optarg);
		break;
	case 'e':
		s->seed = (unsigned long)number(optarg);
		break;
	default:
		refuse();
	}
}

static void take_options(struct sweep *s, int argc, char **argv)
{
	static const struct option options[] = {
		{"target", 1, NULL, 't'},  {"init", 0, NULL, 'i'},
		{"setup", 1, NULL, 'u'},   {"as", 1, NULL, 'a'},
		{"next", 1, NULL, 'n'},	   {"do", 1, NULL, 'd'},
		{"from", 1, NULL, 'f'},	   {"to", 1, NULL, 'o'},
		{"way", 1, NULL, 'w'},	   {"part", 1, NULL, 'p'},
		{"sample", 1, NULL, 's'},  {"seed", 1, NULL, 'e'},
		{"dfpatch", 1, NULL, 'x'}, {0},
	};
	static char kill[] = "kill";
	for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;)
		take_option(s, option);
	const bool inside = strcmp(s->target_name, "inside") == 0;
	s->trial.next_inside = strcmp(s->next_name, "inside") == 0;
	if (optind == argc || argc - optind >= JUDGE_ARGS || (s->trial.next_inside && !inside))
		refuse();
	if (s->chosen_count == 0)
		take_whats(s, kill);
	s->trial.target = inside ? SWEEP_INSIDE_PATH : SWEEP_PLAIN_PATH;
	for (int i = optind; i < argc; i++)
		s->trial.args[i - optind] = argv[i];
}

int main(int argc, char **argv)
{
	static struct sweep s = {
		.trial.dfpatch = DFPATCH_PATH,
		.target_name = "plain",
		.next_name = "tool",
		.as_name = "pid",
		.to = -1,
		.way = -1,
		.parts = 1,
	};
	s.seed = (unsigned long)time(NULL);
	s.salt = salt_of(argv + 1);
	take_options(&s, argc, argv);
	if (!judge_learn(&s.trial)) {
		judge_end(&s.trial);
		return 2;
	}
	if (s.sample > 0)
		sweep_sample(&s);
	else
		sweep_all(&s);
	judge_end(&s.trial);
	sum_up(&s);
	return s.wrong > 0;
}
