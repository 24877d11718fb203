#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# stress.sh [BUILD [TIMES]] - the stress test of changes from outside, TIMES as long as in the test
#                             suite: 7 make 4.2 million byte flips in 4,200 quiet changes, and
#                             10,500 changes each quietly and in stop mode beside libdf.
set -eu

build=${1:-build/dev}
DF_STRESS=${2:-7} exec "$build/tests/live/test_live_quiet_stress" --verbose=1 -j1
