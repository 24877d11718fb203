/* SPDX-License-Identifier: Apache-2.0 */
/* middle.c - a shared object without flags that needs plugin.so. */
int plugin_ask(void);

__attribute__((visibility("default"))) int middle_ask(void);

int middle_ask(void)
{
	return plugin_ask();
}
