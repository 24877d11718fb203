/* SPDX-License-Identifier: Apache-2.0 */
/* seals.c - signatures and digests that hold for the bytes of a file as they are. */
#include "seals.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_file.h"

/* At the end of a file that scripts/sign-file of Linux signed. */
static const char trailer[] = "~Module signature appended~\n";

/* AppImage, bsign, HarmonyOS, Solaris; and what is in use without a standard. */
static const char *const sections[] = {
	".signature", ".sig",	   ".sig_key",	      ".sha256_sig", ".digest_md5",
	"signature",  ".codesign", ".SUNW_signature", NULL,
};

static bool has_trailer(int fd)
{
	char end[sizeof(trailer) - 1];
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(end) &&
	       pread(fd, end, sizeof(end), st.st_size - (off_t)sizeof(end)) ==
		       (ssize_t)sizeof(end) &&
	       memcmp(end, trailer, sizeof(end)) == 0;
}

static bool has_verity(int fd)
{
	struct statx st;
	return statx(fd, "", AT_EMPTY_PATH, 0, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_VERITY) != 0;
}

void seals_look(int fd, struct notes *notes)
{
	const char *section = elf_section_among(fd, sections);
	if (section)
		notes_add(notes, "the signature or digest in section %s does not hold any more",
			  section);
	if (has_trailer(fd))
		notes_add(notes, "the signature at the end of the file does not hold any more");
	if (has_verity(fd))
		notes_add(notes, "the file that was read is sealed by fs-verity, the copy is not");
}
