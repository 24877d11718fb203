/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespace.h - processes and threads by the ids that they have inside a pid
 * namespace below ours (pid_namespaces(7)).
 */
#ifndef DFPATCH_NAMESPACE_H
#define DFPATCH_NAMESPACE_H

#include <sys/types.h>

#include "err.h"
#include "process.h"

/*
 * Which thread of a process sees itself as `inner`, as gettid(2) inside gives
 * it. Returns the thread's id as we see it, 0 if there is none, or -1 if /proc
 * does not tell. Opens files below /proc, allocates nothing.
 */
pid_t namespace_thread(const struct process *process, pid_t inner);

/*
 * Which process has the id `inner` in the pid namespace of process `member`, an
 * id as we see it. Returns the process's id as we see it, or DF_E_NO_PROCESS,
 * DF_E_PERMISSION, DF_E_SYSTEM.
 */
int namespace_process(pid_t inner, pid_t member, struct df_err *err);

#endif
