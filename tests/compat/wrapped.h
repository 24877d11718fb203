/* SPDX-License-Identifier: Apache-2.0 */
/* As a C++ program includes a C header that does not say for itself that it is one. */
#ifdef __cplusplus
extern "C" {
#endif

#include "an_hook.h"

#ifdef __cplusplus
}
#endif
