# SPDX-License-Identifier: Apache-2.0
# embed.cmake - cmake -DSTYLE=FILE -DSCRIPT=FILE -DOUTPUT=FILE.c -P embed.cmake
# Writes what page_assets.h declares: both files byte by byte, and their hashes for the policy.

# Six hexadecimal digits are four of Base64; the last of 32 bytes is filled up.
function(base64_of_sha256 hex output)
  set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(text)
  foreach(at RANGE 0 60 6)
    string(SUBSTRING "${hex}00" ${at} 6 digits)
    foreach(shift 18 12 6 0)
      math(EXPR index "(0x${digits} >> ${shift}) & 63")
      string(SUBSTRING ${alphabet} ${index} 1 letter)
      string(APPEND text ${letter})
    endforeach()
  endforeach()
  string(REGEX REPLACE ".$" "=" text ${text})
  set(${output} ${text} PARENT_SCOPE)
endfunction()

function(embed name file)
  # What would end its element, or change how a script is read, is no part of ours; and browsers
  # hash lines that end with a newline alone.
  file(READ ${file} text)
  if(text MATCHES "</[sS]|<!--|\r")
    message(FATAL_ERROR "${file}: holds </s, <!-- or a carriage return")
  endif()
  file(READ ${file} bytes HEX)
  file(SHA256 ${file} digest)
  base64_of_sha256(${digest} hash)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(APPEND ${OUTPUT} "
static const unsigned char ${name}_bytes[] = {
${bytes}
};
const struct page_asset page_${name} = {
	(const char *)${name}_bytes, sizeof(${name}_bytes), \"sha256-${hash}\"
};
")
endfunction()

file(WRITE ${OUTPUT} "/* Made by embed.cmake. */\n#include \"page_assets.h\"\n")
embed(style ${STYLE})
embed(script ${SCRIPT})
