# libdf as programs link it: libdf.a (target df) and libdf.so (df_shared), of the same objects.
# Both show nothing but the functions of df.h.
set(df_parts $<TARGET_OBJECTS:dfcore> $<TARGET_OBJECTS:df_objects>)
set(df_map ${PROJECT_SOURCE_DIR}/libdf/libdf.map)
find_package(Threads REQUIRED)

# Machine code, whatever CFLAGS say: the objects of libdf.a are joined by ld -r, and must serve
# programs of other compilers. With the marks of control-flow protection, since a program loses
# its own by one object that has none.
#
# Bound at load, in a program that links libdf.a as well: a lazy binding while the loader's list
# of modules is locked, or while text is being written, would be one in the wrong place; and it
# would cost a program's first flip more than the flip itself.
target_compile_options(dfcore PRIVATE -fno-lto -fcf-protection -fno-plt)
target_compile_options(df_objects PRIVATE -fno-lto -fcf-protection -fno-plt)

# ---- libdf.so ----

# Its own calls of functions that are exported stay within it, however many copies of libdf
# there are.
add_library(df_shared SHARED ${df_parts})
target_link_libraries(df_shared PUBLIC df_headers PRIVATE df_options Threads::Threads)
target_link_options(df_shared PRIVATE -Wl,--version-script=${df_map} -Wl,-z,now -Wl,-z,relro
  -Wl,-z,noexecstack -Wl,-z,text -Wl,-Bsymbolic-functions)
if(NOT (DF_SANITIZE AND CMAKE_C_COMPILER_ID MATCHES Clang))
  # Of clang's sanitizers, the run-time library is in the program alone.
  target_link_options(df_shared PRIVATE -Wl,--no-undefined)
endif()
set_target_properties(df_shared PROPERTIES OUTPUT_NAME df EXPORT_NAME df LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION} SOVERSION ${DF_SOVERSION} LINK_DEPENDS ${df_map})
add_library(df::df ALIAS df_shared)

# ---- libdf.a ----

# One object in which all other names are local, so that none can clash with a program's.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${df_map})
file(STRINGS ${df_map} df_functions REGEX "^\tdf_[a-z_0-9]+;$")
list(TRANSFORM df_functions REPLACE "[\t;]" "")
set(df_functions ${df_functions} PARENT_SCOPE) # for man/
list(JOIN df_functions "\n" df_names)
# That of sys/sdt.h, hidden and weak, is one for all probes of a program, by which tools find them.
file(CONFIGURE OUTPUT libdf.names CONTENT "@df_names@\n_.stapsdt.base\n" @ONLY)

set(df_whole ${CMAKE_CURRENT_BINARY_DIR}/libdf.o)
add_custom_command(OUTPUT ${df_whole}
  COMMAND ${CMAKE_LINKER} -r -o ${df_whole} ${df_parts}
  COMMAND ${CMAKE_OBJCOPY} --keep-global-symbols=${CMAKE_CURRENT_BINARY_DIR}/libdf.names
    ${df_whole}
  DEPENDS ${df_parts} ${df_map} ${CMAKE_CURRENT_BINARY_DIR}/libdf.names
  COMMAND_EXPAND_LISTS VERBATIM)
set_source_files_properties(${df_whole} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
add_library(df STATIC ${df_whole})
target_link_libraries(df PUBLIC df_headers INTERFACE Threads::Threads)
set_target_properties(df PROPERTIES EXPORT_NAME df_static LINKER_LANGUAGE C)
add_library(df::df_static ALIAS df)
