# Debian packages, by `cpack --preset package`: dfpatch, libdf and a number, libdf-dev.
# Meant for a build with the prefix /usr, as the preset `package` has it.
set(DF_MAINTAINER "dfpatch maintainers <maintainers@dfpatch.invalid>" CACHE STRING
  "Who answers for the packages; whoever hands them on puts an address of his own here")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME dfpatch)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SOURCE dfpatch)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${DF_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_COMPONENTS_ALL)
set(library libdf${DF_SOVERSION})
set(version "${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")

# df_package(COMPONENT NAME SECTION SUMMARY LINE...): the lines say more than the summary.
macro(df_package component name section summary)
  string(TOUPPER ${component} upper)
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(lines "${summary}" ${what} ${ARGN})
  list(JOIN lines "\n" CPACK_DEBIAN_${upper}_DESCRIPTION)
endmacro()

set(what "A flag is one instruction in a program's own text. It costs the program"
  "nothing until it is flipped, which takes no restart.")
if(DF_TOOL)
  # libsmartcols is loaded where a table is printed, so that nothing tells that it is needed.
  df_package(tool dfpatch devel "show and flip the flags of running programs"
    "This tool lists the flags of files and of running processes, flips them"
    "from outside, and audits them.")
  set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_TOOL_PACKAGE_DEPENDS libsmartcols1)
  set(CPACK_DEBIAN_TOOL_PACKAGE_SUGGESTS "bash-completion, git, libdf-dev")
endif()
if(DF_LIBRARY)
  df_package(library ${library} libs "flags of programs, flipped from within"
    "This is the library by which programs flip their own.")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY >=)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/debian/triggers)
endif()
df_package(development libdf-dev libdevel "flags in one's own programs"
  "This is what such programs are built with: the header that makes flags, and"
  "the library by which programs flip their own.")
if(DF_LIBRARY)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library} (= ${version}), libc6-dev | libc-dev")
endif()
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "dfpatch, pkgconf")
include(CPack)
