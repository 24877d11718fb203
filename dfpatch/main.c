/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - dfpatch: from the command line to an exit status.
 *
 * The map of the tree, from the bottom up; a file calls only those above it
 * in this list, and those of libdf/ that stand before them:
 *
 *   libdf/err        errors as values
 *   libdf/mem.h      how the core reaches a module's bytes
 *   libdf/site.h     a site
 *   libdf/probe.h    static probes at flips (sys/sdt.h)
 *   libdf/insn.h     the two instructions of a site
 *   libdf/rule.h     the rules of state
 *   libdf/table      note -> control block -> records -> sites
 *   libdf/flag       sites -> flags
 *   libdf/expression  regular expressions
 *   libdf/match      patterns
 *   libdf/script     operations as text
 *   libdf/plan       operation -> counts and byte edits
 *   libdf/control    a module's control block
 *   libdf/module     a module, and its states
 *   libdf/commit     the commit protocol
 *   libdf/apply, libdf/recover  a plan carried out; what a dead controller left put right
 *
 *   libdf/latch      one thread at a time in what a copy of libdf keeps
 *   libdf/self_maps  the mappings of this process
 *   libdf/self_mem   writing one's own text
 *   libdf/sync       a module's lock and claim; making every processor serialise
 *   libdf/self       this process as the core sees programs
 *   libdf/record.h   a record of this process
 *   libdf/loaded     the modules of this process
 *   libdf/kinds      its sites by kind
 *   libdf/names      what is known about the names of its flags
 *   libdf/pick       patterns and kinds -> sites
 *   libdf/announce   flips, told to who looks at probes
 *   libdf/draft      operation -> counts and bytes, in one's own memory
 *   libdf/wishes     start-up configuration
 *   libdf/guard      no fork while work is under way
 *   libdf/operate    one operation on every module
 *   libdf/cursor     a module's flags, a batch at a time
 *   libdf/listing    those of all modules, merged
 *   libdf/print      a callback that prints
 *   libdf/df         the functions of df.h
 *
 *   cleanup.h        what a scope releases by itself
 *   clock.h          what time it is
 *   text             untrusted strings made safe to show
 *   color            what colours say, and whether there are any
 *   nearest          which name somebody may have meant
 *   docs             what a flag's doc says to machines
 *   diag             errors and notes on standard error
 *   inherited        what we change of what we were started with
 *   script_source    scripts of a command line
 *   status           fields of /proc/PID/status
 *   proc_errno.h     what errno tells of a process
 *   credentials      by which rights a process runs
 *   denial           why the kernel denies us a process
 *   process          a process, pinned
 *   namespace        processes and threads by the ids that they have inside a pid namespace
 *   maps             its mappings, from their text
 *   map_files        where those of files begin, by the names in a directory
 *   maps_query       the same by the kernel's own search
 *   elf_file         ELF headers (libelf)
 *   disk             whether the file on disk is still the one that runs
 *   snapshot         a module's segments, copied when first looked at
 *   processors       making every processor serialise
 *   proc_mem         /proc/PID/mem
 *   image            a module with its flags, and those of a file
 *   dynamic          the dynamic section of a live module
 *   image_process    the modules of a process
 *   stays            whether one of them can be unloaded
 *   insn_length      lengths of instructions that Capstone does not know
 *   disasm           instructions (Capstone)
 *   binary/window    bytes of a module that are looked at once and not kept
 *   binary/parallel  the same work on every processor
 *   binary/site_bytes  what stands at each site
 *   binary/elf_symbols  functions, by symbols (libelf)
 *   binary/eh_frame  functions, by what the unwinder knows
 *   binary/functions  both
 *   binary/points    sites and targets in ascending order
 *   binary/faults    what a proof finds
 *   binary/prove     whether sites are instructions of their functions
 *   binary/finding   what an audit finds
 *   binary/inventory  the sites and flags of a module, damaged or not
 *   binary/confine   what a process gives up before it runs a program on foreign input
 *   binary/git_dir   a git directory of our own for somebody's checkout
 *   binary/git       git, run on a checkout that may be hostile
 *   binary/source_paths  from the file that a compiler wrote down to one of a checkout
 *   binary/blame     which commit each line is from
 *   binary/checkout  the files of a checkout
 *   binary/source_text  C and C++ as tokens
 *   binary/mentions  where a source file names a flag
 *   binary/age       where flags are in a checkout, and how old
 *   binary/site_audit  each site by itself
 *   binary/proof_audit  the functions around them
 *   binary/flag_audit  what flags are as built, and what is said of them
 *   binary/table_audit  what leads to the table
 *   binary/audit     a module, audited
 *   binary/object    a relocatable object as if it were linked (libelf)
 *   binary/archive   the objects of a file
 *   binary/audit_target  the modules of a file or process, audited
 *   binary/file_draft  a file that appears whole or not at all
 *   binary/new_file  a stream into one
 *   binary/html      writing HTML
 *   binary/page_assets.h  style and script of a page
 *   binary/page_row  a flag as a page shows it
 *   binary/page_groups  kinds and files
 *   binary/page_map  where in the text sites lie
 *   binary/page_findings  what is wrong
 *   binary/page_flags  the flags
 *   binary/page_section  all of these, of a module
 *   binary/page      an audit as one page
 *   criteria         flags by what they are
 *   hints            what a pattern that means no flag was for
 *   select           patterns and criteria -> sites
 *   script_plan      scripts -> operations of plans
 *   verify           every site, before anything is touched
 *   restart          which system calls may be begun anew after a stop
 *   tracee           one thread, stopped and let go (ptrace)
 *   loader           where the loader of a new program tells what it has mapped
 *   newborn          a program, held before it begins
 *   own_signals      our own signals meanwhile
 *   end_signals      those that tell us to end
 *   own_files        what the tracer has open
 *   own_pages        our own program in memory
 *   threads          stopping every thread, and letting go
 *   helper           a process that helps us to become a program
 *   stand_in         a child in place of a process that it could not end
 *   watchdog         what ends us when we hold up a target for too long
 *   claim            our claims on modules
 *   marks            which modules we have changed, to know them in forked processes
 *   change.h         a change: what is asked for, and what it came to
 *   journal          what is written to text, and when
 *   undo             what a change adds, and taking that back
 *   work.h           what its steps share
 *   plans            what it comes to in each module
 *   recorder         telling whoever records it
 *   carry            the plans carried out
 *   own              modules made ours
 *   stopped, quiet, held  with every thread stopped; while the program runs; before it begins
 *   way              which of them
 *   run              the pipeline
 *   summary          what it came to, flag by flag
 *   privileged       which file a command is, and whether it gives privileges
 *   start            a program, started with its flags set
 *   keeper           a process that goes on where we ended
 *   temporary        changes for a time
 *   binary/file_copy  the bytes of a file into another
 *   binary/rewrite   a copy of a file, whole or not at all
 *   binary/notes.h   what to know about it
 *   binary/attributes, binary/seals  what the file has besides its bytes, and says of them
 *   binary/preset    script -> edits of a file
 *   binary/preset_copy  and the file with them
 *   roster           which processes there are
 *   targets          which of them are meant
 *   scan             which carry flags
 *   watch_event      what is told of processes that are followed
 *   watch_diff       what changed between two looks at a module
 *   watched_modules  what there is to see in one of them
 *   watched          one of them
 *   grid             tables with columns by name (libsmartcols)
 *   cells            what stands in cells of several of them
 *   flush            lines that are printed at once
 *   json_document    making JSON (json-c)
 *   json_stream      the same, printed while it is made
 *   progress         a bar for who waits
 *   report, report_scan, report_time, json  for people, for machines
 *   report_watch, json_watch  likewise
 *   binary/diff      what differs between the flags of two modules
 *   binary/report_diff, binary/json_diff  likewise
 *   binary/report_preset, binary/json_preset  likewise
 *   duration         times and ages as text
 *   pid_text         process ids as text
 *   commands         the tables of commands and options
 *   identity         who we are, and which process a number means
 *   json_log         the records of a log
 *   journald         systemd's journal
 *   log              where records go: a file, or that
 *   change_log       changes, recorded there
 *   help             what --help says besides options
 *   options.h        what a command line asks for
 *   option_values    what stands behind options (argp)
 *   cli              the command line (argp)
 *   binary/report_audit, binary/json_audit  audits likewise
 *   binary/audit_run  the command audit
 *   binary/diff_run  the command diff
 *   several          a command on many processes
 *   exit_status      what it comes to as a number
 *   outcome          telling it where that fails
 *   watch_run        the command watch
 *   take_back        the end of changes for a time
 *   change_run       the commands that change flags
 *   main             this file; the only one that exits
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit_run.h"
#include "change_log.h"
#include "change_run.h"
#include "cli.h"
#include "color.h"
#include "diag.h"
#include "diff_run.h"
#include "exit_status.h"
#include "inherited.h"
#include "json.h"
#include "json_preset.h"
#include "outcome.h"
#include "report.h"
#include "report_preset.h"
#include "report_scan.h"
#include "run.h"
#include "several.h"
#include "stand_in.h"
#include "start.h"
#include "summary.h"
#include "watch_run.h"

