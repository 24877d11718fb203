/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h - what the target `queue` counts where. */
#ifndef QUEUE_H
#define QUEUE_H

#define QUEUE_SENDERS 3
#define QUEUE_SIGNALS 4 /* from SIGRTMIN on */

/* A signal's value: who sent it, and as which one of this signal. */
#define QUEUE_VALUE(SENDER, NUMBER) ((int)((unsigned)(SENDER) << 24 | (unsigned)(NUMBER)))

enum queue_word {
	QUEUE_TAKEN,						  /* for each sender and signal */
	QUEUE_SENT = QUEUE_TAKEN + QUEUE_SENDERS * QUEUE_SIGNALS, /* written by the senders */
	QUEUE_ORDINARY = QUEUE_SENT + QUEUE_SENDERS * QUEUE_SIGNALS, /* SIGUSR1 */
	QUEUE_ASKED,
};

#endif
