/* SPDX-License-Identifier: Apache-2.0 */
/* A program without flags. */
int main(void)
{
	return 0;
}