static int do_list(const struct options *options)
{
	const struct target target = {
		.file = options->file,
		.pid = options->file ? 0 : options->wish.pids[0],
	};
	struct list_result result;
	struct df_err err;
	int status = run_list(&target, &options->criteria, options->patterns,
			      options->pattern_count, &result, &err);
	several_note_disk(&result.images);
	if (status == 0)
		status = options->json
				 ? json_list(&result, &err)
				 : report_list(&result, options->columns, options->headings, &err);
	list_free(&result);
	return status < 0 ? outcome_fail(options, &err) : EXIT_DONE;
}

static int do_scan(const struct options *options)
{
	struct scan scan;
	struct df_err err;
	int status = scan_run(&scan, &err);
	if (status == 0)
		status = options->json
				 ? json_scan(&scan, &err)
				 : report_scan(&scan, options->columns, options->headings, &err);
	if (status == 0 && scan.denied > 0)
		diag_note("%zu of %zu processes could not be looked at: %s", scan.denied,
			  scan.processes, diag_denied());
	const int exit = scan.count > 0 ? EXIT_DONE : EXIT_NOTHING;
	scan_free(&scan);
	return status < 0 ? outcome_fail(options, &err) : exit;
}

static int do_diff(const struct options *options)
{
	bool differ = false;
	struct df_err err;
	const int status = diff_run(options, &differ, &err);
	if (status < 0)
		return outcome_fail(options, &err);
	return differ ? EXIT_NOTHING : EXIT_DONE;
}

static int show_preset(const struct options *options, const struct preset_request *request,
		       const struct preset_result *result)
{
	struct df_err err;
	for (size_t i = 0; i < result->notes.count; i++)
		diag_note("%s: %s", request->to, result->notes.list[i]);
	if (!options->json)
		report_preset(request, result);
	else if (json_preset(request, result, &err) < 0)
		return outcome_fail_to_report(options, &err);
	return totals_of(&result->preset.change).unhooked.flags > 0 ? EXIT_NOT_REACHED : EXIT_DONE;
}

static int do_preset(const struct options *options)
{
	const struct preset_request request = {
		.from = options->files[0],
		.to = options->files[1],
		.sources = options->script,
		.source_count = options->script_count,
		.dry_run = options->dry_run,
	};
	struct preset_result result;
	struct df_err err;
	const int status = preset_copy(&request, &result, &err);
	outcome_set_done(result.written ? "the copy was made" : NULL);
	const int exit =
		status < 0 ? outcome_fail(options, &err) : show_preset(options, &request, &result);
	preset_result_free(&result);
	return exit;
}

static int fail_audit(const struct options *options, const struct audit_totals *totals,
		      const struct df_err *err)
{
	if (!totals->printed)
		return outcome_fail(options, err);
	diag_error(err);
	return exit_status_of(err->code);
}

static int do_audit(const struct options *options)
{
	struct audit_totals totals;
	struct df_err err;
	const int status = audit_run(options, &totals, &err);
	const int exit =
		status < 0 ? fail_audit(options, &totals, &err) : exit_status_of_audit(&totals);
	audit_totals_free(&totals);
	return exit;
}

static int do_run(const struct options *options)
{
	const struct start_request request = {
		.command = options->run,
		.sources = options->script,
		.source_count = options->script_count,
		.recorder = options->recorder,
		.give_back = inherited_give_back,
	};
	struct df_err err;
	int exit;
	if (start_command(&request, &exit, &err) == 0)
		return EXIT_DONE;
	diag_error(&err);
	return exit;
}

/* `scripts` is NULL for a command without. */
static int do_command(const struct options *options, const struct scripts *scripts)
{
	struct df_err err;
	if (several_number(options, &err) < 0)
		return outcome_fail(options, &err);
	if (options->command->kind == COMMAND_SCAN)
		return do_scan(options);
	if (options->command->kind == COMMAND_WATCH)
		return watch_run(options);
	if (options->command->kind == COMMAND_DIFF)
		return do_diff(options);
	if (options->command->kind == COMMAND_PRESET)
		return do_preset(options);
	if (options->command->kind == COMMAND_AUDIT)
		return do_audit(options);
	if (options->command->kind == COMMAND_RUN)
		return do_run(options);
	if (command_changes(options->command) || cli_several(options))
		return change_run(options, scripts);
	return do_list(options);
}

/* Before anything is looked at: preset does it by itself. */
static int read_and_do(const struct options *options)
{
	struct scripts scripts;
	struct df_err err;
	if (options->command->kind != COMMAND_APPLY)
		return do_command(options, NULL);
	const int status = scripts_read(options->script, options->script_count, &scripts, &err);
	const int exit = status < 0 ? outcome_fail(options, &err) : do_command(options, &scripts);
	scripts_free(&scripts);
	return exit;
}

/* Of run, any other status could be that of the program (env(1)). */
static int fail_to_begin(const struct options *options, const struct df_err *err)
{
	const int status = outcome_fail(options, err);
	return options->command->kind == COMMAND_RUN ? START_FAILED : status;
}

/* Opened before anything is looked at: what cannot be recorded is not done. */
static int record_and_do(const struct options *options)
{
	struct options recorded = *options;
	struct change_log log;
	struct df_err err;
	if (!options->log || options->dry_run)
		return read_and_do(options);
	recorded.recorder = &log.recorder;
	const int status =
		change_log_open(&log, options->log, options->command->name, options->reason, &err);
	const int exit = status < 0 ? fail_to_begin(options, &err) : read_and_do(&recorded);
	change_log_close(&log);
	return exit;
}

static bool may_hold_up(const struct options *options)
{
	return command_changes(options->command) && !options->dry_run;
}

static int do_or_have_done(const struct options *options)
{
	struct df_err err;
	int status;
	if (!may_hold_up(options) || !stand_in_worked(&status, &err))
		return record_and_do(options);
	return status < 0 ? outcome_fail(options, &err) : status;
}

static bool have_stack(void)
{
	struct df_err err;
	if (inherited_raise_stack(&err) == 0)
		return true;
	diag_error(&err);
	return false;
}

/*
 * Output that could not be written is a failure. After a change it must not have
 * the status that means that nothing was changed. At exit, because argp(3) exits
 * by itself after --help.
 */
static void check_output(int status, void *unused)
{
	(void)unused;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	const char *done = outcome_done();
	if (done)
		fprintf(stderr, "dfpatch: %s, but the report cannot be written: %m\n", done);
	else
		perror("dfpatch: cannot write the report");
	if (status == EXIT_DONE || done)
		_exit(done ? EXIT_WRITE : EXIT_TARGET);
}

/* Any other status may be that of a program that we were to become. */
static int unless_it_runs(int argc, char **argv, int status)
{
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;
	return command && command->kind == COMMAND_RUN ? START_FAILED : status;
}

int main(int argc, char **argv)
{
	struct options options;
	if (!inherited_occupy_descriptors())
		_exit(unless_it_runs(argc, argv, EXIT_TARGET));
	if (!have_stack() || on_exit(check_output, NULL) != 0)
		return unless_it_runs(argc, argv, EXIT_TARGET);
	const enum cli_result parsed = cli_parse(argc, argv, &options);
	int status = parsed == CLI_USAGE ? unless_it_runs(argc, argv, EXIT_USAGE) : EXIT_DONE;
	color_choose(options.color);
	if (parsed == CLI_RUN)
		status = do_or_have_done(&options);
	cli_free(&options);
	return status;
}
